//! Tampering with an export or a folder is found, and named where it begins.

use super::{Gateway, good, record};
use crate::record::checkpoint::Reached;
use crate::record::header::Header;
use crate::record::hex::ChainHash;
use crate::record::key::SigningKey;
use crate::record::signed::Domain;
use crate::record::{Checkpoint, PublicKey, Report, Wrong, entry, segments, verify, verify_folder};
use proptest::prelude::*;
use std::path::Path;
use tempfile::TempDir;

/// An export of several segments, and what it was made from.
struct Exhibit {
    text: Vec<u8>,
    key: PublicKey,
    /// A checkpoint from before the last segments.
    kept: Checkpoint,
    folder: TempDir,
    clock: std::sync::Arc<super::HandClock>,
}

impl Exhibit {
    async fn new() -> Self {
        let gateway = Gateway::start(3000).await;
        let journal = gateway.registry.journal.clone();
        for at in 0..8 {
            gateway.keep(record(at)).await;
        }
        gateway.registry.callers.add(&"caller-1".parse().unwrap(), "an-operator").await.unwrap();
        let kept = journal.checkpoint().await.unwrap();
        for at in 8..24 {
            gateway.keep(record(at)).await;
        }
        let (text, exported) = journal.export(None, None, Vec::new()).await.unwrap();
        assert!(exported.header.to_segment >= 6, "{exported:?}");
        let key = journal.public_key();
        drop(journal);
        let (folder, clock, _) = gateway.stop().await;
        Self { text, key, kept, folder, clock }
    }

    fn make() -> Self {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
            .block_on(Self::new())
    }

    fn lines(&self) -> Vec<Vec<u8>> {
        self.text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    fn verified(&self, text: &[u8]) -> Report {
        verify(text, &self.key, None).unwrap()
    }

    fn record(&self) -> std::path::PathBuf {
        self.folder.path().join("record")
    }
}

/// The number of the segment that each line is of; the closing line is of one more than there are.
fn segments_of(lines: &[Vec<u8>]) -> Vec<u64> {
    let mut segment = 0;
    let mut of = |line: &Vec<u8>| {
        if line.starts_with(b"{\"format\"") || Checkpoint::is_meant(line) {
            segment += 1;
        }
        segment
    };
    lines.iter().map(&mut of).collect()
}

/// One thing that is done to an export. Places are taken modulo what there is.
#[derive(Clone, Debug)]
enum Deed {
    Edit(usize, u8),
    Insert(usize, Vec<u8>),
    Delete(usize, usize),
    Truncate(usize),
    DeleteLine(usize),
    CopyLine(usize, usize),
    SwapLines(usize, usize),
    DeleteSegment(usize),
    CopySegment(usize, usize),
    SwapSegments(usize, usize),
}

fn deeds() -> impl Strategy<Value = Deed> {
    let at = any::<usize>;
    prop_oneof![
        3 => (at(), any::<u8>()).prop_map(|(at, byte)| Deed::Edit(at, byte)),
        // What looks the same to a reader of JSON or hex.
        1 => (at(), prop::sample::select(&b" \t\r\n\0"[..])).prop_map(|(at, byte)| Deed::Insert(at, vec![byte])),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..40)).prop_map(|(at, bytes)| Deed::Insert(at, bytes)),
        1 => (at(), 1..400usize).prop_map(|(at, many)| Deed::Delete(at, many)),
        1 => at().prop_map(Deed::Truncate),
        1 => at().prop_map(Deed::DeleteLine),
        1 => (at(), at()).prop_map(|(from, to)| Deed::CopyLine(from, to)),
        1 => (at(), at()).prop_map(|(one, other)| Deed::SwapLines(one, other)),
        1 => at().prop_map(Deed::DeleteSegment),
        1 => (at(), at()).prop_map(|(from, to)| Deed::CopySegment(from, to)),
        1 => (at(), at()).prop_map(|(one, other)| Deed::SwapSegments(one, other)),
    ]
}

