//! Keeps a guest from reading its endpoint's secrets out of an answer that repeats them.
//!
//! Some systems echo what they were sent: a request's body in an error message, a header in a debug page. Replacing the secret would
//! change bytes that may be evidence, so an answer that holds one is withheld as a whole. Looked for are the secrets of the endpoint,
//! the token in use, and what was put in the place of placeholders, as they were written. Not looked for are texts shorter than
//! [`SHORTEST`] bytes, which occur by chance; and no search finds what an upstream system encoded, compressed or cut apart. The guard
//! is a second fence: the first is that upstream systems are chosen by the operator.

use memchr::memmem;

use super::answer::Response;
use super::secret::Secret;

/// Shortest text that is looked for, in bytes.
pub(super) const SHORTEST: usize = 8;

/// Whether an answer, in a header or in its body, holds one of the secrets.
pub(super) fn repeats<'s>(response: &Response, secrets: impl IntoIterator<Item = &'s Secret>) -> bool {
    let looked_for =
        secrets.into_iter().map(|secret| secret.expose().as_bytes()).filter(|secret| secret.len() >= SHORTEST);
    for secret in looked_for {
        let holds = |text: &[u8]| memmem::find(text, secret).is_some();
        let in_headers = response.headers.iter().any(|(name, value)| holds(name.as_bytes()) || holds(value.as_bytes()));
        if in_headers || holds(&response.body) {
            return true;
        }
    }
    false
}
