//! Walking over the lines of one segment: every line must follow from the one before it.
//!
//! Both the gateway that starts again and whoever verifies a record go this way, so they cannot disagree.

use super::entry::{self, RawEntry};
use super::header::Header;
use super::hex::ChainHash;
use super::key::PublicKey;
use super::seal::Seal;
use super::signed::Domain;
use super::wrong::Wrong;

/// A segment as far as it was read.
pub(crate) struct Walk {
    pub(crate) header: Header,
    /// The header as it stands: the seal signs it.
    pub(crate) header_line: Vec<u8>,
    /// The hash of the line before.
    pub(crate) hash: ChainHash,
    /// The number that the next entry must have.
    pub(crate) next: u64,
    /// The number of the last control act on the chain.
    pub(crate) acts_through: u64,
    /// The seal, once it was read and found good.
    pub(crate) seal: Option<Seal>,
}

impl Walk {
    /// Begin with a header line, of a record that is signed with this key.
    pub(crate) fn begin(line: &[u8], key: &PublicKey) -> Result<Self, Wrong> {
        let header = Header::parse(line)?;
        if header.key != *key {
            return Err(Wrong::OtherKey(header.key));
        }
        Ok(Self {
            hash: ChainHash::of(line),
            next: header.first,
            acts_through: header.acts_through,
            seal: None,
            header_line: line.to_owned(),
            header,
        })
    }

    /// How many entries were read.
    pub(crate) fn seen(&self) -> u64 {
        self.next.saturating_sub(self.header.first)
    }

    /// Whether the segment was emptied: its seal tells of entries that are not there.
    pub(crate) fn is_husk(&self) -> bool {
        self.seal.as_ref().is_some_and(|seal| seal.count > self.seen())
    }

    /// Go on to the next line. Gives the entry on it; nothing when it is the seal.
    pub(crate) fn line<'a>(&mut self, line: &'a [u8]) -> Result<Option<RawEntry<'a>>, Wrong> {
        if self.seal.is_some() {
            return Err(Wrong::AfterEnd);
        }
        let (stated, json) = entry::split(line)?;
        if Seal::is_meant(json) {
            return self.end(stated, json).map(|()| None);
        }
        let hash = self.hash.then(json);
        if stated != hash {
            return Err(self.reason(json));
        }
        let entry = RawEntry::parse(json)?;
        if entry.n != self.next {
            return Err(Wrong::Number { expected: self.next, found: entry.n });
        }
        if let Some(found) = entry.act()? {
            if found <= self.acts_through {
                return Err(Wrong::Acts { after: self.acts_through, found });
            }
            self.acts_through = found;
        }
        (self.hash, self.next) = (hash, entry.n.saturating_add(1));
        Ok(Some(entry))
    }

    /// Why a hash does not fit, as well as can be told: an entry with another number is in the wrong place.
    fn reason(&self, json: &[u8]) -> Wrong {
        match RawEntry::parse(json) {
            Ok(entry) if entry.n != self.next => Wrong::Number { expected: self.next, found: entry.n },
            _ if self.seen() == 0 => Wrong::FirstHash(self.next),
            _ => Wrong::Hash(self.next),
        }
    }

    /// The seal: it must fit what was read, or tell of entries of which none was.
    fn end(&mut self, stated: ChainHash, json: &[u8]) -> Result<(), Wrong> {
        let seal = Seal::parse(json)?;
        let emptied = self.seen() == 0;
        let before = if emptied { seal.last_hash } else { self.hash };
        if stated != before.then(json) {
            return Err(Wrong::Seal);
        }
        let domain = Domain::seal(&self.header_line);
        let (inner, signature) = domain.split(json).ok_or(Wrong::Seal)?;
        domain.check(inner, &signature, &self.header.key)?;
        let fits = seal.first == self.header.first
            && seal.count > 0
            && seal.count.checked_add(seal.first) == seal.last.checked_add(1)
            && (emptied
                || (seal.count == self.seen()
                    && seal.last_hash == self.hash
                    && seal.acts_through == self.acts_through));
        if !fits {
            return Err(Wrong::Seal);
        }
        self.hash = stated;
        self.acts_through = seal.acts_through;
        self.seal = Some(seal);
        Ok(())
    }
}