/// Whole lines of a segment each, and the first and the last line by themselves.
fn parts(lines: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let of = segments_of(lines);
    let mut parts: Vec<Vec<u8>> = vec![Vec::new(); of.last().map_or(0, |last| *last as usize + 1)];
    for (line, of) in lines.iter().zip(of) {
        parts[of as usize].extend_from_slice(line);
    }
    parts
}

fn done(deed: &Deed, text: &[u8], lines: &[Vec<u8>]) -> Vec<u8> {
    let mut text = text.to_vec();
    let (mut lines, mut parts) = (lines.to_vec(), parts(lines));
    let (bytes, many, segments) = (text.len(), lines.len(), parts.len() - 2);
    match deed {
        Deed::Edit(at, byte) => {
            text[at % bytes] = *byte;
            return text;
        }
        Deed::Insert(at, new) => {
            text.splice(at % (bytes + 1)..at % (bytes + 1), new.iter().copied());
            return text;
        }
        Deed::Delete(at, many) => {
            text.drain(at % bytes..(at % bytes + many).min(bytes));
            return text;
        }
        Deed::Truncate(at) => {
            text.truncate(at % bytes);
            return text;
        }
        Deed::DeleteLine(at) => drop(lines.remove(at % many)),
        Deed::CopyLine(from, to) => lines.insert(to % (many + 1), lines[from % many].clone()),
        Deed::SwapLines(one, other) => lines.swap(one % many, other % many),
        Deed::DeleteSegment(at) => {
            parts.remove(1 + at % segments);
            lines = parts;
        }
        Deed::CopySegment(from, to) => {
            parts.insert(1 + to % (segments + 1), parts[1 + from % segments].clone());
            lines = parts;
        }
        Deed::SwapSegments(one, other) => {
            parts.swap(1 + one % segments, 1 + other % segments);
            lines = parts;
        }
    }
    lines.concat()
}

#[test]
fn whatever_is_done_to_an_export_is_found_where_it_begins() {
    let exhibit = Exhibit::make();
    let lines = exhibit.lines();
    let of = segments_of(&lines);
    let good = exhibit.verified(&exhibit.text);
    assert!(good.is_good() && good.entries > 16, "{good:?}");
    proptest!(ProptestConfig::with_cases(3000), |(deed in deeds())| {
        let text = done(&deed, &exhibit.text, &lines);
        prop_assume!(text != exhibit.text);
        let report = exhibit.verified(&text);
        let Some(fault) = report.fault else { return Err(TestCaseError::fail("not found")) };
        let other: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let first = lines.iter().zip(&other).take_while(|(one, other)| one == *other).count();
        // The first line is covered by the last one only.
        if first > 0 {
            let line = first as u64 + 1;
            prop_assert!((line..=line + 1).contains(&fault.line), "line {line} was changed: {fault}");
            let segment = of.get(first).copied().unwrap_or(of[of.len() - 1]);
            // A seal right behind its header is what retention leaves: only what follows shows that it is not.
            let later = u64::from(fault.line > line);
            prop_assert!((segment..=segment + later).contains(&fault.segment), "segment {segment}: {fault}");
        }
    });
}

#[test]
fn every_single_byte_and_every_length_matters() {
    let exhibit = Exhibit::make();
    for at in (0..exhibit.text.len()).step_by(7) {
        let mut text = exhibit.text.clone();
        text[at] ^= 0x20;
        assert!(!exhibit.verified(&text).is_good(), "byte {at} was changed");
        text[at] ^= 0x21;
        assert!(!exhibit.verified(&text).is_good(), "byte {at} was changed");
        assert!(!exhibit.verified(&exhibit.text[..at]).is_good(), "only {at} bytes were left");
    }
    for short in 1..200 {
        let left = exhibit.text.len() - short;
        assert!(!exhibit.verified(&exhibit.text[..left]).is_good(), "{short} bytes were cut");
    }
}

