//! A component that must not be admitted: its contract hands out resources, and it imports an interface of a stranger.

#[expect(warnings, reason = "generated code")]
mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "adapter", generate_all });
}

use bindings::exports::test::foreign::handles::{Guest, GuestTicket, Ticket};

#[used]
#[unsafe(link_section = "nhip:adapter")]
static MANIFEST: [u8; include_bytes!("../adapter.toml").len()] = *include_bytes!("../adapter.toml");

struct Foreign;

bindings::export!(Foreign with_types_in bindings);

struct Name(String);

impl GuestTicket for Name {
    fn new(name: String) -> Self {
        Self(name)
    }

    fn name(&self) -> String {
        self.0.clone()
    }
}

impl Guest for Foreign {
    type Ticket = Name;

    fn issue(name: String) -> Ticket {
        Ticket::new(Name(name))
    }

    fn harmless() -> String {
        bindings::test::foreign::vault::open_the_vault()
    }
}
