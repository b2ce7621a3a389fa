//! OAuth2 client credentials (RFC 6749, section 4.4): asks the token endpoint, and reads its answer with suspicion.
//!
//! The token endpoint is reached under the rules of the endpoint it is for: vetted addresses, TLS, timeouts. Redirects are not followed,
//! since they would carry the client's secret elsewhere. Invariant: nothing of what the token endpoint says is repeated anywhere but
//! the token itself on requests, and an error code that the standard knows.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Uri};
use http_body_util::{BodyExt, Full, Limited};
use nhip_policies::ClientAuthentication;
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use tokio::time::{Instant, timeout};
use url::Url;
use zeroize::Zeroizing;

use super::super::client::{Client as HttpClient, head_failure};
use super::super::failure::FailureCode;
use super::super::problem::Problems;
use super::super::route::Workshop;
use super::super::secret::Secret;
use super::placeholder::FORM;
use super::sensitive;
use super::token::{Issue, Refusal, Token};

/// Most bytes of an answer of the token endpoint; JSON Web Tokens with many claims fit.
const MOST_ANSWER: usize = 64 * 1024;
/// Longest token: it must fit a header together with the others.
const LONGEST_TOKEN: usize = 16 * 1024;
/// The life of a token of which nothing believable is said. A token that ends earlier is found out by a 401.
const UNSAID: Duration = Duration::from_secs(300);
/// The longest life that is believed.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// The shortest one: a token that ends at once would be fetched for each call.
const SHORTEST_LIFE: Duration = Duration::from_secs(1);
/// How long before its end a token is not used any more, so that it does not end on the way; less where the life is short.
const MARGIN: Duration = Duration::from_secs(5);

/// The error codes of RFC 6749, section 5.2, the only words of the token endpoint that are repeated.
const KNOWN_ERRORS: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// Who asks for a token, and where.
pub(in super::super) struct Client {
    token_url: Url,
    body: Bytes,
    authorization: Option<HeaderValue>,
}

impl Client {
    /// The client credentials, placed as RFC 6749, section 2.3.1, says: both parts form-encoded, in the header or in the form.
    pub(super) fn new(
        token_url: &Url,
        id: &Secret,
        secret: &Secret,
        scope: Option<&str>,
        authentication: ClientAuthentication,
    ) -> Self {
        let encode = |text: &str| Zeroizing::new(utf8_percent_encode(text, FORM).to_string());
        let (id, secret) = (encode(id.expose()), encode(secret.expose()));
        let mut form = String::from("grant_type=client_credentials");
        if let Some(scope) = scope {
            form.push_str("&scope=");
            form.push_str(&encode(scope));
        }
        let (body, authorization) = match authentication {
            ClientAuthentication::Form => (format!("{form}&client_id={}&client_secret={}", *id, *secret), None),
            ClientAuthentication::Basic => {
                let pair = Zeroizing::new(format!("{}:{}", *id, *secret));
                // Base64 can always stand in a header.
                (form, sensitive(Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())))))
            }
        };
        Self { token_url: token_url.clone(), body: Bytes::from_owner(Zeroizing::new(body)), authorization }
    }
}

/// A client and its way to the token endpoint.
pub(in super::super) struct Issuer {
    endpoint: String,
    uri: Uri,
    client: Client,
    http: HttpClient,
    within: Duration,
}

impl Issuer {
    pub(super) fn new(client: Client, workshop: &Workshop<'_>, problems: &mut Problems<'_>) -> Option<Self> {
        let http = workshop.client(&client.token_url, 1, problems)?;
        let Ok(uri) = Uri::try_from(client.token_url.as_str()) else {
            problems.add("its `token-url` cannot be written in a request", "write scheme, host and path");
            return None;
        };
        Some(Self {
            endpoint: workshop.endpoint.name.clone(),
            uri,
            client,
            http,
            within: workshop.endpoint.timeouts.total,
        })
    }

