//! Compiled components, kept by what they were compiled from and what compiled them.
//!
//! In memory, adapters of one component share its code for as long as one of them is there: it is never written to, and
//! what is each exchange's own is in its sandbox.
//!
//! A file is named by the component's digest and the engine's own compatibility hash, so a new engine or another
//! setting never loads old code. Its digest stands beside it and is checked before the engine maps it: a torn or
//! damaged file is compiled again.

use nhip_exchange::Digest;
use std::collections::HashMap;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use wasmtime::Engine;
use wasmtime::component::Component;

/// The folder of compiled components of one engine.
#[derive(Clone)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// What is in memory, by the digest of the component.
    in_use: Arc<Mutex<HashMap<Digest, Weak<Component>>>>,
}

impl Cache {
    /// The part of the cache that belongs to this engine, below `folder`.
    pub(crate) fn open(folder: &Path, engine: &Engine) -> std::io::Result<Self> {
        let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let folder = folder.join(format!("{:016x}", hasher.finish()));
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, in_use: Arc::default() })
    }

    /// The compiled code that another adapter of the same component uses, if there is one.
    pub(crate) fn in_use(&self, digest: &Digest) -> Option<Arc<Component>> {
        self.lock().get(digest)?.upgrade()
    }

    /// Share compiled code with the adapters that come later.
    pub(crate) fn share(&self, digest: Digest, component: Component) -> Arc<Component> {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        {
            let pages = crate::large_code::gather(&component.image_range());
            tracing::debug!(%digest, pages, "code on huge pages");
        }
        let component = Arc::new(component);
        let mut in_use = self.lock();
        in_use.retain(|_, other| other.strong_count() > 0);
        in_use.insert(digest, Arc::downgrade(&component));
        component
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Weak<Component>>> {
        // What it holds is whole at any moment.
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The compiled code, if it is there and whole.
    pub(crate) fn load(&self, engine: &Engine, digest: &Digest) -> Option<Component> {
        let (code, sum) = self.paths(digest);
        let stated: Digest = fs::read_to_string(&sum).ok()?.trim().parse().ok()?;
        let mut file = File::open(&code).ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        if Digest::of(&bytes) != stated {
            tracing::warn!(%digest, "the compiled component in the cache is damaged; compiling it again");
            return None;
        }
        drop(bytes);
        match deserialize(engine, &code) {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(%digest, error = format!("{error:#}"), "the cache holds code of another engine; compiling again");
                None
            }
        }
    }

    /// Keep compiled code. Failing to is no reason not to serve: it is logged.
    pub(crate) fn store(&self, digest: &Digest, component: &Component) {
        let kept = component.serialize().map_err(|error| format!("{error:#}")).and_then(|bytes| {
            let (code, sum) = self.paths(digest);
            // The sum last: code without its sum is not loaded.
            let _ = fs::remove_file(&sum);
            write(&code, &bytes)
                .and_then(|()| write(&sum, Digest::of(&bytes).to_string().as_bytes()))
                .map_err(|error| error.to_string())
        });
        if let Err(error) = kept {
            tracing::warn!(%digest, error, "cannot keep the compiled component; it will be compiled again at the next start");
        }
    }

    fn paths(&self, digest: &Digest) -> (PathBuf, PathBuf) {
        let hex = digest.hex();
        (self.folder.join(format!("{hex}.cwasm")), self.folder.join(format!("{hex}.sum")))
    }
}

/// Write whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)
}

#[expect(
    unsafe_code,
    reason = "only code that this engine compiled from a verified component and whose digest was just checked, in a folder that only the gateway's user can write"
)]
fn deserialize(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: see the reason above; the engine checks its own version and settings in the file.
    unsafe { Component::deserialize_file(engine, path) }
}

/// FNV-1a: the name must be the same in every process, which the standard library's default hasher does not promise.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest component: a header.
    const EMPTY: [u8; 8] = *b"\0asm\x0d\0\x01\0";

    fn made() -> (tempfile::TempDir, Engine, Cache, Component) {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let cache = Cache::open(folder.path(), &engine).unwrap();
        let component = Component::from_binary(&engine, &EMPTY).unwrap();
        (folder, engine, cache, component)
    }

    #[test]
    fn what_was_compiled_is_loaded_and_what_is_damaged_is_not() {
        let (_folder, engine, cache, component) = made();
        let digest = Digest::of(&EMPTY);
        assert!(cache.load(&engine, &digest).is_none());
        cache.store(&digest, &component);
        assert!(cache.load(&engine, &digest).is_some());
        assert!(cache.load(&engine, &Digest::of(b"another")).is_none());
        let (code, sum) = cache.paths(&digest);
        let mut bytes = fs::read(&code).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&code, bytes).unwrap();
        assert!(cache.load(&engine, &digest).is_none(), "damaged code");
        cache.store(&digest, &component);
        assert!(cache.load(&engine, &digest).is_some());
        fs::remove_file(sum).unwrap();
        assert!(cache.load(&engine, &digest).is_none(), "code without its sum");
    }

    #[test]
    fn adapters_of_one_component_share_its_code_for_as_long_as_one_is_there() {
        let (_folder, _engine, cache, component) = made();
        let digest = Digest::of(&EMPTY);
        assert!(cache.in_use(&digest).is_none());
        let first = cache.share(digest, component.clone());
        let second = cache.clone().in_use(&digest).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        drop(first);
        assert!(cache.in_use(&digest).is_some());
        drop(second);
        assert!(cache.in_use(&digest).is_none());
        let _other = cache.share(Digest::of(b"another"), component);
        assert_eq!(cache.lock().len(), 1, "nothing is left of what is not there");
    }
}
