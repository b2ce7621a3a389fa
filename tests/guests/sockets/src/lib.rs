//! A component that must not be admitted: it opens sockets of its own.

#[expect(warnings, reason = "generated code")]
mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "adapter", generate_all });
}

use bindings::exports::test::sockets::dial::Guest;

#[used]
#[unsafe(link_section = "nhip:adapter")]
static MANIFEST: [u8; include_bytes!("../adapter.toml").len()] = *include_bytes!("../adapter.toml");

struct Sockets;

bindings::export!(Sockets with_types_in bindings);

impl Guest for Sockets {
    fn connect(address: String) -> Result<(), String> {
        std::net::TcpStream::connect(address).map(drop).map_err(|error| error.to_string())
    }
}