    fn request(&self) -> http::Request<Full<Bytes>> {
        let mut request = http::Request::new(Full::new(self.client.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.extend(self.client.authorization.clone().map(|value| (AUTHORIZATION, value)));
        request
    }

    async fn fetch(&self) -> Result<Token, Refusal> {
        let asked = Instant::now();
        let (handed, answer) = self.http.start(self.request());
        let answer =
            answer.await.map_err(|error| unanswered(head_failure(&self.endpoint, &error, handed.over()).code))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MOST_ANSWER).collect().await;
        let body =
            body.map_err(|_| Refusal("the token service's answer is broken or too large".to_owned()))?.to_bytes();
        if head.status.is_success() {
            return read_token(&body, asked);
        }
        Err(refused(head.status.as_u16(), &body))
    }
}

impl Issue for Issuer {
    async fn issue(&self) -> Result<Token, Refusal> {
        let fetched = timeout(self.within, self.fetch()).await;
        let outcome = fetched.unwrap_or_else(|_| Err(Refusal("the token service did not answer in time".to_owned())));
        match &outcome {
            Ok(_) => tracing::debug!(endpoint = self.endpoint, "a token was issued"),
            Err(refusal) => tracing::warn!(endpoint = self.endpoint, %refusal, "no token was issued"),
        }
        outcome
    }
}

fn unanswered(code: FailureCode) -> Refusal {
    Refusal(match code {
        FailureCode::Denied => "the token service has an address that the policy does not allow".to_owned(),
        FailureCode::Tls => "TLS with the token service failed".to_owned(),
        FailureCode::Timeout => "the token service did not answer in time".to_owned(),
        FailureCode::Protocol | FailureCode::TooLarge => "what the token service answered is not HTTP".to_owned(),
        _ => "the token service is not reachable".to_owned(),
    })
}

/// An error answer (RFC 6749, section 5.2).
fn refused(status: u16, body: &[u8]) -> Refusal {
    #[derive(Deserialize)]
    struct Error<'e> {
        error: &'e str,
    }
    let told = serde_json::from_slice::<Error<'_>>(body).ok();
    let known = told.and_then(|told| KNOWN_ERRORS.into_iter().find(|known| *known == told.error));
    Refusal(match known {
        Some(error) => format!("the token service refused with the status {status} and `{error}`"),
        None => format!("the token service refused with the status {status}"),
    })
}

/// A token answer (RFC 6749, section 5.1).
fn read_token(body: &[u8], asked: Instant) -> Result<Token, Refusal> {
    #[derive(Deserialize)]
    struct Answer {
        access_token: String,
        token_type: String,
        #[serde(default)]
        expires_in: serde_json::Value,
    }
    let wrong = |what: &str| Refusal(format!("the token service answered {what}"));
    let answer: Answer = serde_json::from_slice(body).map_err(|_| wrong("what is not a token"))?;
    let text = Secret::new(answer.access_token);
    if !answer.token_type.eq_ignore_ascii_case("bearer") {
        return Err(wrong("with a token that is not of the type Bearer"));
    }
    let visible = text.expose().bytes().all(|b| b.is_ascii_graphic());
    if text.expose().is_empty() || text.expose().len() > LONGEST_TOKEN || !visible {
        return Err(wrong("with a token that cannot stand in a header"));
    }
    let header = sensitive(Zeroizing::new(format!("Bearer {}", text.expose())));
    let life = life(&answer.expires_in);
    Ok(Token {
        header: header.ok_or_else(|| wrong("with a token that cannot stand in a header"))?,
        text,
        renew_at: asked + life * 4 / 5,
        usable_until: asked + (life - MARGIN.min(life / 10)),
    })
}

/// The life of a token. Some servers write the number as text; some write a negative or huge one for a token without end.
fn life(expires_in: &serde_json::Value) -> Duration {
    let seconds = expires_in.as_f64().or_else(|| expires_in.as_str().and_then(|text| text.trim().parse().ok()));
    match seconds {
        Some(seconds) if seconds >= 0.0 => {
            let believed = seconds.clamp(SHORTEST_LIFE.as_secs_f64(), LONGEST_LIFE.as_secs_f64());
            Duration::from_secs_f64(believed)
        }
        _ => UNSAID,
    }
}

#[cfg(test)]
#[path = "../tests/token_answer.rs"]
mod tests;
