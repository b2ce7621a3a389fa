//! `wasi:http` by hand, as a client and as a server: no more than the benchmark needs.

/// The generated bindings.
#[expect(warnings, reason = "generated code")]
pub mod client {
    wit_bindgen::generate!({
        path: [
            "../../../../wit/deps/io.wit",
            "../../../../wit/deps/clocks.wit",
            "../../../../wit/deps/random.wit",
            "../../../../wit/deps/filesystem.wit",
            "../../../../wit/deps/sockets.wit",
            "../../../../wit/deps/cli.wit",
            "../../../../wit/deps/http.wit",
            "wit",
        ],
        world: "bench:outgoing/client@1.0.0",
        generate_all,
    });
}

pub use client::wasi::http::types::Scheme;

use client::wasi::http::outgoing_handler;
use client::wasi::http::types::{Fields, OutgoingBody, OutgoingRequest};
use client::wasi::io::streams::StreamError;

/// `GET`, and the whole answer.
///
/// # Errors
/// There is none, in words.
pub fn get(scheme: Scheme, authority: &str, path: &str) -> Result<(u16, Vec<u8>), String> {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&scheme)).map_err(|()| "the scheme is refused")?;
    request.set_authority(Some(authority)).map_err(|()| "the authority is refused")?;
    request.set_path_with_query(Some(path)).map_err(|()| "the path is refused")?;
    let body = request.body().map_err(|()| "the request has no body")?;
    let future = outgoing_handler::handle(request, None).map_err(|error| format!("not sent: {error:?}"))?;
    OutgoingBody::finish(body, None).map_err(|error| format!("not sent whole: {error:?}"))?;
    future.subscribe().block();
    let answered = future.get().ok_or("no answer")?.map_err(|()| "the answer was taken")?;
    let response = answered.map_err(|error| format!("no answer: {error:?}"))?;
    let status = response.status();
    let incoming = response.consume().map_err(|()| "the answer has no body")?;
    let stream = incoming.stream().map_err(|()| "the answer has no stream")?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return Ok((status, bytes)),
            Err(error) => return Err(format!("half an answer: {error:?}")),
        }
    }
}
