//! Who may call what, and for which purpose.

use nhip_policies::{CallerName, Callers, DenialCode};

use crate::{LEAST, policy};

fn callers(text: &str) -> Callers {
    policy(&format!("{LEAST}{text}")).callers
}

fn decide(callers: &Callers, caller: &str, function: &str, purpose: Option<&str>) -> Option<DenialCode> {
    let caller: CallerName = caller.parse().expect("is a name");
    callers.decide(&caller, "s", function, purpose).err().map(|denial| denial.code)
}

#[test]
fn nobody_may_call_where_nobody_is_named() {
    for text in ["", "[callers]\n", "[callers]\nallow = []\n", "[callers]\nany-authenticated = false\n"] {
        assert_eq!(decide(&callers(text), "mot-cua", "f", None), Some(DenialCode::CallerNotAllowed), "{text}");
    }
}

#[test]
fn the_named_may_call_and_others_may_not() {
    let callers = callers("[callers]\nallow = [\"mot-cua\"]\n");
    assert_eq!(decide(&callers, "mot-cua", "f", None), None);
    for other in ["mot-cu", "mot-cua-2", "cong-dvc"] {
        assert_eq!(decide(&callers, other, "f", None), Some(DenialCode::CallerNotAllowed));
    }
}

#[test]
fn everybody_known_may_call_where_that_is_said() {
    let callers = callers("[callers]\nany-authenticated = true\nonly = { cong-dvc = [\"s/g\"] }\n");
    assert_eq!(decide(&callers, "mot-cua", "f", None), None);
    assert_eq!(decide(&callers, "cong-dvc", "f", None), Some(DenialCode::FunctionNotAllowed));
}

#[test]
fn a_narrowed_caller_may_call_what_it_is_narrowed_to() {
    let callers = callers("[callers]\nallow = [\"a\", \"b\", \"c\"]\nonly = { b = [\"s/g\"], c = [] }\n");
    assert_eq!(decide(&callers, "a", "f", None), None);
    assert_eq!(decide(&callers, "b", "g", None), None);
    assert_eq!(decide(&callers, "b", "f", None), Some(DenialCode::FunctionNotAllowed));
    assert_eq!(decide(&callers, "c", "g", None), Some(DenialCode::FunctionNotAllowed));
    let b: CallerName = "b".parse().expect("is a name");
    assert!(callers.decide(&b, "t", "g", None).is_err(), "the function of another service");
}

#[test]
fn a_purpose_is_demanded_and_checked() {
    let listed = callers("[callers]\nallow = [\"a\"]\npurposes = [\"tthc\", \"thong-ke\"]\n");
    assert_eq!(decide(&listed, "a", "f", Some("tthc")), None);
    assert_eq!(decide(&listed, "a", "f", Some("TTHC")), Some(DenialCode::PurposeNotAllowed));
    assert_eq!(decide(&listed, "a", "f", None), Some(DenialCode::PurposeMissing));
    assert_eq!(decide(&listed, "a", "f", Some("")), Some(DenialCode::PurposeMissing));
    let required = callers("[callers]\nallow = [\"a\"]\nrequire-purpose = true\n");
    assert_eq!(decide(&required, "a", "f", Some("anything")), None);
    assert_eq!(decide(&required, "a", "f", None), Some(DenialCode::PurposeMissing));
    let open = callers("[callers]\nallow = [\"a\"]\n");
    assert_eq!(decide(&open, "a", "f", None), None);
}
