//! The vendor's manifest in the component: the custom section `nhip:adapter` holds the text of `adapter.toml`.

use wasm_encoder::{ComponentSection, CustomSection};
use wasmparser::{Parser, Payload};

/// The name of the custom section.
const SECTION: &str = "nhip:adapter";
/// The most bytes a manifest may have.
const LARGEST: usize = 64 << 10;

/// Why there is no manifest, or none can be put in.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ManifestError {
    /// The component has none.
    #[error(
        "the component carries no manifest: embed `adapter.toml` as the custom section `{SECTION}`, or give it with `--manifest adapter.toml`"
    )]
    Absent,
    /// It is not clear which one counts.
    #[error("the component carries more than one section `{SECTION}`")]
    Twice,
    /// One is to be put in where one is.
    #[error("the component carries a manifest already")]
    Present,
    /// Larger than the host reads.
    #[error("the section `{SECTION}` is larger than {LARGEST} bytes")]
    TooLarge,
    /// Bytes that are no text.
    #[error("the section `{SECTION}` is not UTF-8 text")]
    NotText,
    /// Not WebAssembly.
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

/// The component with a manifest in it, for languages whose tools cannot put it there.
///
/// # Errors
/// It has one already, which the new one would contradict; it is no component; the manifest is larger than the host reads.
pub fn embed(component: &[u8], manifest: &str) -> Result<Vec<u8>, ManifestError> {
    match embedded(component) {
        Err(ManifestError::Absent) => {}
        Err(ManifestError::Unreadable) => return Err(ManifestError::Unreadable),
        Ok(_) | Err(_) => return Err(ManifestError::Present),
    }
    if manifest.len() > LARGEST {
        return Err(ManifestError::TooLarge);
    }
    let mut packed = component.to_vec();
    CustomSection { name: SECTION.into(), data: manifest.as_bytes().into() }.append_to_component(&mut packed);
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{Component, ComponentImportSection, ComponentTypeRef, ComponentTypeSection, InstanceType};

    /// A component that imports our interfaces, whose names begin like the section's.
    fn calling_us() -> Vec<u8> {
        let (mut types, mut imports) = (ComponentTypeSection::new(), ComponentImportSection::new());
        types.instance(&InstanceType::new());
        imports.import("nhip:adapter/endpoints@1.0.0", ComponentTypeRef::Instance(0));
        let mut component = Component::new();
        component.section(&types).section(&imports);
        component.finish()
    }

    #[test]
    fn a_manifest_is_put_into_a_component_that_imports_our_interfaces_once() {
        let bare = calling_us();
        assert_eq!(embedded(&bare), Err(ManifestError::Absent));
        let packed = embed(&bare, "name = \"parking\"").unwrap();
        assert_eq!(embedded(&packed).unwrap(), "name = \"parking\"");
        assert_eq!(embed(&packed, "name = \"other\""), Err(ManifestError::Present));
        let twice = [packed.as_slice(), &packed[bare.len()..]].concat();
        assert_eq!(embed(&twice, "name = \"other\""), Err(ManifestError::Present));
    }

    #[test]
    fn what_the_host_would_refuse_is_not_put_in() {
        assert_eq!(embed(b"garbage", "name = \"parking\""), Err(ManifestError::Unreadable));
        let whole = embed(&calling_us(), &"a".repeat(LARGEST)).unwrap();
        assert_eq!(embedded(&whole).unwrap().len(), LARGEST);
        assert_eq!(embed(&calling_us(), &"a".repeat(LARGEST + 1)), Err(ManifestError::TooLarge));
    }
}