/// Write an export anew, with an entry changed and every hash made to fit, signed by somebody else.
fn forged(lines: &[Vec<u8>], stranger: &SigningKey, claimed: PublicKey) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    let (mut hash, mut header, mut last) = (ChainHash::default(), Vec::new(), None);
    let mut export = ChainHash::default();
    for line in lines.iter().map(|line| line.strip_suffix(b"\n").unwrap()) {
        if let Ok(mut parsed) = Header::parse(line) {
            (parsed.previous, parsed.key) = (hash, claimed);
            header = serde_json::to_vec(&parsed).unwrap();
            hash = ChainHash::of(&header);
            out.extend_from_slice(&header);
        } else if let Ok((_, json)) = entry::split(line) {
            let mut json = String::from_utf8(json.to_vec()).unwrap().replace("caller-1", "caller-X");
            if let Some((_, seal)) = json.split_once("{\"seal\":") {
                let mut seal: serde_json::Value =
                    serde_json::from_str(seal.rsplit_once(",\"signature\"").unwrap().0).unwrap();
                seal["last_hash"] = hash.to_string().into();
                last = Some((seal["last"].as_u64().unwrap(), Header::parse(&header).unwrap()));
                json = Domain::seal(&header).sign(&seal.to_string(), stranger);
            }
            hash = hash.then(json.as_bytes());
            out.extend_from_slice(format!("{hash} {json}").as_bytes());
        } else if Checkpoint::is_meant(line) {
            let (entry, header) = last.clone().unwrap();
            let (gateway, segment) = (header.gateway, header.segment);
            let reached = Reached { gateway, segment, entry, hash, at_ms: 0, emptied_through: 0, export: Some(export) };
            out.extend_from_slice(Checkpoint::sign(reached, stranger).to_string().as_bytes());
        } else {
            export = ChainHash::of(line);
            out.extend_from_slice(line);
        }
        out.push(b'\n');
    }
    out
}

#[test]
fn a_record_that_somebody_else_signed_is_told_as_such() {
    let exhibit = Exhibit::make();
    let folder = TempDir::new().unwrap();
    let stranger = SigningKey::keep(folder.path(), true).unwrap();
    let openly = forged(&exhibit.lines(), &stranger, stranger.public());
    // The forgery is perfect but for the key.
    let by_own_key = verify(openly.as_slice(), &stranger.public(), None).unwrap();
    assert!(by_own_key.is_good(), "{}", by_own_key.fault.unwrap());
    let fault = exhibit.verified(&openly).fault.unwrap();
    assert_eq!((fault.segment, fault.line, &fault.wrong), (1, 2, &Wrong::OtherKey(stranger.public())));
    assert!(fault.to_string().contains("signed by another key"), "{fault}");

    let covertly = forged(&exhibit.lines(), &stranger, exhibit.key);
    let fault = exhibit.verified(&covertly).fault.unwrap();
    assert_eq!((fault.segment, fault.entry, &fault.wrong), (1, 1, &Wrong::Signature));
    assert!(fault.to_string().contains("signed by another key"), "{fault}");
}

