//! Whatever a secret is, its reader gets it back, and nothing around it.

use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::*;

/// Reads back what was escaped for XML; panics where markup got through.
fn read_xml(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        let (entity, after) = rest[at + 1..].split_once(';').expect("the end of an entity");
        plain.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            number => {
                let number = number.strip_prefix('#').and_then(|number| number.parse().ok());
                number.and_then(char::from_u32).expect("a character")
            }
        });
        rest = after;
    }
    plain.push_str(rest);
    assert!(!text.contains(['<', '>', '"', '\'', '\n', '\r', '\t']), "{text}");
    plain
}

proptest! {
    #[test]
    fn a_reader_gets_the_secret_back(secret in any::<String>()) {
        let json = Escape::Json.write(&secret).expect("all text fits JSON");
        prop_assert_eq!(&serde_json::from_str::<String>(&format!("\"{json}\"")).expect("a string"), &secret);

        let form = Escape::Form.write(&secret).expect("all text fits a form");
        prop_assert!(form.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
        prop_assert_eq!(&percent_decode_str(&form).decode_utf8().expect("text"), &secret);

        let allowed = |c: char| !matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}');
        match Escape::Xml.write(&secret) {
            Some(xml) => prop_assert_eq!(&read_xml(&xml), &secret),
            None => prop_assert!(!secret.chars().all(allowed)),
        }
    }
}

#[test]
fn a_content_type_without_a_rule_has_none() {
    for none in [
        "",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "text/html",
        "application/json; charset=latin1",
        "json",
        "text/xmlx",
    ] {
        assert_eq!(Escape::of(none), None, "{none}");
    }
    assert_eq!(Escape::of("Application/JSON ; Charset=\"utf-8\""), Some(Escape::Json));
    assert_eq!(Escape::of("application/soap+xml; charset=utf-8; action=\"a;b\""), Some(Escape::Xml));
}
