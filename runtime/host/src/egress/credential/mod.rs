//! How the host proves itself to an endpoint: each kind of credential in the file of its name.
//!
//! Invariant: a credential is written at the last moment, on the request that goes out, over whatever stood there; its values are
//! marked so that the HTTP library neither prints nor indexes them, and are wiped with the request.

mod oauth2;
pub(super) mod placeholder;
mod token;
mod vxp;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use nhip_policies::{Credential, Endpoint, Identity, SecretRef};
use zeroize::Zeroizing;

use self::oauth2::{Client as OAuth2Client, Issuer};
use self::token::{Token, Tokens};
use self::vxp::Signer;
use super::failure::{Failure, FailureCode};
use super::problem::Problems;
use super::request::Draft;
use super::route::{Surroundings, Workshop};
use super::secret::Secret;

const CURE: &str = "provide what the credential refers to, or name another place for it";

/// What proves one request.
#[derive(Debug, Default)]
pub(super) struct Placed {
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// What of it must not come back.
    pub(super) secrets: Vec<Secret>,
    token: Option<Arc<Token>>,
}

/// Places the credential of one endpoint; `T` is how tokens are had, where it needs them.
pub(super) enum Placer<T = Tokens<Issuer>> {
    /// There is no credential.
    Nothing,
    /// The same header on every request.
    Fixed(HeaderName, HeaderValue),
    /// A token of limited life.
    OAuth2(T),
    /// A signature over the headers of the request.
    Vxp(Signer),
}

impl Placer<OAuth2Client> {
    /// Gathers what a credential needs. Secrets that must not come back are added to `guarded`.
    pub(super) fn prepare(
        endpoint: &Endpoint,
        surroundings: &Surroundings<'_>,
        guarded: &mut Vec<Secret>,
        problems: &mut Problems<'_>,
    ) -> Option<Self> {
        let mut bench = Bench { surroundings, guarded, problems };
        match endpoint.credential.as_ref() {
            None => Some(Self::Nothing),
            Some(Credential::Header { name, value }) => {
                let value = bench.secret(value)?;
                let name = HeaderName::from_bytes(name.as_bytes()).ok();
                let value = bench.header(Zeroizing::new(value.expose().to_owned()));
                Some(Self::Fixed(name?, value?))
            }
            Some(Credential::Basic { username, password }) => bench.basic(username, password),
            Some(Credential::Bearer { token }) => {
                let token = bench.secret(token)?;
                let value = bench.header(Zeroizing::new(format!("Bearer {}", token.expose())))?;
                Some(Self::Fixed(AUTHORIZATION, value))
            }
            Some(Credential::OAuth2 { token_url, client_id, client_secret, scope, authentication }) => {
                let id = bench.public(client_id);
                let secret = bench.secret(client_secret);
                let client = OAuth2Client::new(token_url, &id?, &secret?, scope.as_deref(), *authentication);
                Some(Self::OAuth2(client))
            }
            Some(Credential::Vxp { system_id, secret, sign }) => {
                let system_id =
                    bench.identity(system_id).and_then(|id| bench.header(Zeroizing::new(id.expose().to_owned())));
                let secret = bench.secret(secret);
                let clock = Arc::clone(&surroundings.clock);
                Some(Self::Vxp(Signer::new(system_id?, secret?, sign.clone(), clock)))
            }
        }
    }

    /// Gives the credential its way to where tokens are issued, if it needs one.
    pub(super) fn connect(self, workshop: &Workshop<'_>, problems: &mut Problems<'_>) -> Option<Placer> {
        Some(match self {
            Self::Nothing => Placer::Nothing,
            Self::Fixed(name, value) => Placer::Fixed(name, value),
            Self::Vxp(signer) => Placer::Vxp(signer),
            Self::OAuth2(client) => Placer::OAuth2(Tokens::new(Issuer::new(client, workshop, problems)?)),
        })
    }
}

