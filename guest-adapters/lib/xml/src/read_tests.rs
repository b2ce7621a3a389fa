//! What is read, what is refused and where, and that no bytes make it panic.

use super::*;
use proptest::prelude::*;

fn refused(text: &str) -> Mistake {
    read(text.as_bytes(), &Limits::default()).unwrap_err()
}

#[test]
fn names_are_namespace_and_local_name() {
    let text = r#"<p:a xmlns:p="urn:1" xmlns="urn:1"><b/><c xmlns="urn:2" p:k="v" l="w"/><d xmlns=""/></p:a>"#;
    let document = read(text.as_bytes(), &Limits::default()).unwrap();
    assert!(document.root.is("urn:1", "a"));
    assert!(document.root.children[0].is("urn:1", "b"));
    let c = &document.root.children[1];
    assert!(c.is("urn:2", "c"));
    assert_eq!(c.attribute("urn:1", "k"), Some("v"));
    assert_eq!(c.attribute("urn:9", "l"), Some("w"));
    assert_eq!(document.root.children[2].namespace, None);
    assert_eq!(document.verbatim(c), r#"<c xmlns="urn:2" p:k="v" l="w"/>"#);
}

#[test]
fn text_is_joined_and_resolved() {
    let text = "\u{feff}<?xml version='1.0' encoding='utf-8'?>\r\n<a>1 &lt;<!-- c -->&#x1EA5;\r\n<![CDATA[<&]]></a>\n";
    let document = read(text.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(document.root.text, "1 <ấ\n<&");
}

#[test]
fn declarations_of_types_and_entities_are_refused() {
    let xxe = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n<a>&x;</a>";
    assert!(refused(xxe).message.contains("DOCTYPE"));
    let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
    assert!(refused(bomb).message.contains("DOCTYPE"));
    let mistake = refused("<a>\n <b>&nbsp;</b></a>");
    assert_eq!((mistake.place.line, mistake.place.column, mistake.path.as_str()), (2, 5, "a/b"));
}

#[test]
fn what_is_not_well_formed_is_refused_with_its_place() {
    for text in [
        "",
        "  ",
        "hello",
        "{\"a\":1}",
        "<a>",
        "<a></b>",
        "</a>",
        "<a/><b/>",
        "<a/>x",
        "<a b=1/>",
        "<a b='1' b='2'/>",
        "<a xmlns:p='u' xmlns:q='u' p:k='1' q:k='2'/>",
        "<p:a/>",
        "<1a/>",
        "<a:b:c xmlns:a='u'/>",
        "<a>&#0;</a>",
        "<a>&#xB;</a>",
        "<a>\u{1}</a>",
        "<a k='&#x1;'/>",
        "<a k='<'/>",
        "<a><!-- -- --></a>",
        "<?xml version='1.1'?><a/>",
        "<?xml version='1.0' encoding='utf-16'?><a/>",
        "<a/><?xml version='1.0'?>",
        "<a><![CDATA[x</a>",
        "<![CDATA[x]]><a/>",
    ] {
        assert!(read(text.as_bytes(), &Limits::default()).is_err(), "accepted: {text:?}");
    }
    let mistake = refused("<a>\n  <b>\n</a>");
    assert_eq!((mistake.place.line, mistake.place.column), (3, 1));
    let mistake = read(b"<a>\n\xff</a>", &Limits::default()).unwrap_err();
    assert_eq!((mistake.place.line, mistake.place.column), (2, 1));
    assert!(read(b"\xff\xfe<\0", &Limits::default()).unwrap_err().message.contains("UTF-16"));
}

#[test]
fn size_depth_and_number_are_bounded() {
    let limits = Limits { bytes: 100, depth: 3, elements: 5 };
    let refused = |text: &str| read(text.as_bytes(), &limits).unwrap_err().message;
    assert!(refused(&" ".repeat(101)).contains("101 bytes"));
    assert!(refused("<a><a><a><a/></a></a></a>").contains("deeper than 3"));
    assert!(refused("<a><b/><b/><b/><b/><b/></a>").contains("more than 5"));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = read(&bytes, &Limits::default());
    }

    #[test]
    fn arbitrary_markup_never_panics(parts in prop::collection::vec(
        prop::sample::select(vec!["<a>", "</a>", "<p:b ", "xmlns:p='u'", "/>", ">", "<!--", "-->", "<![CDATA[", "]]>", "&", "#x", ";",
            "amp", "<!DOCTYPE", "<?xml version='1.0'", "?>", "'", "\"", "=", " ", "ấ", "\r", "xmlns", ":", "\u{feff}"]), 0..40)) {
        let _ = read(parts.concat().as_bytes(), &Limits::default());
    }
}
