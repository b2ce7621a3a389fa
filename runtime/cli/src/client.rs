//! The admin API, as this program's commands use it.
//!
//! Invariants: the token goes to the address that was named and nowhere else; whatever goes wrong is told with its
//! cure: a gateway that is not there, a token that is not its own, something else that listens there.

mod audit;
mod dead_letters;

use crate::args::Reach;
use crate::env;
use crate::failure::Failure;
use crate::http_client::{client, deepest};
use crate::token;
use nhip_manage::wire::{
    ActList, ActQuery, AdapterDetails, AdapterList, CallerList, Deployed, ExchangeList, ExchangeQuery, IssuedKey,
    NewCaller, OPERATOR_HEADER, Problem, Retired, RevokeQuery, Revoked, Rollback, ServiceList, Status, Stopping,
    TYPE_PREFIX,
};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::multipart::Form;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// Listings and small changes are a matter of milliseconds; a gateway that takes this long is in trouble.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to one gateway's admin listener.
pub struct AdminClient {
    http: Client,
    base: Url,
    authorization: HeaderValue,
    operator: Option<String>,
}

impl AdminClient {
    /// The gateway that the arguments name.
    ///
    /// # Errors
    /// There is no token to be found, or it cannot be one.
    pub fn new(reach: &Reach) -> anyhow::Result<Self> {
        let client = Self::with_token(reach.admin.clone(), &find_token(reach)?)?;
        Ok(Self { operator: reach.operator.clone(), ..client })
    }

    /// The gateway at an address, by its token.
    ///
    /// # Errors
    /// The token has characters that no token has.
    pub fn with_token(base: Url, token: &str) -> anyhow::Result<Self> {
        let line = Zeroizing::new(format!("Bearer {token}"));
        let mut authorization = HeaderValue::from_str(&line)
            .map_err(|_| Failure::new("the admin token has characters that no token has"))?;
        authorization.set_sensitive(true);
        Ok(Self { http: client(&base, None)?, base, authorization, operator: None })
    }

    /// All adapters that were ever deployed.
    ///
    /// # Errors
    /// As for all requests here: the gateway cannot be reached, or refuses. A change of what is live that is refused
    /// comes as [`nhip_manage::wire::Refused`], with everything that is wrong.
    pub async fn adapters(&self) -> anyhow::Result<AdapterList> {
        self.ask(self.request(Method::GET, &["adapters"])?).await
    }

