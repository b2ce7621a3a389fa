//! The work of the benchmark as a `wasi:http` component, for servers of such components: with JSON on both sides. The
//! address of the register of agencies comes in the environment.

#[expect(warnings, reason = "generated code")]
mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../../../wit/deps/io.wit",
            "../../../../wit/deps/clocks.wit",
            "../../../../wit/deps/random.wit",
            "../../../../wit/deps/filesystem.wit",
            "../../../../wit/deps/sockets.wit",
            "../../../../wit/deps/cli.wit",
            "../../../../wit/deps/http.wit",
            "../outgoing/wit",
        ],
        world: "bench:outgoing/server@1.0.0",
        generate_all,
    });
}

use bench_logic::{Dossier, Receipt, Trouble, json};
use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::types::{
    Fields, IncomingBody, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use bindings::wasi::io::streams::StreamError;

struct Proxy;

bindings::export!(Proxy with_types_in bindings);

impl Guest for Proxy {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let (status, body) = serve(request);
        respond(out, status, &body);
    }
}

fn serve(request: IncomingRequest) -> (u16, Vec<u8>) {
    if !matches!(request.method(), Method::Post) {
        return (405, Vec::new());
    }
    let path = request.path_with_query().unwrap_or_default();
    let Some(body) = whole(request) else { return (400, Vec::new()) };
    let result = match path.as_str() {
        "/convert" => json::dossier(&body).and_then(bench_logic::convert).map(|receipt| text(&receipt)),
        "/summarize" => json::summarize(&body).map(|summary| text(&summary)),
        "/consult" => json::dossier(&body).and_then(consult).map(|receipt| text(&receipt)),
        _ => return (404, Vec::new()),
    };
    match result {
        Ok(body) => (200, body),
        Err(trouble @ Trouble::Invalid(_)) => (400, trouble.message().into_bytes()),
        Err(trouble @ Trouble::Register(_)) => (502, trouble.message().into_bytes()),
    }
}

fn text(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn consult(dossier: Dossier) -> Result<Receipt, Trouble> {
    let register = std::env::var("REGISTER").map_err(|_| Trouble::Register("`REGISTER` is not set".to_owned()))?;
    let receipt = bench_logic::convert(dossier)?;
    let path = json::path(&receipt.agency);
    let (status, body) =
        bench_outgoing::get(bench_outgoing::Scheme::Http, &register, &path).map_err(Trouble::Register)?;
    json::named(receipt, status, &body)
}

fn whole(request: IncomingRequest) -> Option<Vec<u8>> {
    let body: IncomingBody = request.consume().ok()?;
    let stream = body.stream().ok()?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return Some(bytes),
            Err(_) => return None,
        }
    }
}

fn respond(out: ResponseOutparam, status: u16, body: &[u8]) {
    let headers = Fields::new();
    // Both are well formed, and the status is one of ours: nothing here can be refused.
    let _ = headers.append("content-type", b"application/json");
    let _ = headers.append("content-length", body.len().to_string().as_bytes());
    let response = OutgoingResponse::new(headers);
    let _ = response.set_status_code(status);
    let Ok(outgoing) = response.body() else { return };
    ResponseOutparam::set(out, Ok(response));
    if let Ok(stream) = outgoing.write() {
        for chunk in body.chunks(4096) {
            if stream.blocking_write_and_flush(chunk).is_err() {
                return;
            }
        }
    }
    let _ = OutgoingBody::finish(outgoing, None);
}
