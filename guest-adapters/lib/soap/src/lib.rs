//! SOAP 1.1 envelopes (W3C Note, 8 May 2000): written for a request, read from an answer.
//!
//! Only what a caller of a document/literal service needs: one element in the body each way, and faults. Invariant: an answer
//! is told apart into content, fault and nothing by namespace and local name; anything else is a mistake with its place.

use xml::{Document, Element, Limits, Mistake, Unwritable, Writer};

/// The namespace of SOAP 1.1.
pub const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// The namespace of SOAP 1.2, which is told from other mistakes because it is the likeliest one.
const ENVELOPE_12: &str = "http://www.w3.org/2003/05/soap-envelope";

/// The media type of a message (section 6).
pub const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// Write an envelope whose body is what `body` writes.
///
/// # Errors
/// A value that XML cannot carry.
pub fn write(body: impl FnOnce(&mut Writer)) -> Result<Vec<u8>, Unwritable> {
    let mut writer = Writer::new();
    writer.element("soapenv:Envelope", &[("xmlns:soapenv", ENVELOPE)], |w| {
        w.element("soapenv:Header", &[], |_| {});
        w.element("soapenv:Body", &[], body);
    });
    writer.finish()
}

/// An envelope that was read.
#[derive(Debug)]
pub struct Envelope<'a> {
    document: Document<'a>,
}

/// What the body of an envelope holds.
#[derive(Debug)]
pub enum Content<'e, 'a> {
    /// Nothing.
    Empty,
    /// The first element.
    Element(&'e Element<'a>),
    /// A fault.
    Fault(Fault),
}

/// A fault (section 4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `faultcode` without its prefix: `Client`, `Server`, `Client.Authentication`.
    pub code: String,
    /// `faultstring`. It may repeat values of the request: not for logs or callers.
    pub text: String,
    /// The text of the first element in `detail` whose name speaks of a code, e.g. `code`, `ErrorCode`, `MaLoi`.
    pub detail_code: Option<String>,
}

/// Read an envelope of at most 64 MiB.
///
/// # Errors
/// What makes it not a SOAP 1.1 envelope, and where.
pub fn read(bytes: &[u8]) -> Result<Envelope<'_>, Mistake> {
    let document = xml::read(bytes, &Limits::default())?;
    let root = &document.root;
    if !root.is(ENVELOPE, "Envelope") {
        let message = if root.is(ENVELOPE_12, "Envelope") {
            "the envelope is of SOAP 1.2, not 1.1".to_owned()
        } else {
            format!("not a SOAP envelope: the outermost element is `{}`", root.local)
        };
        return Err(document.mistake(root, &root.local, message));
    }
    if root.child(ENVELOPE, "Body").is_none() {
        return Err(document.mistake(root, "Envelope", "the envelope has no `Body`"));
    }
    Ok(Envelope { document })
}

impl<'a> Envelope<'a> {
    /// What the body holds.
    #[must_use]
    pub fn content(&self) -> Content<'_, 'a> {
        let body = self.document.root.child(ENVELOPE, "Body");
        match body.and_then(|body| body.children.first()) {
            None => Content::Empty,
            Some(element) if element.is(ENVELOPE, "Fault") => Content::Fault(fault(element)),
            Some(element) => Content::Element(element),
        }
    }

    /// A mistake at the start of an element of this envelope.
    #[must_use]
    pub fn mistake(&self, element: &Element<'_>, message: &str) -> Mistake {
        self.document.mistake(element, &element.local, message)
    }
}

/// The parts of a fault. They should have no namespace, but some services give them one.
fn fault(element: &Element<'_>) -> Fault {
    let part = |name: &str| element.children.iter().find(|child| child.local == name);
    let text = |name: &str| part(name).map(Element::trimmed).unwrap_or_default();
    let code = text("faultcode");
    let code = code.split_once(':').map_or(code, |(_, local)| local);
    Fault {
        code: code.to_owned(),
        text: text("faultstring").to_owned(),
        detail_code: part("detail").and_then(find_code),
    }
}

fn find_code(element: &Element<'_>) -> Option<String> {
    element.children.iter().find_map(|child| {
        let name = child.local.to_ascii_lowercase();
        let is_code = name.ends_with("code") || name == "maloi";
        let text = child.trimmed();
        if is_code && child.children.is_empty() && !text.is_empty() {
            return Some(text.to_owned());
        }
        find_code(child)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wrapped(body: &str) -> String {
        format!("<s:Envelope xmlns:s=\"{ENVELOPE}\"><s:Header/><s:Body>{body}</s:Body></s:Envelope>")
    }

    #[test]
    fn a_fault_is_taken_apart() {
        let text = wrapped(
            "<s:Fault><faultcode>s:Client</faultcode><faultstring>no &lt;key&gt;</faultstring>\
             <detail><r xmlns='urn:x'><field>f</field><code> WRONG_KEY </code></r></detail></s:Fault>",
        );
        let envelope = read(text.as_bytes()).unwrap();
        let Content::Fault(fault) = envelope.content() else { panic!() };
        let expected = ("Client", "no <key>", Some("WRONG_KEY"));
        assert_eq!((fault.code.as_str(), fault.text.as_str(), fault.detail_code.as_deref()), expected);
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        assert!(matches!(read(wrapped("").as_bytes()).unwrap().content(), Content::Empty));
        assert!(read(b"<html/>").unwrap_err().message.contains("`html`"));
        let newer = wrapped("").replace(ENVELOPE, ENVELOPE_12);
        assert!(read(newer.as_bytes()).unwrap_err().message.contains("SOAP 1.2"));
        let bodiless = format!("<s:Envelope xmlns:s=\"{ENVELOPE}\"/>");
        assert!(read(bodiless.as_bytes()).unwrap_err().message.contains("`Body`"));
    }

    proptest! {
        #[test]
        fn text_is_carried_unchanged(text in any::<String>()) {
            let written = write(|w| w.element("a", &[("xmlns", "urn:a")], |w| w.leaf("b", &text)));
            let Ok(bytes) = written else {
                prop_assert!(!text.chars().all(xml::is_allowed));
                return Ok(());
            };
            let envelope = read(&bytes).unwrap();
            let Content::Element(a) = envelope.content() else { panic!() };
            prop_assert_eq!(&*a.child("urn:a", "b").unwrap().text, text.as_str());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(envelope) = read(&bytes) {
                let _ = envelope.content();
            }
        }
    }
}
