//! How the host proves itself to an endpoint, without the adapter ever learning how.
//!
//! ```toml
//! credential = { header = { name = "X-Api-Key", value = "env:KEY" } }
//! credential = { basic = { username = "lgsp", password = "file:/run/secrets/password" } }
//! credential = { bearer = { token = "env:TOKEN" } }
//! credential = { oauth2 = { token-url = "https://…/token", client-id = "env:ID", client-secret = "env:SECRET" } } # scope, authentication = "form"
//! credential = { vxp-signature = { system-id = "000.00.00.H41", secret = "env:VXP_SECRET", sign = ["XroadVnpt-timestamp"] } }
//! credential = { client-certificate = { cert = "file:/run/tls/cert.pem", key = "file:/run/tls/key.pem" } }
//! ```
//!
//! An endpoint has at most one of these. A client certificate belongs to the connection, not to the request, so it may also stand in
//! `tls` beside one of the others; both spellings mean the same and are kept as `tls.client_certificate`. Invariant: every secret is a
//! [`SecretRef`]; the headers a credential writes are the host's alone.

use url::Url;

use crate::header::{self, HeaderName};
use crate::mistakes::Invalid;
use crate::reader::{Node, Table};
use crate::secret_ref::{Identity, SecretRef};
use crate::url_text;

/// What the host places on every request to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A secret as the whole value of a header.
    Header {
        /// The header.
        name: HeaderName,
        /// Its value.
        value: SecretRef,
    },
    /// HTTP Basic (RFC 7617).
    Basic {
        /// The user.
        username: Identity,
        /// The password.
        password: SecretRef,
    },
    /// A token that was issued once and for all (RFC 6750, section 2.1).
    Bearer {
        /// The token.
        token: SecretRef,
    },
    /// A token fetched and renewed by the client credentials grant (RFC 6749, section 4.4). The token endpoint is reached under the
    /// same rules as the endpoint itself: private network, TLS and timeouts.
    OAuth2 {
        /// Where tokens are issued.
        token_url: Url,
        /// The client.
        client_id: SecretRef,
        /// Its secret.
        client_secret: SecretRef,
        /// What is asked for, where the issuer wants it said.
        scope: Option<String>,
        /// How the client proves itself to the issuer.
        authentication: ClientAuthentication,
    },
    /// The header signature of the VXP agent. The host writes the system id, the three signature headers, and a timestamp where the
    /// guest sets none; the guest may set every other header whose name begins with `XroadVnpt-`.
    Vxp {
        /// The system that speaks.
        system_id: Identity,
        /// The key of the HMAC.
        secret: SecretRef,
        /// Which headers are signed, in this order and spelling; empty: every `XroadVnpt-` header of the request.
        sign: Vec<String>,
    },
}

/// How an OAuth2 client proves itself (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuthentication {
    /// In an `Authorization: Basic` header.
    #[default]
    Basic,
    /// In the form, as `client_id` and `client_secret`.
    Form,
}

impl ClientAuthentication {
    const WORDS: [(&'static str, Self); 2] = [("basic", Self::Basic), ("form", Self::Form)];

    /// The word in the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Form => "form",
        }
    }
}

/// A certificate and its key, both PEM, by which the host proves itself in the TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The chain, the host's own certificate first.
    pub cert: SecretRef,
    /// The key of that certificate.
    pub key: SecretRef,
}

/// How the names of the headers begin that the VXP agent signs, in lower case.
pub const VXP_FAMILY: &str = "xroadvnpt-";

/// The VXP headers that only the host writes, in lower case.
pub const VXP_OF_HOST: [&str; 4] =
    ["xroadvnpt-systemid", "xroadvnpt-sign-header", "xroadvnpt-sign-header-key", "xroadvnpt-hash-header"];

/// What `credential = { … }` may hold: something for the request, or a certificate for the connection.
pub(crate) enum Spelled {
    Request(Credential),
    Connection(ClientCertificate),
}

impl Credential {
    /// Whether the credential writes a header, named in lower case.
    pub(crate) fn writes(&self, header: &str) -> bool {
        match self {
            Self::Header { name, .. } => name.as_str() == header,
            Self::Basic { .. } | Self::Bearer { .. } | Self::OAuth2 { .. } => header == "authorization",
            Self::Vxp { .. } => VXP_OF_HOST.contains(&header),
        }
    }

    /// Whether the credential exists for headers that the guest sets, and this is one of them.
    pub(crate) fn invites(&self, header: &str) -> bool {
        matches!(self, Self::Vxp { .. }) && header.starts_with(VXP_FAMILY) && !self.writes(header)
    }
}

