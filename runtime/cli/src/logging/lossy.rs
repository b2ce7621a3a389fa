//! Where the log writes to: what does not take a line loses it, and the gateway goes on.
//!
//! A full disk takes no line of a log that lies on it, nor does a pipe whose reader has gone. Whoever serves exchanges must not end by
//! that: the record, which tells of every exchange, has its own way to wait for the disk. What is lost is counted, and the log says so as soon
//! as it can.

use super::LogFormat;
use std::io::{self, ErrorKind, Write};

/// Takes every line, and never fails.
pub(super) struct Lossy<W> {
    out: W,
    format: LogFormat,
    lost: u64,
    /// Whether the last line that was begun is not whole.
    torn: bool,
}

impl<W: Write> Lossy<W> {
    pub(super) fn new(out: W, format: LogFormat) -> Self {
        Self { out, format, lost: 0, torn: false }
    }

    /// Whether all of it was written.
    fn put(&mut self, line: &[u8]) -> bool {
        let mut rest = line;
        while !rest.is_empty() {
            match self.out.write(rest) {
                Ok(written @ 1..) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => {
                    self.torn |= rest.len() < line.len();
                    return false;
                }
            }
        }
        true
    }

    /// Say what was lost, if anything was. Whether there is nothing left to say.
    fn caught_up(&mut self) -> bool {
        if self.torn && self.put(b"\n") {
            self.torn = false;
        }
        if self.lost > 0 && !self.torn && self.put(self.notice().as_bytes()) {
            self.lost = 0;
        }
        self.lost == 0
    }

    /// A line like those around it.
    fn notice(&self) -> String {
        let (timestamp, lost) = (format!("{:.6}", jiff::Timestamp::now()), self.lost);
        let message = "lines of the log were lost: it could not be written";
        match self.format {
            LogFormat::Text => format!("{timestamp}  WARN {}: {message} lost={lost}\n", module_path!()),
            LogFormat::Json => {
                let notice = serde_json::json!({
                    "timestamp": timestamp, "level": "WARN", "message": message, "lost": lost, "target": module_path!(),
                });
                format!("{notice}\n")
            }
        }
    }
}

impl<W: Write> Write for Lossy<W> {
    /// Takes a whole line each time.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if !self.caught_up() || !self.put(line) {
            self.lost = self.lost.saturating_add(1);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // What it says was said when the line was written.
        let _ = self.out.flush();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with so much room.
    #[derive(Default)]
    struct Disk {
        room: usize,
        taken: Vec<u8>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let fits = bytes.len().min(self.room);
            if fits == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.room -= fits;
            self.taken.extend_from_slice(&bytes[..fits]);
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(ErrorKind::StorageFull.into())
        }
    }

    fn log(room: usize, format: LogFormat) -> Lossy<Disk> {
        Lossy::new(Disk { room, ..Disk::default() }, format)
    }

    fn lines(log: &Lossy<Disk>) -> Vec<&str> {
        std::str::from_utf8(&log.out.taken).unwrap().lines().collect()
    }

    #[test]
    fn a_log_that_finds_no_room_loses_lines_and_says_how_many_once_there_is_some() {
        let mut log = log(6, LogFormat::Text);
        for line in ["one\n", "two\n", "three\n"] {
            log.write_all(line.as_bytes()).unwrap();
            log.flush().unwrap();
        }
        assert_eq!(log.out.taken, b"one\ntw");
        log.out.room = 1000;
        log.write_all(b"four\n").unwrap();
        log.write_all(b"five\n").unwrap();
        let lines = lines(&log);
        assert_eq!((lines.len(), &lines[..2], &lines[3..]), (5, &["one", "tw"][..], &["four", "five"][..]));
        assert!(lines[2].contains(" WARN ") && lines[2].ends_with(" lost=2"), "{lines:?}");
    }

    #[test]
    fn what_is_said_of_lost_lines_is_of_the_same_form() {
        let mut log = log(0, LogFormat::Json);
        log.write_all(b"{}\n").unwrap();
        // Room for a part of the notice, then for all of it.
        log.out.room = 20;
        log.write_all(b"{}\n").unwrap();
        log.out.room = 1000;
        log.write_all(b"{\"n\":1}\n").unwrap();
        let lines = lines(&log);
        assert_eq!((lines.len(), lines[2]), (3, "{\"n\":1}"), "{lines:?}");
        let notice: serde_json::Value = serde_json::from_str(lines[1]).unwrap();
        assert_eq!((&notice["lost"], &notice["level"]), (&2.into(), &"WARN".into()));
    }
}
