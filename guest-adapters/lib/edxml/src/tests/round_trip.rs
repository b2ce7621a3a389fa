//! What is written is read the same; what is read from arbitrary bytes is a packet or a mistake, never a panic.

use proptest::prelude::*;

use super::made;
use crate::{Packet, WarningCode};

/// The warnings that a made-up packet may cause: its texts are no codes and its dates may be impossible. None of them
/// means that something was left out.
const HARMLESS: &[WarningCode] = &[
    WarningCode::BadDate,
    WarningCode::UnknownCode,
    WarningCode::MissingElement,
    WarningCode::SignatureNamespace,
    WarningCode::ForeignDocumentId,
];

fn comes_back(packet: &Packet) -> Result<(), TestCaseError> {
    let bytes = packet.write().map_err(|error| TestCaseError::fail(error.to_string()))?;
    let (again, warnings) = Packet::read(&bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(&again, packet);
    prop_assert_eq!(again.write().unwrap(), bytes);
    for warning in warnings {
        prop_assert!(HARMLESS.contains(&warning.code), "{:?}", warning);
    }
    Ok(())
}

proptest! {
    #[test]
    fn documents_come_back(document in made::document()) {
        comes_back(&Packet::Document(Box::new(document)))?;
    }

    #[test]
    fn reports_come_back(report in made::status()) {
        comes_back(&Packet::Status(Box::new(report)))?;
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Packet::read(&bytes);
    }

    /// A real packet with a hole, a doubled piece or a changed byte.
    #[test]
    fn damaged_packets_never_panic(document in made::document(), at in any::<prop::sample::Index>(), length in 0usize..200, what in 0u8..3) {
        let mut bytes = Packet::Document(Box::new(document)).write().unwrap();
        let start = at.index(bytes.len());
        let end = (start + length).min(bytes.len());
        match what {
            0 => { bytes.drain(start..end); }
            1 => { let piece = bytes[start..end].to_vec(); bytes.splice(start..start, piece); }
            _ => bytes[start] ^= 0x55,
        }
        if let Ok((packet, _)) = Packet::read(&bytes) {
            let _ = packet.write();
        }
    }
}