type ReadKind = fn(&Table<'_>) -> Option<Spelled>;

/// Every kind of credential, by its word.
const KINDS: [(&str, ReadKind); 6] = [
    ("header", read_header),
    ("basic", read_basic),
    ("bearer", read_bearer),
    ("oauth2", read_oauth2),
    ("vxp-signature", read_vxp),
    ("client-certificate", |table| read_certificate(table).map(Spelled::Connection)),
];

/// Reads `credential = { kind = { … } }`.
pub(crate) fn read(node: &Node<'_>) -> Option<Spelled> {
    let table = node.table()?;
    let mut given: Vec<_> = KINDS.into_iter().filter_map(|(kind, read)| Some((table.get(kind)?, read))).collect();
    given.sort_by_key(|(node, _)| node.key_offset());
    let unknown = table.entries().count() > given.len();
    table.finish();
    if given.is_empty() && !unknown {
        let words = KINDS.map(|(kind, _)| kind).join("`, `");
        node.wrong(Invalid::new("names no kind of credential", format!("name one: `{words}`")));
    }
    for (node, _) in given.iter().skip(1) {
        let hint = "keep one; only a client certificate may stand beside another, in `tls`";
        node.wrong_key(Invalid::new("is a second credential for one endpoint", hint));
    }
    let spelled = given.iter().map(|(node, read)| {
        let table = node.table()?;
        let spelled = read(&table);
        table.finish();
        spelled
    });
    // All are read, so that the mistakes in all are told.
    spelled.collect::<Vec<_>>().into_iter().flatten().next()
}

/// Reads `{ cert = …, key = … }`.
pub(crate) fn read_certificate(table: &Table<'_>) -> Option<ClientCertificate> {
    let cert = secret(table, "cert");
    let key = secret(table, "key");
    Some(ClientCertificate { cert: cert?, key: key? })
}

fn secret(table: &Table<'_>, key: &'static str) -> Option<SecretRef> {
    table.required(key, "say where it is: \"env:NAME\" or \"file:/absolute/path\"")?.parse(str::parse)
}

fn identity(table: &Table<'_>, key: &'static str) -> Option<Identity> {
    table.required(key, "write the name, or where it is: \"env:NAME\"")?.parse(str::parse)
}

fn read_header(table: &Table<'_>) -> Option<Spelled> {
    let value = secret(table, "value");
    let node = table.required("name", "name the header, such as \"X-Api-Key\"")?;
    let name: HeaderName = node.parse(str::parse)?;
    // `authorization` is the host's, and here it is the host that writes it.
    if let Some(why) = header::of_host(&name).filter(|_| name.as_str() != "authorization") {
        node.wrong(Invalid::new(format!("`{name}` cannot carry a credential: {why}"), "name another header"));
    } else if header::is_safe(&name) {
        node.wrong(Invalid::new(format!("`{name}` cannot carry a credential: adapters set it"), "name another header"));
    }
    Some(Spelled::Request(Credential::Header { name, value: value? }))
}

fn read_basic(table: &Table<'_>) -> Option<Spelled> {
    let username = identity(table, "username");
    let password = secret(table, "password");
    Some(Spelled::Request(Credential::Basic { username: username?, password: password? }))
}

fn read_bearer(table: &Table<'_>) -> Option<Spelled> {
    let token = secret(table, "token")?;
    Some(Spelled::Request(Credential::Bearer { token }))
}

fn read_oauth2(table: &Table<'_>) -> Option<Spelled> {
    let token_url =
        table.required("token-url", "write the whole URL of the token endpoint").and_then(|node| url_text::read(&node));
    let client_id = secret(table, "client-id");
    let client_secret = secret(table, "client-secret");
    let scope = table.get("scope").and_then(|node| node.parse(scope));
    let authentication = table.get("authentication").and_then(|node| node.choice(&ClientAuthentication::WORDS));
    Some(Spelled::Request(Credential::OAuth2 {
        token_url: token_url?,
        client_id: client_id?,
        client_secret: client_secret?,
        scope,
        authentication: authentication.unwrap_or_default(),
    }))
}

/// A scope is words of visible ASCII without `"` and `\`, joined by single spaces (RFC 6749, section 3.3).
fn scope(text: &str) -> Result<String, Invalid> {
    let visible = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
    if text.split(' ').all(|word| !word.is_empty() && word.bytes().all(visible)) {
        return Ok(text.to_owned());
    }
    Err(Invalid::new("is not an OAuth2 scope", "write words with one space between them"))
}

fn read_vxp(table: &Table<'_>) -> Option<Spelled> {
    let system_id = identity(table, "system-id");
    let secret = secret(table, "secret");
    let mut sign: Vec<String> = Vec::new();
    for item in table.get("sign").and_then(|node| node.list()).unwrap_or_default() {
        let Some(name) = item.parse(signed_name) else {
            continue;
        };
        if sign.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            item.wrong(Invalid::new("is in the list already", "keep one of them"));
        } else {
            sign.push(name);
        }
    }
    Some(Spelled::Request(Credential::Vxp { system_id: system_id?, secret: secret?, sign }))
}

/// A header that can be signed, in the spelling it has in the signed text.
fn signed_name(text: &str) -> Result<String, Invalid> {
    let lower: HeaderName = text.parse()?;
    let signature = lower.as_str() != "xroadvnpt-systemid" && VXP_OF_HOST.contains(&lower.as_str());
    if lower.starts_with(VXP_FAMILY) && !signature {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(
        format!("`{lower}` is not a header that this signature covers"),
        "name headers that begin with `XroadVnpt-`, without the three of the signature itself",
    ))
}