impl Placer {
    /// What proves a request.
    pub(super) async fn place(&self, endpoint: &str, draft: &Draft) -> Result<Placed, Failure> {
        match self {
            Self::Nothing => Ok(Placed::default()),
            Self::Fixed(name, value) => {
                Ok(Placed { headers: vec![(name.clone(), value.clone())], ..Placed::default() })
            }
            Self::OAuth2(tokens) => match tokens.get().await {
                Ok(token) => Ok(Placed::bearing(token)),
                Err(refusal) => Err(no_token(endpoint, &refusal)),
            },
            Self::Vxp(signer) => {
                signer.sign(endpoint, &draft.headers).map(|headers| Placed { headers, ..Placed::default() })
            }
        }
    }

    /// What proves a request whose proof was not accepted, if there is something better: a fresh token.
    pub(super) async fn replace(&self, endpoint: &str, refused: &Placed) -> Option<Result<Placed, Failure>> {
        let (Self::OAuth2(tokens), Some(token)) = (self, &refused.token) else {
            return None;
        };
        let fresh = tokens.replace(token).await?;
        Some(fresh.map(Placed::bearing).map_err(|refusal| no_token(endpoint, &refusal)))
    }

    /// A fresh token was not accepted either.
    pub(super) fn replacement_was_in_vain(&self) {
        if let Self::OAuth2(tokens) = self {
            tokens.replacement_was_in_vain();
        }
    }
}

impl Placed {
    fn bearing(token: Arc<Token>) -> Self {
        Self {
            headers: vec![(AUTHORIZATION, token.header.clone())],
            secrets: vec![token.text.clone()],
            token: Some(token),
        }
    }
}

fn no_token(endpoint: &str, refusal: &token::Refusal) -> Failure {
    Failure::unsent(FailureCode::Credential, endpoint, format_args!("no token: {refusal}"))
}

/// Resolves the parts of a credential, and notes what cannot be had.
struct Bench<'b, 'p> {
    surroundings: &'b Surroundings<'b>,
    guarded: &'b mut Vec<Secret>,
    problems: &'b mut Problems<'p>,
}

impl Bench<'_, '_> {
    /// Something that must not come back.
    fn secret(&mut self, place: &SecretRef) -> Option<Secret> {
        let secret = self.public(place)?;
        self.guarded.push(secret.clone());
        Some(secret)
    }

    /// Something that is kept where secrets are, but is none: who we are (RFC 6749, section 2.2).
    fn public(&mut self, place: &SecretRef) -> Option<Secret> {
        self.problems.keep(self.surroundings.secrets.resolve(place), CURE)
    }

    fn identity(&mut self, identity: &Identity) -> Option<Secret> {
        match identity {
            Identity::Text(text) => Some(Secret::new(text.clone())),
            Identity::Secret(place) => self.public(place),
        }
    }

    fn header(&mut self, text: Zeroizing<String>) -> Option<HeaderValue> {
        let value = sensitive(text);
        if value.is_none() {
            self.problems.add(
                "a part of its credential cannot stand in a header: it has line breaks or letters beyond ASCII",
                "check that the secret is the one that is meant, without a line break inside",
            );
        }
        value
    }

    /// RFC 7617, section 2.
    fn basic(&mut self, username: &Identity, password: &SecretRef) -> Option<Placer<OAuth2Client>> {
        let username = self.identity(username);
        let password = self.secret(password);
        let (username, password) = (username?, password?);
        if username.expose().contains(':') {
            self.problems.add("the user name of its credential has a `:`", "HTTP Basic cannot carry such a name");
            return None;
        }
        let pair = Zeroizing::new(format!("{}:{}", username.expose(), password.expose()));
        let encoded = Secret::new(STANDARD.encode(pair.as_bytes()));
        let value = self.header(Zeroizing::new(format!("Basic {}", encoded.expose())))?;
        self.guarded.push(encoded);
        Some(Placer::Fixed(AUTHORIZATION, value))
    }
}

/// A header value that the HTTP library does not print, and that is wiped with its last copy. `None` for what could begin another line
/// or be decoded differently.
fn sensitive(text: Zeroizing<String>) -> Option<HeaderValue> {
    if !text.bytes().all(|b| b.is_ascii_graphic() || b == b' ' || b == b'\t') {
        return None;
    }
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).ok()?;
    value.set_sensitive(true);
    Some(value)
}
