//! The files that a command names. Invariants: an error names the file; nothing is read without a bound; a file that is
//! written has its name only when it is whole, and takes the place of no other.

use crate::failure::Failure;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

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

/// A new file that is being written, under another name until it is whole. Dropped before that, it is gone.
pub(crate) struct Unfinished {
    file: File,
    unfinished: PathBuf,
    wanted: PathBuf,
}

impl Unfinished {
    /// Begin a file of this name, which must be free.
    pub(crate) fn create(wanted: &Path) -> anyhow::Result<Self> {
        if wanted.symlink_metadata().is_ok() {
            return Err(Failure::new(format!("`{}` exists already", wanted.display()))
                .hint("name another file; nothing is written over")
                .into());
        }
        let mut name = wanted.as_os_str().to_owned();
        name.push(".partial");
        let unfinished = PathBuf::from(name);
        let file = File::create(&unfinished).map_err(|error| unwritable(&unfinished, error))?;
        Ok(Self { file, unfinished, wanted: wanted.to_owned() })
    }

    /// It is whole: put it on the disk and give it its name.
    pub(crate) fn finish(self) -> anyhow::Result<PathBuf> {
        self.file.sync_all().map_err(|error| self.unwritable(error))?;
        std::fs::rename(&self.unfinished, &self.wanted).map_err(|error| self.unwritable(error))?;
        Ok(self.wanted.clone())
    }

    /// Why it cannot be written.
    pub(crate) fn unwritable(&self, error: std::io::Error) -> Failure {
        unwritable(&self.wanted, error)
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After the renaming there is nothing of that name.
        let _ = std::fs::remove_file(&self.unfinished);
    }
}

fn unwritable(file: &Path, error: std::io::Error) -> Failure {
    Failure::new(format!("`{}` cannot be written", file.display())).because(error)
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

    #[test]
    fn a_file_has_its_name_when_it_is_whole_and_takes_no_others_place() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = folder.path().join("export.jsonl");
        let names = || std::fs::read_dir(folder.path()).unwrap().count();
        let mut file = Unfinished::create(&wanted).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!wanted.exists());
        drop(file);
        assert_eq!(names(), 0);
        let mut file = Unfinished::create(&wanted).unwrap();
        file.write_all(b"whole").unwrap();
        assert_eq!(file.finish().unwrap(), wanted);
        assert_eq!((text(&wanted).unwrap().as_str(), names()), ("whole", 1));
        let taken = Unfinished::create(&wanted).err().unwrap();
        assert!(crate::failure::render(&taken).contains("exists already"));
        assert_eq!(text(&wanted).unwrap(), "whole");
    }
}
