//! Finding the vendor's manifest in the component: the custom section `nhip:adapter` holds the text of `adapter.toml`.

use wasmparser::{Parser, Payload};

/// The name of the custom section.
pub(crate) const SECTION: &str = "nhip:adapter";
/// The most bytes a manifest may have.
const LARGEST: usize = 64 << 10;

/// Why there is no manifest.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum ManifestError {
    #[error(
        "the component carries no manifest: embed `adapter.toml` as the custom section `{SECTION}`, or give it with `--manifest adapter.toml`"
    )]
    Absent,
    #[error("the component carries more than one section `{SECTION}`")]
    Twice,
    #[error("the section `{SECTION}` is larger than {LARGEST} bytes")]
    TooLarge,
    #[error("the section `{SECTION}` is not UTF-8 text")]
    NotText,
    #[error("the component cannot be read")]
    Unreadable,
}

/// The manifest's text. Language tools put the section into a core module inside the component; every depth is looked at.
pub(crate) fn embedded(component: &[u8]) -> Result<String, ManifestError> {
    let mut found: Option<&[u8]> = None;
    for payload in Parser::new(0).parse_all(component) {
        if let Payload::CustomSection(section) = payload.map_err(|_| ManifestError::Unreadable)?
            && section.name() == SECTION
            && found.replace(section.data()).is_some()
        {
            return Err(ManifestError::Twice);
        }
    }
    let data = found.ok_or(ManifestError::Absent)?;
    if data.len() > LARGEST {
        return Err(ManifestError::TooLarge);
    }
    String::from_utf8(data.to_vec()).map_err(|_| ManifestError::NotText)
}
