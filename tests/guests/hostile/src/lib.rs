//! A component that does everything an adapter must not, one function each. Every function is claimed by a test.

#[expect(warnings, reason = "generated code")]
mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../../wit/deps/io.wit",
            "../../../wit/deps/clocks.wit",
            "../../../wit/deps/random.wit",
            "../../../wit/deps/filesystem.wit",
            "../../../wit/deps/sockets.wit",
            "../../../wit/deps/cli.wit",
            "../../../wit/deps/http.wit",
            "../../../wit/deps/config.wit",
            "../../../wit/deps/keyvalue.wit",
            "../../../wit/deps/logging.wit",
            "../../../wit/adapter",
            "wit",
        ],
        world: "test:hostile/adapter@1.0.0",
        generate_all,
    });
}

mod http;

use bindings::exports::test::hostile::attacks::{Answer, Exchange, Guest, Request};
use bindings::nhip::adapter::{endpoints, exchange};
use bindings::wasi::config::store as config;
use bindings::wasi::keyvalue::store as keyvalue;
use bindings::wasi::logging::logging;
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

#[used]
#[unsafe(link_section = "nhip:adapter")]
static MANIFEST: [u8; include_bytes!("../adapter.toml").len()] = *include_bytes!("../adapter.toml");

struct Hostile;

bindings::export!(Hostile with_types_in bindings);

static MARK: AtomicU32 = AtomicU32::new(0);

#[inline(never)]
fn function_with_a_telling_name(deep: u32) {
    if black_box(deep) == 0 {
        core::arch::wasm32::unreachable();
    }
    function_with_a_telling_name(deep - 1);
    black_box(deep);
}

fn body(request: &Request) -> Vec<u8> {
    match request.filler {
        Some(bytes) => vec![b'x'; bytes as usize],
        None => request.body.clone().into_bytes(),
    }
}

fn send(request: Request) -> Result<Answer, String> {
    let body = body(&request);
    let headers = request.headers.into_iter().map(|(name, value)| endpoints::Header { name, value }).collect();
    let wanted = endpoints::Request { method: request.method, path: request.path, headers, body, timeout_ms: None };
    match endpoints::send(&request.endpoint, &wanted) {
        Ok(response) => Ok(Answer {
            status: response.status,
            headers: response.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            body: String::from_utf8_lossy(&response.body).into_owned(),
        }),
        Err(failure) => Err(format!("{:?} sent={} {}", failure.code, failure.sent, failure.message)),
    }
}

impl Guest for Hostile {
    fn calm(word: String) -> String {
        word
    }

    fn spin() {
        let mut turns = 0u64;
        loop {
            turns = black_box(turns.wrapping_add(1));
        }
    }

    fn allocate() -> u64 {
        let mut taken: Vec<Vec<u8>> = Vec::new();
        loop {
            taken.push(black_box(vec![1u8; 1 << 20]));
        }
    }

    fn recurse(depth: u64) -> u64 {
        #[inline(never)]
        #[expect(unconditional_recursion, reason = "that is the attack")]
        fn deeper(depth: u64) -> u64 {
            black_box(deeper(black_box(depth + 1)).wrapping_add(depth))
        }
        deeper(depth)
    }

    fn trap() {
        function_with_a_telling_name(3);
    }

    fn leave() {
        std::process::exit(7);
    }

    fn sleep(millis: u64) {
        std::thread::sleep(std::time::Duration::from_millis(millis));
    }

    fn log(lines: u32, bytes: u32) {
        let message = "l".repeat(bytes as usize);
        for _ in 0..lines {
            logging::log(logging::Level::Info, "flood", &message);
        }
    }

    fn say(message: String) {
        logging::log(logging::Level::Error, "said", &message);
    }

    fn print(lines: u32, bytes: u32) {
        let message = "p".repeat(bytes as usize);
        for _ in 0..lines {
            println!("{message}");
            eprintln!("{message}");
        }
    }

    fn giant(bytes: u32) -> Vec<u8> {
        vec![b'g'; bytes as usize]
    }

    fn many(items: u32) -> Vec<Vec<String>> {
        (0..items).map(|_| Vec::new()).collect()
    }

    fn send(request: Request) -> Result<Answer, String> {
        send(request)
    }

    fn flood(request: Request, times: u32) -> u32 {
        (0..times).filter(|_| send(request.clone()).is_ok()).count() as u32
    }

    fn http(request: Request) -> Result<Answer, String> {
        http::send(&request.endpoint, &request.method, &request.path, &request.headers, &body(&request))
    }

    fn read(path: String) -> Result<String, String> {
        std::fs::read_to_string(path).map_err(|error| error.to_string())
    }

    fn write(path: String, text: String) -> Result<(), String> {
        std::fs::write(path, text).map_err(|error| error.to_string())
    }

    fn link(target: String, path: String) -> Result<(), String> {
        http::link(&target, &path)
    }

    fn environment() -> Vec<String> {
        std::env::vars().map(|(name, value)| format!("{name}={value}")).chain(std::env::args()).collect()
    }

    fn set(key: String, value: String) -> Result<(), String> {
        let bucket = keyvalue::open("default").map_err(|error| format!("{error:?}"))?;
        bucket.set(&key, value.as_bytes()).map_err(|error| format!("{error:?}"))
    }

    fn set_filler(key: String, bytes: u32) -> Result<(), String> {
        let bucket = keyvalue::open("").map_err(|error| format!("{error:?}"))?;
        bucket.set(&key, &vec![b'x'; bytes as usize]).map_err(|error| format!("{error:?}"))
    }

    fn get(key: String) -> Result<Option<String>, String> {
        let bucket = keyvalue::open("default").map_err(|error| format!("{error:?}"))?;
        let value = bucket.get(&key).map_err(|error| format!("{error:?}"))?;
        Ok(value.map(|value| String::from_utf8_lossy(&value).into_owned()))
    }

    fn keys() -> Result<Vec<String>, String> {
        let bucket = keyvalue::open("default").map_err(|error| format!("{error:?}"))?;
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let page = bucket.list_keys(cursor).map_err(|error| format!("{error:?}"))?;
            all.extend(page.keys);
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    fn setting(name: String) -> Option<String> {
        config::get(&name).ok().flatten()
    }

    fn who() -> Exchange {
        let of = exchange::current();
        Exchange {
            id: of.id,
            service: of.service,
            function: of.function,
            caller: of.caller,
            purpose: of.purpose,
            attempt: of.attempt,
            remaining_ms: exchange::remaining_ms(),
            traceparent: of.traceparent,
        }
    }

    fn refuse(reason: String) -> Result<(), String> {
        Err(reason)
    }

    fn residue() -> u32 {
        MARK.fetch_add(1, Ordering::Relaxed)
    }
}
