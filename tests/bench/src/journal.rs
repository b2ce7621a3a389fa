//! The native contender's journal: a file into which each request goes before it is answered, one write and one sync for all who wait at
//! that moment. It shows what it costs to wait for this disk, when there is nothing else to pay for.

use anyhow::Context;
use bytes::Bytes;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use tokio::sync::{mpsc, oneshot};

/// How long the file is. It is filled before anything is measured and then written round and round, so that a sync has only what was
/// written to bring to the disk, and no length and no place of it.
const LENGTH: u64 = 64 << 20;
/// The most entries of one sync.
const GROUP: usize = 512;

struct Entry {
    bytes: Bytes,
    written: oneshot::Sender<()>,
}

/// A journal that a thread of its own writes.
pub(crate) struct Journal(mpsc::UnboundedSender<Entry>);

impl Journal {
    /// Make the file, and start the thread.
    pub(crate) fn start(path: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write the journal `{}`", path.display());
        let file = File::create_new(path).with_context(cannot)?;
        filled(&file, LENGTH).with_context(cannot)?;
        let (sender, queue) = mpsc::unbounded_channel();
        std::thread::Builder::new().name("journal".to_owned()).spawn(move || write(&file, LENGTH, queue))?;
        Ok(Self(sender))
    }

    /// Put an entry on the disk; whether it is there.
    pub(crate) async fn keep(&self, bytes: Bytes) -> bool {
        let (written, kept) = oneshot::channel();
        self.0.send(Entry { bytes, written }).is_ok() && kept.await.is_ok()
    }
}

fn filled(file: &File, length: u64) -> io::Result<()> {
    let zeros = vec![0; 1 << 20];
    (0..length).step_by(zeros.len()).try_for_each(|offset| file.write_all_at(&zeros, offset))?;
    file.sync_all()
}

/// Until nobody sends any more. Who is not told by then sees that its entry was not kept.
fn write(file: &File, length: u64, mut queue: mpsc::UnboundedReceiver<Entry>) {
    let (mut group, mut lines, mut offset) = (Vec::with_capacity(GROUP), Vec::new(), 0);
    while queue.blocking_recv_many(&mut group, GROUP) > 0 {
        lines.clear();
        for entry in &group {
            lines.extend_from_slice(&entry.bytes);
            lines.push(b'\n');
        }
        let size = lines.len() as u64;
        if offset + size > length {
            offset = 0;
        }
        let done = file.write_all_at(&lines, offset).and_then(|()| file.sync_data());
        offset += size;
        for entry in group.drain(..) {
            if done.is_ok() {
                // Who went away has its entry all the same.
                let _ = entry.written.send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_entry_is_in_the_file_when_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::start(&path).unwrap();
        assert!(Journal::start(&path).is_err(), "it is another's");
        for entry in ["one", "two"] {
            assert!(journal.keep(Bytes::from_static(entry.as_bytes())).await);
        }
        let text = std::fs::read(&path).unwrap();
        assert_eq!((text.len() as u64, &text[..9]), (LENGTH, b"one\ntwo\n\0".as_slice()));
    }

    #[tokio::test]
    async fn it_goes_round_and_tells_nobody_of_what_the_disk_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let file = File::create_new(&path).unwrap();
        filled(&file, 1 << 20).unwrap();
        let started = |file: File| {
            let (sender, queue) = mpsc::unbounded_channel();
            std::thread::spawn(move || write(&file, 8, queue));
            Journal(sender)
        };
        let journal = started(file);
        for entry in ["one", "two", "six"] {
            assert!(journal.keep(Bytes::from_static(entry.as_bytes())).await);
        }
        assert_eq!(&std::fs::read(&path).unwrap()[..9], b"six\ntwo\n\0");
        let journal = started(File::open(&path).unwrap());
        assert!(!journal.keep(Bytes::from_static(b"two")).await, "it can only be read");
    }
}