    /// One adapter, with its history.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn adapter(&self, name: &str) -> anyhow::Result<AdapterDetails> {
        self.ask(self.request(Method::GET, &["adapters", name])?).await
    }

    /// Deploy: sends the form and gives the answer, whose lines are still to come.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn deploy(&self, form: Form) -> anyhow::Result<Response> {
        // Without a bound in time: compiling takes what it takes, and the connection tells when the gateway is gone.
        self.send(self.request(Method::POST, &["deployments"])?.multipart(form)).await
    }

    /// Roll back.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn rollback(&self, adapter: &str, rollback: &Rollback) -> anyhow::Result<Deployed> {
        let request = self.request(Method::POST, &["adapters", adapter, "rollback"])?;
        let answer = self.send(request.json(rollback)).await?;
        self.read(answer).await
    }

    /// Take an adapter out of service.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn retire(&self, adapter: &str) -> anyhow::Result<Retired> {
        self.ask(self.request(Method::DELETE, &["adapters", adapter])?).await
    }

    /// What callers can call now.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn services(&self) -> anyhow::Result<ServiceList> {
        self.ask(self.request(Method::GET, &["services"])?).await
    }

    /// All callers.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn callers(&self) -> anyhow::Result<CallerList> {
        self.ask(self.request(Method::GET, &["callers"])?).await
    }

    /// Register a caller. Gives its first key.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn add_caller(&self, name: &str) -> anyhow::Result<IssuedKey> {
        self.ask(self.request(Method::POST, &["callers"])?.json(&NewCaller { name: name.to_owned() })).await
    }

    /// A further key for a caller.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn add_key(&self, name: &str) -> anyhow::Result<IssuedKey> {
        self.ask(self.request(Method::POST, &["callers", name, "keys"])?).await
    }

    /// Revoke a key of a caller, or all.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn revoke(&self, name: &str, key: Option<i64>) -> anyhow::Result<Revoked> {
        self.ask(self.request(Method::DELETE, &["callers", name])?.query(&RevokeQuery { key })).await
    }

    /// The records of exchanges, newest first.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn exchanges(&self, query: &ExchangeQuery) -> anyhow::Result<ExchangeList> {
        self.ask(self.request(Method::GET, &["exchanges"])?.query(query)).await
    }

    /// The control acts, newest first.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn acts(&self, query: &ActQuery) -> anyhow::Result<ActList> {
        self.ask(self.request(Method::GET, &["acts"])?.query(query)).await
    }

    /// How the gateway is.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn status(&self) -> anyhow::Result<Status> {
        self.ask(self.request(Method::GET, &["status"])?).await
    }

    /// Ask the gateway to stop.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn stop(&self) -> anyhow::Result<Stopping> {
        self.ask(self.request(Method::POST, &["stop"])?).await
    }

    /// Whether anything still takes connections at the address.
    pub async fn is_there(&self) -> bool {
        let asked = self.http.get(self.base.clone()).timeout(PATIENCE).send().await;
        !asked.is_err_and(|error| error.is_connect())
    }

    /// A request, with the token and without a body.
    fn request(&self, method: Method, path: &[&str]) -> anyhow::Result<RequestBuilder> {
        let mut address = self.base.clone();
        address
            .path_segments_mut()
            .map_err(|()| Failure::new(format!("`{}` is no address of a listener", self.base)))?
            .pop_if_empty()
            .push("api")
            .extend(path);
        let request = self.http.request(method, address).header(AUTHORIZATION, self.authorization.clone());
        Ok(match &self.operator {
            Some(operator) => request.header(OPERATOR_HEADER, operator),
            None => request,
        })
    }

    /// Send a request and read its answer.
    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        self.read(self.send(request.timeout(PATIENCE)).await?).await
    }

    /// Send a request. Gives the answer when it is one of success.
    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        if answer.status().is_success() { Ok(answer) } else { Err(self.refusal(answer).await) }
    }

    /// One line of an answer that comes in lines.
    pub(crate) fn line<T: DeserializeOwned>(&self, line: &[u8]) -> anyhow::Result<T> {
        serde_json::from_slice(line).map_err(|error| self.foreign(format!("its answer cannot be read: {error}")))
    }

    /// The answer's document.
    async fn read<T: DeserializeOwned>(&self, answer: Response) -> anyhow::Result<T> {
        let body = answer.bytes().await.map_err(|error| self.unreachable(&error))?;
        self.line(&body)
    }

    /// Why the gateway did not do it.
    async fn refusal(&self, answer: Response) -> anyhow::Error {
        let status = answer.status();
        let body = answer.bytes().await.unwrap_or_default();
        let problem = serde_json::from_slice::<Problem>(&body).ok();
        // The data listener speaks in problems too, of other types.
        let Some(problem) = problem.filter(|problem| problem.kind.starts_with(TYPE_PREFIX)) else {
            return self.foreign(format!("it answered {status}"));
        };
        if let Some(refused) = problem.refused {
            return anyhow::Error::new(*refused);
        }
        let failure = Failure::new(problem.detail);
        if status == StatusCode::UNAUTHORIZED {
            return failure
                .hint("name the data folder of this gateway with `--data DIR`, or its token's file with `--token-file FILE`")
                .hint("a token in NHIP_TOKEN goes before that of ./nhip-data")
                .into();
        }
        match problem.cure {
            Some(cure) => failure.hint(cure).into(),
            None => failure.into(),
        }
    }

    /// The gateway cannot be reached.
    pub(crate) fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        if error.is_timeout() && !error.is_connect() {
            return Failure::new(format!("the gateway at `{}` gave no answer in time", self.base)).into();
        }
        Failure::new(format!("cannot reach a gateway's admin listener at `{}`", self.base))
            .because(deepest(error))
            .hint("start the gateway with `nhip serve`, or name its admin listener with `--admin URL` or NHIP_ADMIN")
            .into()
    }

    /// Something else listens there.
    fn foreign(&self, what: String) -> anyhow::Error {
        Failure::new(format!("what listens at `{}` is no admin listener of this version: {what}", self.base))
            .hint("name the admin listener with `--admin URL` or NHIP_ADMIN; the data listener is another one")
            .into()
    }
}

/// The token: what the arguments name, then the environment, then the usual data folder.
fn find_token(reach: &Reach) -> anyhow::Result<Zeroizing<String>> {
    if let Some(file) = &reach.token_file {
        return token::read(file);
    }
    if let Some(data) = &reach.data {
        return token::read(&token::file_of(data));
    }
    if let Some(text) = env::filled("NHIP_TOKEN").map(Zeroizing::new) {
        return token::check(text.trim())
            .map(|token| Zeroizing::new(token.to_owned()))
            .ok_or_else(|| Failure::new("NHIP_TOKEN holds no admin token").into());
    }
    let file = token::file_of(Path::new("nhip-data"));
    token::read(&file).map_err(|error| {
        Failure::new("no admin token is found")
            .because(error)
            .hint("name the gateway's data folder with `--data DIR`, or the token's file with `--token-file FILE`")
            .hint("or set NHIP_TOKEN")
            .into()
    })
}
