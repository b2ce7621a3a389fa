//! `wasi:keyvalue/store`: durable values of the adapter, kept by the registry, within the quota of `[key-value]`.
//!
//! There is one bucket, `default` (the empty name means it too). Values of one adapter cannot be seen by another.

use super::{Capability, Grant};
use crate::bindings::wasi::keyvalue::store::{self, Error, KeyResponse};
use crate::state::State;
use nhip_exchange::port::{KeyValue, KeyValueError, Quota};
use std::sync::Arc;
use wasmtime::component::{HasSelf, Resource};

pub(super) const CAPABILITY: Capability = Capability {
    interfaces: &["wasi:keyvalue/store"],
    grant: |policy| match &policy.key_value {
        Some(grant) => Grant::Granted(format!("granted: {} bytes in {} keys", grant.quota, grant.keys)),
        None => {
            Grant::Denied("the policy grants no key-value store: add `[key-value]` with `quota = \"1 MiB\"`".to_owned())
        }
    },
    link: |linker| store::add_to_linker::<_, HasSelf<State>>(linker, |state| state),
};

/// How many keys one `list-keys` answers.
const PAGE: u32 = 256;

/// The store that an adapter was granted.
#[derive(Clone)]
pub(crate) struct GrantedStore {
    pub(crate) store: Arc<dyn KeyValue>,
    pub(crate) quota: Quota,
    /// The most bytes of one value.
    pub(crate) largest: u64,
}

/// The handle of the adapter's bucket.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Bucket;

impl From<KeyValueError> for Error {
    fn from(error: KeyValueError) -> Self {
        Self::Other(error.to_string())
    }
}

impl store::Host for State {
    async fn open(&mut self, identifier: String) -> wasmtime::Result<Result<Resource<Bucket>, Error>> {
        if !matches!(identifier.as_str(), "" | "default") {
            return Ok(Err(Error::NoSuchStore));
        }
        Ok(Ok(self.table.push(Bucket)?))
    }
}

impl store::HostBucket for State {
    async fn get(&mut self, _: Resource<Bucket>, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let Some(granted) = &self.reach.shared.key_value else { return Ok(Err(Error::AccessDenied)) };
        let found = granted.store.get(&self.reach.shared.adapter, &key).await;
        Ok(found.map(|value| value.map(Vec::from)).map_err(Error::from))
    }

    async fn set(&mut self, _: Resource<Bucket>, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        let Some(granted) = &self.reach.shared.key_value else { return Ok(Err(Error::AccessDenied)) };
        if value.len() as u64 > granted.largest {
            return Ok(Err(Error::Other(format!("a value may have at most {} bytes", granted.largest))));
        }
        Ok(granted.store.set(&self.reach.shared.adapter, &key, &value, granted.quota).await.map_err(Error::from))
    }

    async fn delete(&mut self, _: Resource<Bucket>, key: String) -> wasmtime::Result<Result<(), Error>> {
        let Some(granted) = &self.reach.shared.key_value else { return Ok(Err(Error::AccessDenied)) };
        Ok(granted.store.delete(&self.reach.shared.adapter, &key).await.map_err(Error::from))
    }

    async fn exists(&mut self, _: Resource<Bucket>, key: String) -> wasmtime::Result<Result<bool, Error>> {
        let Some(granted) = &self.reach.shared.key_value else { return Ok(Err(Error::AccessDenied)) };
        Ok(granted.store.get(&self.reach.shared.adapter, &key).await.map(|value| value.is_some()).map_err(Error::from))
    }

    async fn list_keys(
        &mut self,
        _: Resource<Bucket>,
        cursor: Option<u64>,
    ) -> wasmtime::Result<Result<KeyResponse, Error>> {
        let Some(granted) = &self.reach.shared.key_value else { return Ok(Err(Error::AccessDenied)) };
        let skip = cursor.unwrap_or(0);
        Ok(granted.store.keys(&self.reach.shared.adapter, skip, PAGE).await.map_err(Error::from).map(|keys| {
            let full = keys.len() >= PAGE as usize;
            KeyResponse { cursor: full.then(|| skip.saturating_add(u64::from(PAGE))), keys }
        }))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}
