//! The data folder, before anything is put into it. Invariant: nobody but its owner can write into the folder that the
//! gateway runs from: it holds compiled code that is mapped into the process.

use crate::failure::Failure;
use std::fs::{DirBuilder, Permissions};
use std::path::Path;

/// Make the folder for its owner alone where it is missing; refuse one that others can write into.
///
/// # Errors
/// It cannot be made, is no folder, or is open to others.
pub(crate) fn prepare(data: &Path) -> anyhow::Result<()> {
    let unusable = |source: std::io::Error| {
        Failure::new(format!("the data folder `{}` cannot be used", data.display()))
            .because(source)
            .hint("name another folder with `--data DIR`, or mend this one")
    };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data).map_err(unusable)?;
    let metadata = std::fs::metadata(data).map_err(unusable)?;
    if open_to_others(&metadata.permissions(), 0o022) {
        return Err(Failure::new(format!("the data folder `{}` can be written by other users", data.display()))
            .hint(format!("run `chmod go-w {}`", data.display()))
            .into());
    }
    Ok(())
}

/// Whether others than the owner have any of these permission bits. Where there are no such bits, nobody has.
pub(crate) fn open_to_others(permissions: &Permissions, bits: u32) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(permissions) & bits != 0;
    #[cfg(not(unix))]
    return {
        let _ = (permissions, bits);
        false
    };
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_folder_is_its_owners_alone() {
        let above = tempfile::tempdir().unwrap();
        let data = above.path().join("a/b");
        prepare(&data).unwrap();
        assert_eq!(mode(&data), 0o700);
        prepare(&data).unwrap();
    }

    #[test]
    fn a_folder_that_others_write_into_is_refused_with_the_cure() {
        let data = tempfile::tempdir().unwrap();
        std::fs::set_permissions(data.path(), Permissions::from_mode(0o770)).unwrap();
        let told = crate::failure::render(&prepare(data.path()).unwrap_err());
        assert!(told.contains("can be written by other users") && told.contains("hint: run `chmod go-w"), "{told}");
        std::fs::set_permissions(data.path(), Permissions::from_mode(0o755)).unwrap();
        prepare(data.path()).unwrap();
    }

    #[test]
    fn a_file_in_its_place_is_refused() {
        let above = tempfile::tempdir().unwrap();
        let file = above.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(prepare(&file).is_err());
    }
}
