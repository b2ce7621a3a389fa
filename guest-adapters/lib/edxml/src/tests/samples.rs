//! Every packet of the sample folder is read, and written again without a change of meaning.

use std::path::PathBuf;

use crate::{Packet, WarningCode};

fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/systems/samples/edxml");
    let entries = std::fs::read_dir(&folder).expect("the sample folder is there");
    let mut found: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "edxml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("the sample can be read"))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn every_sample_is_read_and_written_again() {
    let samples = samples();
    assert!(!samples.is_empty(), "there are no samples");
    for (name, bytes) in samples {
        let (packet, _) = Packet::read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let written = packet.write().unwrap_or_else(|error| panic!("{name}: {error}"));
        let (again, _) = Packet::read(&written).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(again, packet, "{name}");
    }
}

/// What a sample warns of. A sample that is not here must not warn at all.
#[test]
fn samples_warn_of_exactly_what_is_odd_in_them() {
    for (name, bytes) in samples() {
        let (_, warnings) = Packet::read(&bytes).unwrap();
        let mut codes: Vec<_> = warnings.iter().map(|warning| warning.code).collect();
        codes.dedup();
        let expected: &[WarningCode] = match name.as_str() {
            "impossible-date.edxml" => &[WarningCode::BadDate],
            "foreign-document-id.edxml" => &[WarningCode::ForeignDocumentId],
            "signature-without-namespace.edxml" | "new-document.edxml" => &[WarningCode::SignatureNamespace],
            _ => &[],
        };
        assert_eq!(codes, expected, "{name}: {warnings:?}");
    }
}
