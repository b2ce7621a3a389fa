//! Reading the files that a command names. Invariant: an error names the file; nothing is read without a bound.

use crate::failure::Failure;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// No policy, manifest or key is longer.
pub(crate) const LONGEST_TEXT: u64 = 1 << 20;

/// A whole file.
pub(crate) fn bytes(file: &Path, longest: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|file| file.take(longest + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::new(format!("`{}` cannot be read", file.display())).because(error))?;
    if bytes.len() as u64 > longest {
        return Err(Failure::new(format!("`{}` is longer than {longest} bytes", file.display())).into());
    }
    Ok(bytes)
}

/// A whole file of text.
pub(crate) fn text(file: &Path) -> anyhow::Result<String> {
    String::from_utf8(bytes(file, LONGEST_TEXT)?).map_err(|error| {
        Failure::new(format!("`{}` is not UTF-8 text", file.display())).because(error.utf8_error()).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p.toml");
        assert!(text(&file).unwrap_err().to_string().contains("p.toml"));
        std::fs::write(&file, [0xff]).unwrap();
        assert!(text(&file).unwrap_err().to_string().contains("p.toml` is not UTF-8"));
        std::fs::write(&file, "abc").unwrap();
        assert_eq!(text(&file).unwrap(), "abc");
        assert!(bytes(&file, 3).is_ok());
        assert!(bytes(&file, 2).unwrap_err().to_string().contains("longer than 2 bytes"));
    }
}
