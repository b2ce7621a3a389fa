//! What is missing around a policy is told all at once, before anything is live, and without a secret.

use std::os::unix::fs::symlink;

use nhip_policies::SecretRef;

use super::pki::{Authority, file};
use super::*;

fn problems(sections: &str) -> Vec<String> {
    let problems = make(&policy(sections), Arc::new(SystemResolver)).expect_err("problems");
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn all_problems_of_all_endpoints_are_told() {
    let one = inside(
        "http://127.0.0.1:1",
        "credential = { basic = { username = \"env:NO_NAME\", password = \"env:NO_PASSWORD\" } }\nsecrets = { PIN = \"file:/nowhere/pin\" }",
    );
    let two = endpoint("https://upstream.test", "tls = { ca = \"/nowhere/ca.pem\" }")
        .replace("endpoints.db", "endpoints.two");
    let told = problems(&format!("{one}{two}"));
    let expected = [
        "`db`: `/nowhere/pin` cannot be read",
        "`db`: the environment variable `NO_NAME`",
        "`db`: the environment variable `NO_PASSWORD`",
        "`two`: `/nowhere/ca.pem`",
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for part in expected {
        assert!(told.iter().any(|told| told.contains(part) && told.contains("(hint: ")), "{part} is not in {told:?}");
    }
}

#[test]
fn what_cannot_be_a_credential_is_told_without_it() {
    let cases = [
        "credential = { header = { name = \"X-Api-Key\", value = \"env:TWO_LINES\" } }",
        "credential = { bearer = { token = \"env:AWKWARD\" } }",
        "credential = { basic = { username = \"a:b\", password = \"env:PASSWORD\" } }",
    ];
    for case in cases {
        let told = problems(&inside("http://127.0.0.1:1", case));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(!told[0].contains("smuggled") && !told[0].contains("planted"), "{told:?}");
    }
}

#[test]
fn certificates_and_keys_are_looked_at() {
    let authority = Authority::new("ours");
    let (ca, certified, other) = (authority.file(), authority.certify("a.test"), authority.certify("b.test"));
    let (cert, key, wrong_key) = (certified.certificate_file(), certified.key_file(), other.key_file());
    let garbage = file("planted-password-31c9");
    let broken = file("-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n");
    let tls = |ca: &tempfile::NamedTempFile, cert: &tempfile::NamedTempFile, key: &tempfile::NamedTempFile| {
        let [ca, cert, key] = [ca, cert, key].map(|file| file.path().display().to_string());
        let tls = format!(
            "tls = {{ ca = \"{ca}\", client-certificate = {{ cert = \"file:{cert}\", key = \"file:{key}\" }} }}"
        );
        endpoint("https://upstream.test", &tls)
    };
    assert!(make(&policy(&tls(&ca, &cert, &key)), Arc::new(SystemResolver)).is_ok());
    let cases = [
        (tls(&garbage, &cert, &key), "holds no certificate"),
        (tls(&broken, &cert, &key), "cannot be used"),
        (tls(&ca, &garbage, &key), "holds no certificate in PEM"),
        (tls(&ca, &cert, &garbage), "holds no private key in PEM"),
        (tls(&ca, &cert, &wrong_key), "are not a usable pair"),
    ];
    for (sections, part) in cases {
        let told = problems(&sections);
        assert!(told.len() == 1 && told[0].contains(part), "{part} is not in {told:?}");
        assert!(!told[0].contains("planted"), "{told:?}");
    }
}

#[test]
fn https_without_any_authority_is_told() {
    let told = problems(&endpoint("https://upstream.test", ""));
    assert!(told.len() == 1 && told[0].contains("trusts no authority"), "{told:?}");
}

#[test]
fn secrets_are_read_from_files_with_care() {
    let source = FileAndMap::new(secret);
    let folder = tempfile::tempdir().expect("a folder");
    let read = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        source.resolve(&SecretRef::File(path))
    };
    for (bytes, text) in
        [(&b"a b"[..], "a b"), (b"a b\n", "a b"), (b"a b\r\n", "a b"), (b"a\n\n", "a\n"), (b" a ", " a ")]
    {
        assert_eq!(read("good", bytes).expect("a secret").expose(), text);
    }
    assert!(matches!(read("empty", b"\n"), Err(SecretError::Empty(_))));
    assert!(matches!(read("long", &[b'x'; 64 * 1024 + 1]), Err(SecretError::TooLong(_))));
    assert!(matches!(read("binary", &[0xff, 0xfe, b'p']), Err(SecretError::NotText(_))));
    let folder_itself = source.resolve(&SecretRef::File(folder.path().to_owned()));
    assert!(matches!(folder_itself, Err(SecretError::Unreadable { .. })));
    // As secrets are mounted in a container.
    let link = folder.path().join("link");
    symlink(folder.path().join("good"), &link).expect("a link");
    assert_eq!(source.resolve(&SecretRef::File(link)).expect("a secret").expose(), " a ");
    assert!(matches!(source.resolve(&SecretRef::Env("NOWHERE".to_owned())), Err(SecretError::NotSet(_))));
}
