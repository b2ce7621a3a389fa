//! Paths that try to be something else, by the thousand: what passes means one thing, and that was granted.

use nhip_policies::PathRule;
use proptest::prelude::*;
use url::Url;

use crate::egress::{endpoint, register};

/// Pieces of which nasty paths are made.
fn nasty_path() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "/",
        "//",
        ".",
        "..",
        "/../",
        "/./",
        "..;",
        ";",
        "%2e%2e",
        "%2E%2E",
        "%252e%252e",
        "%252E%252E/",
        "%2f",
        "%252F",
        "%5c",
        "\\",
        "..\\",
        "%",
        "%25",
        "api",
        "tracuu",
        "x",
        "?",
        "#",
        "@",
        ":",
        "%00",
        "\u{0}",
        " ",
        "\u{ff0f}",
        "\u{2024}",
        "*",
        "%C3%A1",
        "~",
        "%61",
        "%3B",
        "é",
    ]);
    // Few at one time: one piece that is refused hides what the others would have done.
    let pieces = proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat());
    prop_oneof![4 => pieces.clone(), 4 => pieces.prop_map(|path| format!("/api/{path}")), 1 => any::<String>()]
}

/// Everything a lenient server might do to a path, done: the path it would come to.
fn as_a_lenient_server_reads_it(path: &str) -> String {
    let mut path = path.to_owned();
    for _ in 0..3 {
        path = percent_decoded(&path).replace('\\', "/");
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment.split(';').next().unwrap_or_default().trim() {
            "." | "" => {}
            ".." => drop(segments.pop()),
            plain => segments.push(plain),
        }
    }
    format!("/{}", segments.join("/"))
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The URL is put together as text. Every pair of characters, and every encoded byte, that passes in it is what a URL library reads and
/// writes there, too; only `'` in a query is one that such a library would encode, and need not (RFC 3986, section 3.4).
#[test]
fn whatever_passes_is_what_a_url_library_reads() {
    let register = register();
    let signs: Vec<String> = (0..=127)
        .map(|byte| char::from(byte).to_string())
        .chain((0..=255).map(|byte| format!("%{byte:02X}")))
        .collect();
    let mut passed = 0;
    for (first, second) in signs.iter().flat_map(|first| signs.iter().map(move |second| (first, second))) {
        let pair = format!("{first}{second}");
        for path in [format!("/api/{pair}"), format!("/api/{pair}/"), format!("/api/x?{pair}")] {
            let Ok(text) = register.decide("GET", &path, [""; 0]) else { continue };
            let url = Url::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(url.as_str().replace("%27", "'"), text.replace("%27", "'"), "it is written differently");
            assert_eq!(format!("{}{path}", register.url), text, "it is not what was asked for, below the base");
            let (base, below) = (register.url.path(), path.split('?').next().unwrap_or_default());
            assert_eq!(url.path(), format!("{base}{below}"));
            passed += 1;
        }
    }
    // Some hundred signs pass, in three places each.
    assert!(passed > 3 * 100 * 100, "{passed}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn no_spelling_of_a_path_leads_outside_the_rules(path in nasty_path()) {
        let register = register();
        if let Ok(text) = register.decide("GET", &path, [""; 0]) {
            let url = Url::parse(&text).expect("is a URL");
            prop_assert_eq!(url.as_str(), &text, "a library writes it differently");
            prop_assert_eq!(url.origin(), register.url.origin());
            prop_assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
            let below = url.path().strip_prefix("/dancu/1.0").expect("is below the base");
            prop_assert_eq!(below, path.split('?').next().expect("has a path"));
            let read = as_a_lenient_server_reads_it(below);
            prop_assert!(read == "/tracuu" || read == "/api" || read.starts_with("/api/"), "{} is read as {}", path, read);
        }
    }

    #[test]
    fn a_rule_that_includes_another_lets_all_its_paths_through(
        own in "(/[ab]{1,2}){0,3}(/|/\\*)?",
        other in "(/[ab]{1,2}){0,3}(/|/\\*)?",
        below in "[ab]{0,2}(/[ab]{0,2})?",
    ) {
        let (Ok(own), Ok(other)) = (own.parse::<PathRule>(), other.parse::<PathRule>()) else { return Ok(()) };
        let with = |rule: &PathRule| endpoint(&format!(
            "url = \"https://db.example\"\nmethods = [\"GET\"]\npaths = [\"{rule}\"]\n"
        ));
        let path = match &other {
            PathRule::Exact(path) => path.clone(),
            PathRule::Below(prefix) => format!("{prefix}{below}"),
        };
        if own.includes(&other) && with(&other).decide("GET", &path, [""; 0]).is_ok() {
            prop_assert!(with(&own).decide("GET", &path, [""; 0]).is_ok(), "{own} {other} {path}");
        }
    }
}
