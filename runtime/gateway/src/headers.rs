//! Reading headers whose meaning must be beyond doubt: one value, in plain characters, or none.

use http::{HeaderMap, HeaderName};
use nhip_exchange::{Fault, Kind};

/// The value of a header that may stand once. Surrounding blanks are not part of it.
///
/// # Errors
/// `malformed` when it stands twice or holds anything but visible ASCII characters and blanks. The value is not told.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Fault> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        let text = format!("the header `{}` was given more than once; give it once", shown(name));
        return Err(Fault::new(Kind::Malformed, text));
    }
    match value.to_str() {
        Ok(text) => Ok(Some(text.trim())),
        Err(_) => {
            let text = format!("the header `{}` holds other than visible ASCII characters", shown(name));
            Err(Fault::new(Kind::Malformed, text))
        }
    }
}

/// The name as people write it.
fn shown(name: &HeaderName) -> String {
    let mut start = true;
    let case = |c: char| {
        let cased = if start { c.to_ascii_uppercase() } else { c };
        start = c == '-';
        cased
    };
    name.as_str().chars().map(case).collect()
}
