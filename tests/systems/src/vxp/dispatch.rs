//! The way of one call: operation → signature → work → log.
//!
//! Invariant: every request leaves exactly one entry in the log, refused ones included.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{Method, Request, StatusCode, header::USER_AGENT, request::Parts};

use super::{
    Agent, VxpRequest, agencies,
    answer::{Answer, Refusal, codes},
    documents, lists,
    params::Params,
    signature,
};
use crate::faults::apply::Injected;

/// A call whose signature is right.
pub(super) struct Call<'a> {
    pub(super) agent: &'a Agent,
    /// The calling system.
    pub(super) system: &'a str,
    pub(super) params: &'a Params,
}

/// The only handler: all operations share one shape.
pub(super) async fn dispatch(State(agent): State<Arc<Agent>>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let headers = signature::collect(&head.headers);
    let mut entry = VxpRequest {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        headers: headers.as_ref().map(BTreeMap::clone).unwrap_or_default(),
        user_agent: head.headers.get(USER_AGENT).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned()),
        system: None,
        code: codes::OK,
    };
    let outcome = match headers {
        Ok(headers) => run(&agent, &headers, head, body, &mut entry).await,
        Err(refusal) => Err(refusal),
    };
    if let Err(refusal) = &outcome {
        entry.code = refusal.code;
    }
    agent.requests().push(entry);
    match outcome {
        Ok(answer) => answer.into_response(),
        Err(refusal) if refusal.code == codes::UNKNOWN_OPERATION => (StatusCode::NOT_FOUND, refusal).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn run(
    agent: &Agent,
    headers: &BTreeMap<String, String>,
    head: Parts,
    body: Body,
    entry: &mut VxpRequest,
) -> Result<Answer, Refusal> {
    let operation = Operation::of(&head.method, head.uri.path())?;
    let params = prove(agent, headers, head.extensions.get())?;
    let system = params.need("systemid")?;
    entry.system = Some(system.to_owned());
    let call = Call { agent, system, params: &params };
    params.check_service_type()?;
    match operation {
        Operation::GetAgenciesList => Ok(agencies::list(&call)),
        Operation::GetAgenciesListQd20 => Ok(agencies::list_qd20(&call)),
        Operation::GetSynchronizeUnit => Ok(agencies::synchronize(&call)),
        Operation::RegisterAgency => agencies::register(&call, body).await,
        Operation::DeleteAgency => agencies::delete(&call),
        Operation::SendEdoc => documents::send(&call, Request::from_parts(head, body)).await,
        Operation::GetReceivedEdocList => lists::received(&call),
        Operation::GetSentEdocList => lists::sent(&call),
        Operation::GetEdoc => documents::get(&call),
        Operation::DownloadEdoc => documents::download(&call),
        Operation::UpdateStatus => documents::update_status(&call),
        Operation::CountReceiveEdoc => lists::count(&call, super::MessageType::Edoc),
        Operation::CountReceiveStatus => lists::count(&call, super::MessageType::Status),
    }
}

fn prove(agent: &Agent, headers: &BTreeMap<String, String>, injected: Option<&Injected>) -> Result<Params, Refusal> {
    match injected {
        Some(Injected::WrongKey) => {
            let text = "system id or secret is wrong, or the signed headers were changed";
            Err(Refusal::new(codes::WRONG_CREDENTIALS, text))
        }
        Some(Injected::ExpiredToken) => Err(Refusal::new(codes::TIMESTAMP, "the timestamp has expired")),
        None => {
            let directory = agent.directory();
            signature::verify(headers, |system| directory.secret(system))
        }
    }
}

/// What the agent can do.
#[derive(Clone, Copy)]
enum Operation {
    GetAgenciesList,
    GetAgenciesListQd20,
    GetSynchronizeUnit,
    RegisterAgency,
    DeleteAgency,
    SendEdoc,
    GetReceivedEdocList,
    GetSentEdocList,
    GetEdoc,
    DownloadEdoc,
    UpdateStatus,
    CountReceiveEdoc,
    CountReceiveStatus,
}

impl Operation {
    fn of(method: &Method, path: &str) -> Result<Self, Refusal> {
        const GET: &[Method] = &[Method::GET];
        const POST: &[Method] = &[Method::POST];
        // Declared GET, sent as POST by the SDK.
        const EITHER: &[Method] = &[Method::GET, Method::POST];
        let (operation, methods) = match path {
            "/getAgenciesList" => (Self::GetAgenciesList, POST),
            "/getAgenciesListQD20" => (Self::GetAgenciesListQd20, POST),
            "/getSynchronizeUnit" => (Self::GetSynchronizeUnit, POST),
            "/registerAgency" => (Self::RegisterAgency, POST),
            "/deleteAgency" => (Self::DeleteAgency, POST),
            "/sendEdoc" => (Self::SendEdoc, POST),
            "/getReceivedEdocList" => (Self::GetReceivedEdocList, POST),
            "/getSentEdocList" => (Self::GetSentEdocList, POST),
            "/getEdoc" => (Self::GetEdoc, POST),
            "/downloadEdoc" => (Self::DownloadEdoc, GET),
            "/updateStatus" => (Self::UpdateStatus, POST),
            "/countReceiveEdoc" => (Self::CountReceiveEdoc, EITHER),
            "/countReceiveStatus" => (Self::CountReceiveStatus, EITHER),
            other => {
                let text = format!("there is no operation `{other}`");
                return Err(Refusal::new(codes::UNKNOWN_OPERATION, text));
            }
        };
        if methods.contains(method) {
            return Ok(operation);
        }
        let text = format!("`{path}` is not called with {method}");
        Err(Refusal::new(codes::UNKNOWN_OPERATION, text))
    }
}
