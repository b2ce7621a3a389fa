//! Compiled components, kept by what they were compiled from and what compiled them.
//!
//! A file is named by the component's digest and the engine's own compatibility hash, so a new engine or another
//! setting never loads old code. Its digest stands beside it and is checked before the engine maps it: a torn or
//! damaged file is compiled again.

use nhip_exchange::Digest;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use wasmtime::Engine;
use wasmtime::component::Component;

/// The folder of compiled components of one engine.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The part of the cache that belongs to this engine, below `folder`.
    pub(crate) fn open(folder: &Path, engine: &Engine) -> std::io::Result<Self> {
        let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let folder = folder.join(format!("{:016x}", hasher.finish()));
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
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
