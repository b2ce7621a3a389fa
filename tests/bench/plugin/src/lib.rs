//! The work of the benchmark as a shared object: what a gateway without sandboxes would load for an adapter.
//!
//! Invariant: nothing but bytes crosses, and no panic does.

use bench_logic::json;
use std::ffi::c_void;

/// Takes the answer, which is the plugin's own only for the time of the call.
type Take = extern "C" fn(context: *mut c_void, answer: *const u8, length: usize);

/// Turn the JSON of a request into that of its receipt, or into a text that says what is wrong: then it returns false.
///
/// # Safety
/// `request` has so many bytes, and `take` may be called with `context`.
#[expect(unsafe_code, reason = "a shared object has no other way to be called")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bench_convert(request: *const u8, length: usize, context: *mut c_void, take: Take) -> bool {
    // SAFETY: the caller says so.
    let request = unsafe { std::slice::from_raw_parts(request, length) };
    let converted = std::panic::catch_unwind(|| {
        let receipt = json::dossier(request).and_then(bench_logic::convert).map_err(|trouble| trouble.message())?;
        serde_json::to_vec(&receipt).map_err(|error| error.to_string())
    });
    let (good, answer) = match converted {
        Ok(Ok(answer)) => (true, answer),
        Ok(Err(wrong)) => (false, wrong.into_bytes()),
        Err(_) => (false, b"the plugin met a defect of its own".to_vec()),
    };
    take(context, answer.as_ptr(), answer.len());
    good
}
