//! The moment inside an exchange's id. It stays the same when the exchange is tried again, unlike a clock: what is written
//! with it is byte for byte the same at every try.

/// The milliseconds since 1970-01-01T00:00:00Z in a UUIDv7 (RFC 9562, section 5.7), or none if the text is not one.
#[must_use]
pub fn id_millis(id: &str) -> Option<u64> {
    let mut groups = id.split('-');
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    let high = groups.next()?;
    let low = groups.next()?;
    let version = groups.next()?;
    if lengths != [8, 4, 4, 4, 12]
        || !version.starts_with('7')
        || !id.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
    {
        return None;
    }
    u64::from_str_radix(&format!("{high}{low}"), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_time_of_version_seven_only() {
        assert_eq!(id_millis("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), Some(1_645_557_742_000));
        for bad in [
            "",
            "x",
            "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
            "+17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        ] {
            assert_eq!(id_millis(bad), None, "{bad}");
        }
    }
}
