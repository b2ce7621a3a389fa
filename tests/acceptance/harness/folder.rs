//! Folders for one run. The gateways shared by a theme live to the end of the process, so nobody removes their folders
//! at the end; the next run does.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

const PREFIX: &str = "nhip-acceptance-";

/// A new, empty folder of this run.
pub(crate) fn folder(name: &str) -> PathBuf {
    static SWEEP: Once = Once::new();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let all = std::env::temp_dir();
    SWEEP.call_once(|| sweep(&all));
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let made = all.join(format!("{PREFIX}{}", std::process::id())).join(format!("{number}-{name}"));
    fs::create_dir_all(&made).expect("a folder for temporary files");
    // A link on the way (`/tmp` on some systems) would show up as a difference between what is asked and what is told.
    made.canonicalize().expect("the folder just made")
}

/// Remove what runs left behind whose process is gone.
fn sweep(all: &Path) {
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if process.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            // Another user's, or another run's that sweeps too: not ours to worry about.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
