//! Who takes part in the axis: systems with their secrets, and the organisations that use them.
//!
//! Invariant: no two live organisations share a code, old or new; every organisation belongs to a known system. Deleted
//! ones stay for `getSynchronizeUnit` but are found by nobody.

use anyhow::ensure;
use jiff::Timestamp;

/// A system that may call the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VxpSystem {
    /// The value of `XroadVnpt-systemid`.
    pub id: String,
    /// The key of its signatures.
    pub secret: String,
}

/// An organisation that sends and receives documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// The agent's own number of it.
    pub id: String,
    /// `pid`: the number of the one above it, empty at the top.
    pub parent: String,
    /// Its code by QĐ 20/2020/QĐ-TTg, for example `H99.01`.
    pub code: String,
    /// Its code by QCVN 102:2016, for example `000.00.01.H99`; empty when it never had one.
    pub code102: String,
    /// Its name.
    pub name: String,
    /// Its mail address.
    pub mail: String,
    /// The system that acts for it.
    pub system: String,
}

impl Organisation {
    /// The code documents are addressed with: the old one where there is one, as edXML is older than the new codes.
    pub fn address(&self) -> &str {
        if self.code102.is_empty() { &self.code } else { &self.code102 }
    }

    fn has_code(&self, code: &str) -> bool {
        !code.is_empty() && (self.code == code || self.code102 == code)
    }
}

/// One organisation and what became of it.
pub(super) struct Entry {
    pub(super) organisation: Organisation,
    pub(super) deleted: bool,
    /// Since when it is as it is; `None`: since before the agent was started.
    pub(super) modified: Option<Timestamp>,
}

pub(super) struct Directory {
    systems: Vec<VxpSystem>,
    entries: Vec<Entry>,
    version: u64,
}

impl Directory {
    pub(super) fn new(systems: Vec<VxpSystem>, organisations: Vec<Organisation>) -> anyhow::Result<Self> {
        let mut directory = Self { systems, entries: Vec::new(), version: 1 };
        for organisation in organisations {
            let Organisation { code, system, .. } = &organisation;
            ensure!(
                directory.secret(system).is_some(),
                "organisation `{code}` belongs to the unknown system `{system}`"
            );
            ensure!(directory.is_free(&organisation), "the code of organisation `{code}` is given twice");
            directory.put(organisation, None);
        }
        Ok(directory)
    }

    pub(super) fn systems(&self) -> &[VxpSystem] {
        &self.systems
    }

    pub(super) fn secret(&self, system: &str) -> Option<String> {
        let mut systems = self.systems.iter();
        systems.find(|s| s.id == system).map(|s| s.secret.clone())
    }

    pub(super) fn live(&self) -> impl Iterator<Item = &Organisation> {
        let live = self.entries.iter().filter(|entry| !entry.deleted);
        live.map(|entry| &entry.organisation)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// By code, old or new.
    pub(super) fn find(&self, code: &str) -> Option<&Organisation> {
        self.live().find(|o| o.has_code(code))
    }

    /// By number, deleted ones included: documents outlive their organisations.
    pub(super) fn by_id(&self, id: &str) -> Option<&Organisation> {
        let mut all = self.entries.iter().map(|entry| &entry.organisation);
        all.find(|o| o.id == id)
    }

    pub(super) fn is_free(&self, organisation: &Organisation) -> bool {
        let Organisation { code, code102, .. } = organisation;
        self.find(code).is_none() && self.find(code102).is_none()
    }

    pub(super) fn has_id(&self, id: &str) -> bool {
        self.by_id(id).is_some()
    }

    pub(super) fn put(&mut self, organisation: Organisation, modified: Option<Timestamp>) {
        self.version += 1;
        self.entries.push(Entry { organisation, deleted: false, modified });
    }

    /// Deletes a live organisation of this system; false when it has none of that code.
    pub(super) fn delete(&mut self, system: &str, code: &str, now: Timestamp) -> bool {
        let mine = |entry: &&mut Entry| {
            let organisation = &entry.organisation;
            !entry.deleted && organisation.system == system && organisation.has_code(code)
        };
        let Some(entry) = self.entries.iter_mut().find(mine) else {
            return false;
        };
        entry.deleted = true;
        entry.modified = Some(now);
        self.version += 1;
        true
    }
}
