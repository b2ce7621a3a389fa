//! Lower-case hex without the machinery of formatting: ids and digests are written several times for every exchange.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Write two digits for each byte. What does not fit into `out` is left out.
pub(crate) fn write(bytes: &[u8], out: &mut [u8]) {
    for (byte, pair) in bytes.iter().zip(out.chunks_exact_mut(2)) {
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
        if let [high, low] = pair {
            (*high, *low) = (digit(byte >> 4), digit(byte & 15));
        }
    }
}

/// What was written, as text: it is ASCII.
pub(crate) fn text(ascii: &[u8]) -> &str {
    std::str::from_utf8(ascii).unwrap_or_default()
}
