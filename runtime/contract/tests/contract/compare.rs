//! Two versions of a contract: what breaks a JSON caller and what does not, rule by rule.

use nhip_contract::{ChangeKind, compare};

use crate::support::contract;

/// Path, kind and whether it breaks, for two texts of an interface.
fn changes(old: &str, new: &str) -> Vec<(String, ChangeKind, bool)> {
    compare(&contract(old), &contract(new))
        .into_iter()
        .map(|change| (change.path, change.kind, change.breaking))
        .collect()
}

#[test]
fn the_same_contract_has_no_changes() {
    let text = "record r { a: u8 } f: func(x: list<r>) -> result<r, string>; g: func();";
    assert_eq!(changes(text, text), []);
}

#[test]
fn a_type_under_another_name_is_the_same_to_a_caller() {
    assert_eq!(changes("record a { x: u8 } f: func(v: a);", "record b { x: u8 } f: func(v: b);"), []);
}

#[test]
fn each_change_of_a_request_breaks_or_not() {
    use ChangeKind::{Added, Presence, Removed, Type};
    let f = |params: &str| format!("record none {{ z: u8 }} f: func({params});");
    let cases = [
        ("a: u8", "", "f.a", Removed, true),
        ("", "a: u8", "f.a", Added, true),
        ("", "a: option<u8>", "f.a", Added, false),
        ("a: u8", "a: option<u8>", "f.a", Presence, false),
        ("a: option<u8>", "a: u8", "f.a", Presence, true),
        ("a: u8", "a: u16", "f.a", Type, false),
        ("a: u16", "a: u8", "f.a", Type, true),
        ("a: u32", "a: s64", "f.a", Type, false),
        ("a: s32", "a: u64", "f.a", Type, true),
        ("a: f32", "a: f64", "f.a", Type, false),
        ("a: f64", "a: f32", "f.a", Type, true),
        ("a: string", "a: u8", "f.a", Type, true),
        ("a: list<u8>", "a: list<u16>", "f.a", Type, true),
        ("a: list<u16>", "a: list<u32>", "f.a[]", Type, false),
        ("a: tuple<u8, bool>", "a: tuple<u8, string>", "f.a.1", Type, true),
        ("a: tuple<u8, bool>", "a: tuple<u8>", "f.a", Type, true),
        ("a: option<u8>", "a: option<string>", "f.a", Type, true),
        ("a: u8", "a: option<option<u8>>", "f.a", Type, true),
        ("a: tuple<result<u8>>", "a: tuple<result<u8, string>>", "f.a.0.err", Added, true),
    ];
    for (old, new, path, kind, breaking) in cases {
        assert_eq!(changes(&f(old), &f(new)), [(path.to_owned(), kind, breaking)], "({old}) to ({new})");
    }
}

#[test]
fn each_change_of_an_answer_breaks_or_not() {
    use ChangeKind::{Added, Presence, Removed, Type};
    let f = |answer: &str| format!("f: func(){answer};");
    let cases = [
        ("", " -> u8", "f.answer", Added, true),
        (" -> u8", "", "f.answer", Removed, true),
        (" -> u16", " -> u8", "f.answer", Type, false),
        (" -> u8", " -> u16", "f.answer", Type, true),
        (" -> u64", " -> u32", "f.answer", Type, false),
        (" -> f64", " -> f32", "f.answer", Type, false),
        (" -> option<u8>", " -> u8", "f.answer", Presence, false),
        (" -> u8", " -> option<u8>", "f.answer", Presence, true),
        (" -> u8", " -> result<u8>", "f.fault", Added, true),
        (" -> result<u8>", " -> u8", "f.fault", Removed, false),
        (" -> result<u8, u16>", " -> result<u8, u8>", "f.fault", Type, false),
        (" -> result<u8, string>", " -> result<string, string>", "f.answer", Type, true),
    ];
    for (old, new, path, kind, breaking) in cases {
        assert_eq!(changes(&f(old), &f(new)), [(path.to_owned(), kind, breaking)], "{old} to {new}");
    }
}

#[test]
fn members_and_cases_count_by_the_side_they_are_on() {
    use ChangeKind::{Added, Removed};
    let request = |types: &str| format!("{types} f: func(v: t);");
    let answer = |types: &str| format!("{types} f: func() -> t;");
    let small = ["record t { a: u8 }", "variant t { a(u8) }", "enum t { a }", "flags t { a }"];
    let large = ["record t { a: u8, b: u8 }", "variant t { a(u8), b }", "enum t { a, b }", "flags t { a, b }"];
    for (small, large) in small.into_iter().zip(large) {
        let record = small.starts_with("record");
        let added = |path: &str, breaking| vec![(path.to_owned(), Added, breaking)];
        let removed = |path: &str, breaking| vec![(path.to_owned(), Removed, breaking)];
        assert_eq!(changes(&request(small), &request(large)), added("f.v.b", record), "{large} asked");
        assert_eq!(changes(&request(large), &request(small)), removed("f.v.b", true), "{small} asked");
        assert_eq!(changes(&answer(small), &answer(large)), added("f.answer.b", !record), "{large} answered");
        assert_eq!(changes(&answer(large), &answer(small)), removed("f.answer.b", record), "{small} answered");
    }
    let optional = changes(&answer("record t { a: u8, b: option<u8> }"), &answer("record t { a: u8 }"));
    assert_eq!(optional, [("f.answer.b".to_owned(), Removed, false)]);
}

#[test]
fn functions_may_come_but_not_go() {
    let old = "f: func(); g: func();";
    let new = "g: func(); h: func();";
    assert_eq!(
        changes(old, new),
        [("f".to_owned(), ChangeKind::Removed, true), ("h".to_owned(), ChangeKind::Added, false)]
    );
}

#[test]
fn the_order_of_members_does_not_matter() {
    assert_eq!(changes("record r { a: u8, b: u8 } f: func(v: r);", "record r { b: u8, a: u8 } f: func(v: r);"), []);
}

#[test]
fn descriptions_may_change() {
    let old = contract("f: func();");
    let mut new = old.clone();
    new.docs = Some("Now with words.".to_owned());
    let changes = compare(&old, &new);
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].kind, changes[0].breaking), (ChangeKind::Docs, false));
}
