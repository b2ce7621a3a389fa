//! The contracts of the adapters that are there, each once.
//!
//! What a contract says of its types is read for every value of every exchange. Departments have adapters of their own behind one
//! contract: were its types there once for each, the processor's caches would hold those of none.

use nhip_contract::Contract;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What adapters share of their contracts, for as long as one of them is there.
#[derive(Default)]
pub(crate) struct Contracts {
    /// By name. Of one name there may be several, which differ in their types or in what they say of themselves.
    in_use: Mutex<HashMap<String, Vec<Weak<Contract>>>>,
}

impl Contracts {
    /// The same contract as another adapter has it, if one does.
    pub(crate) fn share(&self, contract: Contract) -> Arc<Contract> {
        // What it holds is whole at any moment.
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.retain(|_, named| {
            named.retain(|other| other.strong_count() > 0);
            !named.is_empty()
        });
        let named = in_use.entry(contract.name.clone()).or_default();
        if let Some(same) = named.iter().filter_map(Weak::upgrade).find(|other| **other == contract) {
            return same;
        }
        let contract = Arc::new(contract);
        named.push(Arc::downgrade(&contract));
        contract
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nhip_contract::names::Table;

    fn contract(docs: &str) -> Contract {
        let docs = Some(docs.to_owned());
        Contract { name: "test:it/api@1.0.0".to_owned(), docs, functions: Table::default(), unservable: Vec::new() }
    }

    #[test]
    fn what_is_the_same_is_there_once_for_as_long_as_somebody_has_it() {
        let contracts = Contracts::default();
        let first = contracts.share(contract("one"));
        let same = contracts.share(contract("one"));
        assert!(Arc::ptr_eq(&first, &same));
        let other = contracts.share(contract("other"));
        assert!(!Arc::ptr_eq(&first, &other));
        assert_eq!(*other, contract("other"));
        drop((first, same));
        let _third = contracts.share(contract("third"));
        let in_use = contracts.in_use.lock().unwrap();
        assert_eq!(in_use["test:it/api@1.0.0"].len(), 2, "nothing is left of what is not there");
    }
}
