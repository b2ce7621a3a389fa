//! The same requests through `wasi:http`, and links through `wasi:filesystem`, by hand: what a language's own library
//! would do.

use crate::bindings::exports::test::hostile::attacks::Answer;
use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, Scheme};
use crate::bindings::wasi::io::streams::StreamError;

/// Send and collect.
pub fn send(
    endpoint: &str,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Answer, String> {
    let fields = Fields::new();
    for (name, value) in headers {
        fields.append(name, value.as_bytes()).map_err(|error| format!("header: {error:?}"))?;
    }
    let request = OutgoingRequest::new(fields);
    let method = match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        other => Method::Other(other.to_owned()),
    };
    request.set_method(&method).map_err(|()| "method")?;
    request.set_scheme(Some(&Scheme::Https)).map_err(|()| "scheme")?;
    request.set_authority(Some(endpoint)).map_err(|()| "authority")?;
    request.set_path_with_query(Some(path)).map_err(|()| "path")?;
    let outgoing = request.body().map_err(|()| "body")?;
    let future = outgoing_handler::handle(request, None).map_err(|error| format!("{error:?}"))?;
    {
        let stream = outgoing.write().map_err(|()| "stream")?;
        for chunk in body.chunks(4096) {
            if let Err(error) = stream.blocking_write_and_flush(chunk) {
                // The host stopped reading: its answer says why.
                if !matches!(error, StreamError::Closed) {
                    return Err(format!("write: {error:?}"));
                }
                break;
            }
        }
    }
    let finished = OutgoingBody::finish(outgoing, None);
    future.subscribe().block();
    let response = future.get().ok_or("not ready")?.map_err(|()| "taken")?.map_err(|error| format!("{error:?}"))?;
    finished.map_err(|error| format!("finish: {error:?}"))?;
    let status = response.status();
    let headers = response
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    let incoming = response.consume().map_err(|()| "consume")?;
    let stream = incoming.stream().map_err(|()| "stream")?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => break,
            Err(error) => return Err(format!("read: {error:?}")),
        }
    }
    Ok(Answer { status, headers, body: String::from_utf8_lossy(&bytes).into_owned() })
}

/// Make a symbolic link in the first granted folder.
pub fn link(target: &str, path: &str) -> Result<(), String> {
    let folders = preopens::get_directories();
    let (folder, _) = folders.first().ok_or("no folder")?;
    folder.symlink_at(target, path).map_err(|error| format!("{error:?}"))
}
