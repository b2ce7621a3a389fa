//! The counters of every version that served in this process: the live ones, those still ready, those whose last
//! exchanges are under way, and the sums of those that are gone.
//!
//! Invariant: a count never goes down while the process lives, whatever is deployed, and what is gone holds no
//! compiled code: only its sums stay, one set for each adapter and version.

use nhip_exchange::Live;
use nhip_exchange::fault::Kind;
use nhip_exchange::stats::Snapshot;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The counts of one version of an adapter.
#[derive(Clone, Debug)]
pub(crate) struct Totals {
    pub(crate) adapter: String,
    pub(crate) version: String,
    pub(crate) counts: Snapshot,
}

/// The ledger.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Books>);

#[derive(Default)]
struct Books {
    open: Vec<Arc<Live>>,
    closed: Sums,
}

type Sums = BTreeMap<(String, String), Snapshot>;

impl Ledger {
    /// Count a version from now on.
    pub(crate) fn add(&self, live: &Arc<Live>) {
        let mut books = self.books();
        books.sweep();
        if !books.open.iter().any(|open| Arc::ptr_eq(open, live)) {
            books.open.push(Arc::clone(live));
        }
    }

    /// The counts up to now, by adapter and version.
    pub(crate) fn totals(&self) -> Vec<Totals> {
        let mut books = self.books();
        books.sweep();
        let mut sums = books.closed.clone();
        for live in &books.open {
            add(&mut sums, live);
        }
        sums.into_iter().map(|((adapter, version), counts)| Totals { adapter, version, counts }).collect()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // Whatever panicked while holding it, the books are whole: each change of them is one insertion.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    /// Close the accounts of versions that nobody else holds: no exchange can be counted there any more.
    fn sweep(&mut self) {
        let Self { open, closed } = self;
        open.retain(|live| {
            let gone = Arc::strong_count(live) == 1;
            if gone {
                add(closed, live);
            }
            !gone
        });
    }
}

/// Add what a version has counted.
fn add(sums: &mut Sums, live: &Live) {
    let counts = live.stats.snapshot();
    let key = (live.adapter.to_string(), live.version.to_string());
    let Some(sum) = sums.get_mut(&key) else {
        sums.insert(key, counts);
        return;
    };
    sum.ok += counts.ok;
    sum.in_flight += counts.in_flight;
    sum.micros += counts.micros;
    for (bucket, more) in sum.buckets.iter_mut().zip(&counts.buckets) {
        *bucket += more;
    }
    for (kind, more) in counts.faults {
        add_fault(&mut sum.faults, kind, more);
    }
}

fn add_fault(faults: &mut Vec<(Kind, u64)>, kind: Kind, more: u64) {
    match faults.iter_mut().find(|(known, _)| *known == kind) {
        Some((_, count)) => *count += more,
        None => faults.push((kind, more)),
    }
}
