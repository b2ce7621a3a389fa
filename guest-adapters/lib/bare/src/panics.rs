//! The end of an adapter that panics: its words go into the log, and then it traps, as with the standard library.

use core::panic::PanicInfo;

#[cfg(feature = "log")]
#[allow(missing_docs, unsafe_code, reason = "generated code")]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit/deps/logging.wit", "wit"],
        world: "nhip:guest-bare/bare",
        generate_all,
    });
}

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    say(info);
    // The host's log shows the functions that were under way.
    core::arch::wasm32::unreachable()
}

#[cfg(feature = "log")]
fn say(info: &PanicInfo<'_>) {
    use crate::words::Words;
    use bindings::wasi::logging::logging::{Level, log};
    // Nothing is allocated: it may be for want of memory that we are here.
    let mut words = Words::default();
    words.add(format_args!("{info}"));
    log(Level::Critical, "panic", words.text());
}

#[cfg(not(feature = "log"))]
fn say(_info: &PanicInfo<'_>) {}
