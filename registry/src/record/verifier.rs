//! The state of a verification: where the chain has come to, and what was found.

use super::checkpoint::{Checkpoint, Reached};
use super::header::Header;
use super::hex::ChainHash;
use super::key::PublicKey;
use super::report::{Fault, Report};
use super::walk::Walk;
use super::wrong::Wrong;
use std::path::PathBuf;

/// The end of the segment before.
struct Link {
    gateway: String,
    segment: u64,
    entry: u64,
    hash: ChainHash,
    acts_through: u64,
    emptied_through: u64,
}

/// A verification under way.
pub(super) struct Verifier<'k> {
    key: &'k PublicKey,
    /// What a checkpoint from elsewhere says, until the chain has come there.
    awaited: Option<Reached>,
    /// The segment that must come first.
    start: u64,
    link: Option<Link>,
    walk: Option<Walk>,
    /// The last emptied segment, the line of its seal, and its first entry.
    husk: Option<(u64, u64, u64)>,
    report: Report,
}

impl<'k> Verifier<'k> {
    pub(super) fn new(key: &'k PublicKey) -> Self {
        Self { key, awaited: None, start: 1, link: None, walk: None, husk: None, report: Report::default() }
    }

    pub(super) fn key(&self) -> &PublicKey {
        self.key
    }

    /// The chain must come by here.
    pub(super) fn expect_checkpoint(&mut self, checkpoint: Option<&Checkpoint>) -> Result<(), Wrong> {
        if let Some(checkpoint) = checkpoint {
            checkpoint.check(self.key)?;
            self.awaited = Some(checkpoint.reached().clone());
        }
        Ok(())
    }

    /// The segment that must come first.
    pub(super) fn start_at(&mut self, segment: u64) {
        self.start = segment;
    }

    /// Whether a segment has begun and not ended.
    pub(super) fn is_inside(&self) -> bool {
        self.walk.is_some()
    }

    /// How many entries of the segment that has begun were read.
    pub(super) fn inside(&self) -> u64 {
        self.walk.as_ref().map_or(0, Walk::seen)
    }

    /// The last segment that ended.
    pub(super) fn last_segment(&self) -> Option<u64> {
        self.link.as_ref().map(|link| link.segment)
    }

    /// Whether the segment that has begun has this number.
    pub(super) fn is_at(&self, segment: u64) -> Result<(), Wrong> {
        match &self.walk {
            Some(walk) if walk.header.segment != segment => Err(Wrong::FileName(walk.header.segment)),
            _ => Ok(()),
        }
    }

    /// Go on to the next line.
    pub(super) fn line(&mut self, line: &[u8], number: u64) -> Result<(), Wrong> {
        let Some(walk) = &mut self.walk else { return self.begin(line) };
        if line.starts_with(b"{\"format\":") {
            return Err(Wrong::Unsealed);
        }
        walk.line(line)?;
        if walk.seal.is_some() { self.sealed(number) } else { Ok(()) }
    }

    /// A header: it must go on where the segment before ended.
    fn begin(&mut self, line: &[u8]) -> Result<(), Wrong> {
        let walk = Walk::begin(line, self.key)?;
        self.follows(&walk.header)?;
        let before = walk.header.segment.checked_sub(1);
        if let Some(awaited) = self.awaited.take_if(|awaited| Some(awaited.segment) == before)
            && awaited.hash != walk.header.previous
        {
            return Err(Wrong::Checkpoint(awaited.segment));
        }
        self.walk = Some(walk);
        Ok(())
    }

