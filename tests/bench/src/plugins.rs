//! The native contender's plugins: the logic in shared objects, as a gateway without sandboxes would load adapters that are not its
//! own. It shows what it costs that many are called of which each has its own code, when there is nothing else to pay for.

use anyhow::Context;
use libloading::Library;
use std::collections::HashMap;
use std::ffi::c_void;
use std::fs;
use std::path::Path;

/// As `bench-plugin` has it.
type Convert =
    unsafe extern "C" fn(*const u8, usize, *mut c_void, extern "C" fn(*mut c_void, *const u8, usize)) -> bool;

/// A shared object that is loaded.
struct Plugin {
    convert: Convert,
    /// The code: it is there as long as this.
    _library: Library,
}

/// All of a folder, by the names of their files without ending.
#[derive(Default)]
pub(crate) struct Plugins(HashMap<String, Plugin>);

impl Plugins {
    /// Load all of a folder.
    pub(crate) fn load(folder: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot load the plugins of `{}`", folder.display());
        let mut plugins = HashMap::new();
        for entry in fs::read_dir(folder).with_context(cannot)? {
            let file = entry.with_context(cannot)?.path();
            let name = file.file_stem().and_then(|stem| stem.to_str()).with_context(cannot)?.to_owned();
            plugins.insert(name, load(&file).with_context(cannot)?);
        }
        Ok(Self(plugins))
    }

    /// What the plugin of that name answers, or what it says is wrong; none if there is no such plugin.
    pub(crate) fn convert(&self, name: &str, request: &[u8]) -> Option<Result<Vec<u8>, String>> {
        let plugin = self.0.get(name)?;
        let mut answer: Vec<u8> = Vec::new();
        // SAFETY: the function is the plugin's, of our own source; it calls `take` before it returns, with what it was given.
        #[expect(unsafe_code, reason = "a shared object has no other way to be called")]
        let good =
            unsafe { (plugin.convert)(request.as_ptr(), request.len(), (&raw mut answer).cast::<c_void>(), take) };
        Some(if good { Ok(answer) } else { Err(String::from_utf8_lossy(&answer).into_owned()) })
    }
}

extern "C" fn take(context: *mut c_void, answer: *const u8, length: usize) {
    // SAFETY: the context is the vector of `convert`, which waits, and the answer has so many bytes.
    #[expect(unsafe_code, reason = "a shared object has no other way to answer")]
    let (into, answer) = unsafe { (&mut *context.cast::<Vec<u8>>(), std::slice::from_raw_parts(answer, length)) };
    into.extend_from_slice(answer);
}

/// Load one.
fn load(file: &Path) -> anyhow::Result<Plugin> {
    // SAFETY: it is `bench-plugin`, built beside this program: it does nothing when it is loaded, and its function has this type.
    #[expect(unsafe_code, reason = "there is no other way to load a shared object")]
    unsafe {
        let library = Library::new(file)?;
        let convert = *library.get::<Convert>(b"bench_convert\0")?;
        Ok(Plugin { convert, _library: library })
    }
}