#[test]
fn an_export_without_its_closing_checkpoint_is_truncated() {
    let exhibit = Exhibit::make();
    let mut lines = exhibit.lines();
    let count = lines.len() as u64;
    lines.pop();
    let fault = exhibit.verified(&lines.concat()).fault.unwrap();
    assert_eq!((fault.line, fault.wrong), (count, Wrong::Truncated));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_record_is_exported_and_verified_by_itself() {
    let gateway = Gateway::start(3000).await;
    let journal = gateway.registry.journal.clone();
    for at in 0..30 {
        gateway.keep(record(at)).await;
    }
    let moment = |at: u64| Some(super::DAY_ONE + at * 1000);
    let (text, exported) = journal.export(moment(12), moment(15), Vec::new()).await.unwrap();
    assert!(exported.header.from_segment > 1, "{exported:?}");
    let report = verify(text.as_slice(), &journal.public_key(), None).unwrap();
    assert!(report.is_good(), "{}", report.fault.unwrap());
    assert_eq!(report.first_segment, exported.header.from_segment);
    let all: Vec<String> = String::from_utf8(text).unwrap().lines().map(str::to_owned).collect();
    let ids: Vec<_> = super::entries(&all).into_iter().map(|entry| serde_json::to_string(&entry).unwrap()).collect();
    for at in 12..=15 {
        assert!(ids.iter().any(|entry| entry.contains(&super::id(at).to_string())), "{at}");
    }
    let nothing = journal.export(moment(500), None, Vec::new()).await.unwrap_err();
    assert!(nothing.to_string().contains("longer range"), "{nothing}");
}

#[test]
fn a_checkpoint_kept_elsewhere_shows_a_cut_and_a_replacement() {
    let exhibit = Exhibit::make();
    let (key, folder) = (exhibit.key, exhibit.record());
    let with = |checkpoint: &Checkpoint| verify_folder(&folder, &key, Some(checkpoint)).unwrap();
    assert!(with(&exhibit.kept).is_good());
    let again: Checkpoint = exhibit.kept.to_string().parse().unwrap();
    assert_eq!(again, exhibit.kept);
    assert!(verify(exhibit.text.as_slice(), &key, Some(&again)).unwrap().is_good());

    // Forged: another number, under the old signature.
    let forged = exhibit.kept.to_string().replace("\"segment\":", "\"segment\":1");
    let forged: Checkpoint = forged.parse().unwrap();
    assert_eq!(with(&forged).fault.unwrap().wrong, Wrong::Signature);

    // All from the checkpoint's segment on is gone. Without the checkpoint that cannot be seen.
    let segment = exhibit.kept.reached().segment;
    for number in segments::list(&folder).unwrap().into_iter().filter(|number| *number >= segment) {
        std::fs::remove_file(segments::path(&folder, number)).unwrap();
    }
    good(&folder, &key);
    assert_eq!(with(&exhibit.kept).fault.unwrap().wrong, Wrong::CheckpointMissing(segment));
}

#[test]
fn a_folder_whose_files_are_missing_swapped_or_cut_is_found_out() {
    let exhibit = Exhibit::make();
    let (key, folder) = (exhibit.key, exhibit.record());
    let path = |number| segments::path(&folder, number);
    let wrong = || verify_folder(&folder, &key, None).unwrap().fault.map(|fault| (fault.segment, fault.wrong));
    let kept: Vec<Vec<u8>> = (1..=4).map(|number| std::fs::read(path(number)).unwrap()).collect();
    let restore = || (1..=4).for_each(|number| std::fs::write(path(number), &kept[number as usize - 1]).unwrap());

    std::fs::remove_file(path(3)).unwrap();
    assert_eq!(wrong(), Some((3, Wrong::Segment { expected: 3, found: 4 })));
    std::fs::remove_file(path(2)).unwrap();
    std::fs::remove_file(path(1)).unwrap();
    assert_eq!(wrong(), Some((1, Wrong::Segment { expected: 1, found: 4 })));
    std::fs::write(path(3), &kept[1]).unwrap();
    std::fs::write(path(2), &kept[2]).unwrap();
    std::fs::write(path(1), &kept[0]).unwrap();
    assert_eq!(wrong(), Some((2, Wrong::Segment { expected: 2, found: 3 })));
    restore();
    assert_eq!(wrong(), None);

    // The seal of a segment in the middle.
    let end = kept[1].iter().rev().skip(1).position(|byte| *byte == b'\n').unwrap();
    std::fs::write(path(2), &kept[1][..kept[1].len() - 1 - end]).unwrap();
    assert_eq!(wrong(), Some((2, Wrong::Unsealed)));
    std::fs::write(path(2), [&kept[1][..], b"more\n"].concat()).unwrap();
    assert_eq!(wrong().unwrap().1, Wrong::AfterEnd);
    restore();

    // Emptied by a stranger, who has no key: a husk, and nothing signed that tells of it.
    let first: Vec<&[u8]> = kept[0].split_inclusive(|byte| *byte == b'\n').collect();
    std::fs::write(path(1), [first[0], first[first.len() - 1]].concat()).unwrap();
    assert_eq!(wrong(), Some((1, Wrong::Emptied(1))));
    assert!(Path::new(&folder).join("signing.key").exists());
    exhibit.clock.set(0);
}