    fn follows(&self, header: &Header) -> Result<(), Wrong> {
        let expected = self.link.as_ref().map_or(self.start, |link| link.segment.saturating_add(1));
        if header.segment != expected {
            return Err(Wrong::Segment { expected, found: header.segment });
        }
        let Some(link) = &self.link else {
            // Nothing is before the first segment of a record; what is before the first of an export is elsewhere.
            let fits = header.segment != 1 || (header.previous == ChainHash::default() && header.first == 1);
            return if fits { Ok(()) } else { Err(Wrong::Previous) };
        };
        if header.gateway != link.gateway {
            return Err(Wrong::OtherGateway { expected: link.gateway.clone(), found: header.gateway.clone() });
        }
        if header.previous != link.hash {
            return Err(Wrong::Previous);
        }
        let goes_on = header.first == link.entry.saturating_add(1)
            && header.acts_through == link.acts_through
            && header.emptied_through == link.emptied_through;
        if goes_on { Ok(()) } else { Err(Wrong::Continuation) }
    }

    /// A segment ended well.
    fn sealed(&mut self, number: u64) -> Result<(), Wrong> {
        let Some(walk) = self.walk.take() else { return Ok(()) };
        let husk = walk.is_husk();
        let Walk { header, hash, seal: Some(seal), .. } = walk else { return Ok(()) };
        let counted = if husk { &mut self.report.emptied } else { &mut self.report.entries };
        *counted += seal.count;
        if husk {
            self.husk = Some((header.segment, number, header.first));
        }
        if self.link.is_none() {
            self.report.first_segment = header.segment;
        }
        self.report.last_segment = header.segment;
        self.report.last_entry = seal.last;
        self.report.gateway = Some(header.gateway.clone());
        self.link = Some(Link {
            gateway: header.gateway,
            segment: header.segment,
            entry: seal.last,
            hash,
            acts_through: seal.acts_through,
            emptied_through: seal.emptied_through,
        });
        match self.awaited.take_if(|awaited| awaited.segment == header.segment) {
            Some(awaited) => self.agrees(&awaited),
            None => Ok(()),
        }
    }

    /// Whether a checkpoint is of the segment that ended last.
    pub(super) fn agrees(&self, reached: &Reached) -> Result<(), Wrong> {
        let same = self.link.as_ref().is_some_and(|link| {
            link.segment == reached.segment
                && link.hash == reached.hash
                && link.entry == reached.entry
                && link.gateway == reached.gateway
        });
        if same { Ok(()) } else { Err(Wrong::Checkpoint(reached.segment)) }
    }

    /// The end: the checkpoint was come by, and what is empty was emptied by the gateway.
    pub(super) fn end(&mut self, closing: Option<&Reached>) -> Result<(), Wrong> {
        if let Some(awaited) = &self.awaited {
            return Err(Wrong::CheckpointMissing(awaited.segment));
        }
        let by_chain = self.link.as_ref().map_or(0, |link| link.emptied_through);
        let emptied = std::cmp::max(by_chain, closing.map_or(0, |closing| closing.emptied_through));
        match self.husk {
            Some((segment, ..)) if segment > emptied => Err(Wrong::Emptied(segment)),
            _ => Ok(()),
        }
    }

    pub(super) fn into_report(self) -> Report {
        self.report
    }

    /// The report of a record in which this is wrong, at this line.
    pub(super) fn into_fault(self, wrong: Wrong, line: u64, file: Option<PathBuf>) -> Report {
        let after_link = self.link.as_ref().map_or(self.start, |link| link.segment.saturating_add(1));
        let segment = self.walk.as_ref().map_or(after_link, |walk| walk.header.segment);
        let proven = self.link.as_ref().map_or(1, |link| link.entry.saturating_add(1));
        let entry = match (&self.walk, &wrong) {
            (Some(walk), Wrong::Seal | Wrong::Signature) => walk.header.first,
            (Some(walk), _) => walk.next,
            (None, _) => proven,
        };
        let (segment, line, entry) = match (&wrong, self.husk) {
            (Wrong::Emptied(_), Some(husk)) => husk,
            (Wrong::Checkpoint(segment), _) => (*segment, line, entry),
            _ => (segment, line, entry),
        };
        Report { fault: Some(Fault { file, line, segment, entry, wrong }), ..self.report }
    }
}
