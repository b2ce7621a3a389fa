//! The way of one request: what it asks for, who asks, and what is already wrong with it; then the spine.
//!
//! Without a record are answered only: the catalogue, and the state of an accepted exchange to the caller that owns
//! it, both to proven callers; `OPTIONS`; and reading an unknown address (`GET /favicon.ico`). Everything else is an exchange, refused or not.

use crate::address::{Address, garbled};
use crate::answer::{self, Answer};
use crate::body::{AtHome, HttpBody};
use crate::catalogue;
use crate::connection::Connection;
use crate::leftover::Leftover;
use crate::spawner::Spawner;
use crate::{accepted, credential, demands, headers};
use bytes::Bytes;
use compact_str::CompactString;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{HeaderName, Method, Request};
use hyper::body::{Body, Incoming};
use nhip_exchange::{Arrival, BodySource, Fault, Kind, Origin, Outcome};
use nhip_policies::CallerName;
use std::convert::Infallible;
use std::sync::Arc;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Answer one request. When the caller goes away, the HTTP library drops this future, and the spine puts the exchange
/// on record as abandoned.
pub(crate) async fn handle(connection: Arc<Connection>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let _busy = connection.activity.begin();
    let (head, body) = request.into_parts();
    let address = Address::of(head.uri.path());
    let answer = match without_exchange(&connection, &head, &address).await {
        Ok(answer) => answer,
        // Apart: a future is copied whenever it is handed on, and the HTTP library hands on the one of this function.
        Err(caller) => {
            let answer = Box::pin(exchange(&connection, &head, &address, body, caller)).await;
            // Other exchanges that are ready go first, and all their answers are then written together: whoever gets them on this
            // machine is woken once for many, not once for each in the middle of the next one's work.
            tokio::task::yield_now().await;
            answer
        }
    };
    Ok(if head.method == Method::HEAD { answer::without_content(answer) } else { answer })
}

/// The answer, if the request needs no exchange; else who calls.
async fn without_exchange(
    connection: &Connection,
    head: &Parts,
    address: &Address<'_>,
) -> Result<Answer, Result<CallerName, Fault>> {
    let caller = || credential::caller(&head.headers, &connection.shared.prover);
    let reads = matches!(head.method, Method::GET | Method::HEAD);
    let answer = match address {
        Address::Nowhere if reads || head.method == Method::OPTIONS => answer::not_found(),
        Address::Nowhere => return Err(caller()),
        _ if head.method == Method::OPTIONS => answer::methods(address.methods()),
        // Who guesses keys at these is put on record, too.
        Address::Catalogue if reads => {
            caller().map_err(Err)?;
            catalogue::list(&connection.shared.spine.routes())
        }
        Address::OpenApi { service } if reads => {
            caller().map_err(Err)?;
            catalogue::describe(&connection.shared.spine.routes(), service)
        }
        Address::Accepted { id } if reads => {
            let caller = caller().map_err(Err)?;
            accepted::show(connection.shared.spine.ledger().as_ref(), &caller, id).await
        }
        _ => return Err(caller()),
    };
    connection.shared.stats.other_request();
    Ok(answer)
}

/// Let the spine run it, and render what comes of it.
async fn exchange(
    connection: &Connection,
    head: &Parts,
    address: &Address<'_>,
    body: Incoming,
    caller: Result<CallerName, Fault>,
) -> Answer {
    let has_body = !body.is_end_stream();
    let mut flaw = flaw(head, address, has_body).err();
    let mut known = |demand: Result<Option<CompactString>, Fault>| {
        demand.unwrap_or_else(|fault| {
            flaw.get_or_insert(fault);
            None
        })
    };
    let (purpose, key) = (known(demands::purpose(&head.headers)), known(demands::key(&head.headers)));
    let (service, function) = match address {
        Address::Exchange { service, function } => (service.as_ref().into(), function.as_ref().into()),
        Address::Garbled { service, function } => ((*service).into(), (*function).into()),
        _ => (head.uri.path().into(), CompactString::default()),
    };
    let leftover = has_body.then(|| Leftover::of(head, body));
    let arrival = Box::new(Arrival {
        origin: Origin::Http,
        peer: Some(connection.peer_text.clone()),
        caller,
        service,
        function,
        purpose,
        // A bad one begins a new trace, as its specification says.
        traceparent: headers::single(&head.headers, &TRACEPARENT).ok().flatten().map(str::to_owned),
        flaw,
        key,
        later: demands::later(&head.headers),
        body: source(connection, leftover.as_ref()),
    });
    let outcome = run(connection, arrival).await;
    let answer = answer::outcome(outcome, address.methods());
    if leftover.is_some_and(Leftover::settle) { answer::last(answer) } else { answer }
}

/// Run it: here; on a siding, where it would hold up the others of a shard; or, if it has an idempotency key, on the shared runtime. What has a key goes on
/// when the caller hangs up, so that the repeat finds the first answer.
async fn run(connection: &Connection, mut arrival: Box<Arrival>) -> Outcome {
    let shared = &connection.shared;
    let outlives = arrival.key.is_some();
    let siding = if shared.spine.computes_long(&arrival.service) { shared.sidings.take() } else { None };
    if siding.is_none() && !outlives {
        return nhip_exchange::run(&shared.spine, arrival).await;
    }
    arrival.body = Box::new(AtHome { home: Spawner::current(), body: arrival.body });
    let spine = Arc::clone(&shared.spine);
    let exchange = async move { nhip_exchange::run(&spine, arrival).await };
    // Boxed, since it is rarer, and would make every exchange's future larger. After a panic the spine has put it on record; the HTTP
    // library ends the connection, as for any other.
    let (there, exchange): (_, BoxFuture<'static, Outcome>) = match siding {
        Some(siding) => (siding.spawner.clone(), Box::pin(siding.gently(exchange))),
        None => (shared.runtime.clone(), Box::pin(exchange)),
    };
    if outlives { Box::pin(there.finish(exchange)).await } else { Box::pin(there.run(exchange)).await }
}

/// What the listener finds wrong, told by the spine to callers that have proven who they are.
fn flaw(head: &Parts, address: &Address<'_>, has_body: bool) -> Result<(), Fault> {
    match address {
        Address::Nowhere => Err(Fault::new(
            Kind::UnknownService,
            "there is nothing at this address; an exchange is `POST /services/{service}/{function}`",
        )),
        Address::Garbled { .. } => Err(garbled()),
        Address::Exchange { .. } if head.method == Method::POST => demands::meets(head, has_body),
        _ => Err(Fault::new(Kind::MethodNotAllowed, format!("the address takes {} only", address.methods()))),
    }
}

fn source(connection: &Connection, leftover: Option<&Leftover>) -> Box<dyn BodySource> {
    match leftover {
        Some(leftover) => {
            Box::new(HttpBody { shared: leftover.shared(), progress: connection.shared.limits.body_progress })
        }
        None => Box::new(Bytes::new()),
    }
}
