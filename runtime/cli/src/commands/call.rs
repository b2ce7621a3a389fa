//! `nhip call`: one exchange over the data listener, as any calling system makes it.

use crate::args::{CallArgs, Key};
use crate::env;
use crate::failure::Failure;
use crate::files;
use crate::http_client::{client, deepest};
use crate::output::pretty::pretty;
use crate::output::{Output, complain, plain};
use nhip_exchange::{Blame, Problem};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Response, Url};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::Write as _;
use std::io::Read;
use std::process::ExitCode;

/// Make the call and print what came back.
///
/// # Errors
/// The call could not be made, or what answered is no gateway.
pub(super) async fn run(args: CallArgs, out: Output) -> anyhow::Result<ExitCode> {
    let mut key = HeaderValue::from_str(key(&args)?.expose())
        .map_err(|_| Failure::new("the key has characters that no key has").hint("give the key alone, on one line"))?;
    key.set_sensitive(true);
    let body = body(&args.body)?;
    let address = address(&args.url, &args.service, &args.function)?;
    let mut request = client(&args.url, args.ca.as_deref())?
        .post(address)
        .header(CONTENT_TYPE, "application/json")
        .header("x-api-key", key)
        .body(body);
    if let Some(purpose) = args.purpose {
        request = request.header("x-purpose", purpose);
    }
    let answer = request.send().await.map_err(|error| unreachable(&args.url, &error))?;
    if answer.status().is_success() {
        answered(&args.url, answer, out).await
    } else {
        refused(&args.url, answer, out).await
    }
}

/// An answer.
async fn answered(url: &Url, answer: Response, out: Output) -> anyhow::Result<ExitCode> {
    let body = answer.bytes().await.map_err(|error| unreachable(url, &error))?;
    if out.is_json() {
        out.raw(&body)?;
    } else {
        out.text(&pretty(&String::from_utf8_lossy(&body)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A fault.
async fn refused(url: &Url, answer: Response, out: Output) -> anyhow::Result<ExitCode> {
    let status = answer.status();
    let body = answer.bytes().await.map_err(|error| unreachable(url, &error))?;
    let Ok(fault) = serde_json::from_slice::<FaultDocument>(&body) else {
        return Err(Failure::new(format!("what listens at `{url}` answered {status}, but not as a gateway does"))
            .hint("name the gateway's data listener with `--url URL` or NHIP_URL")
            .into());
    };
    if out.is_json() {
        out.raw(&body)?;
    } else {
        complain(&plain(&fault.render()));
    }
    Ok(ExitCode::from(exit_code(fault.blame)))
}

/// The exit code of a fault, by whom it is to blame on.
fn exit_code(blame: Blame) -> u8 {
    match blame {
        Blame::Caller => 3,
        Blame::Adapter => 4,
        Blame::Upstream => 5,
        Blame::Gateway => 6,
    }
}

/// A fault as the gateway writes it: RFC 9457, with members of our own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FaultDocument {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    detail: String,
    blame: Blame,
    retry: String,
    exchange: Option<String>,
    #[serde(default)]
    problems: Vec<Problem>,
    fault: Option<Box<RawValue>>,
    upstream_code: Option<String>,
}

impl FaultDocument {
    /// The fault for people.
    fn render(&self) -> String {
        let code = self.kind.rsplit(':').next().unwrap_or_default();
        let mut text = format!("error: {} ({code}, {})\n  {}\n", self.title, self.status, self.detail);
        for problem in &self.problems {
            let _ = writeln!(text, "  at `{}`: {}", problem.pointer, problem.message);
        }
        if let Some(value) = &self.fault {
            for line in pretty(value.get()).lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
        if let Some(code) = &self.upstream_code {
            let _ = writeln!(text, "  code of the upstream system: {code}");
        }
        let _ = writeln!(text, "  blame: {}, retry: {}", self.blame.word(), self.retry);
        if let Some(exchange) = &self.exchange {
            let _ = writeln!(text, "  exchange: {exchange}");
        }
        text
    }
}

/// The caller's key: from the arguments, a file or the environment, in this order.
fn key(args: &CallArgs) -> anyhow::Result<Key> {
    if let Some(key) = &args.key {
        return Ok(key.clone());
    }
    let found = match &args.key_file {
        Some(file) => Some(files::text(file)?),
        None => env::filled("NHIP_KEY"),
    };
    found.map(|text| Key::new(text.trim().to_owned())).ok_or_else(|| {
        Failure::new("no caller's key is given")
            .hint("set NHIP_KEY, or name a file with `--key-file FILE`")
            .hint("`nhip caller add NAME` makes a caller and prints its key")
            .into()
    })
}

/// The body: the text itself, a file, or standard input.
fn body(given: &str) -> anyhow::Result<Vec<u8>> {
    /// More than any policy lets in by default; the gateway has the last word.
    const LONGEST: u64 = 256 << 20;
    if let Some(file) = given.strip_prefix('@') {
        return files::bytes(file.as_ref(), LONGEST);
    }
    if given != "-" {
        return Ok(given.as_bytes().to_vec());
    }
    let mut body = Vec::new();
    std::io::stdin()
        .lock()
        .take(LONGEST)
        .read_to_end(&mut body)
        .map_err(|error| Failure::new("standard input cannot be read").because(error))?;
    Ok(body)
}

fn address(url: &Url, service: &str, function: &str) -> anyhow::Result<Url> {
    let mut address = url.clone();
    address
        .path_segments_mut()
        .map_err(|()| Failure::new(format!("`{url}` is no address of a listener")))?
        .pop_if_empty()
        .extend(["services", service, function]);
    Ok(address)
}

fn unreachable(url: &Url, error: &reqwest::Error) -> anyhow::Error {
    Failure::new(format!("cannot reach a gateway's data listener at `{url}`"))
        .because(deepest(error))
        .hint("start the gateway with `nhip serve`, or name its data listener with `--url URL` or NHIP_URL")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_with_everything_in_it() {
        let fault: FaultDocument = serde_json::from_str(
            r#"{"type":"urn:nhip:fault:contract-fault","title":"the service refused","status":422,"detail":"see `fault`",
            "exchange":"0199","blame":"caller","retry":"never","problems":[{"pointer":"/a/0","message":"must be text"}],
            "fault":{"tag":"no-such","val":12345678901234567890},"upstreamCode":"E-17"}"#,
        )
        .unwrap();
        assert_eq!(
            fault.render(),
            "error: the service refused (contract-fault, 422)\n  see `fault`\n  at `/a/0`: must be text\n  {\n    \
             \"tag\": \"no-such\",\n    \"val\": 12345678901234567890\n  }\n  code of the upstream system: E-17\n  \
             blame: caller, retry: never\n  exchange: 0199\n"
        );
        assert_eq!(exit_code(fault.blame), 3);
    }

    #[test]
    fn the_address_keeps_the_base_path() {
        for (base, wanted) in [
            ("http://h:1", "http://h:1/services/a/b-c"),
            ("http://h:1/", "http://h:1/services/a/b-c"),
            ("https://h/lgsp", "https://h/lgsp/services/a/b-c"),
        ] {
            assert_eq!(address(&base.parse().unwrap(), "a", "b-c").unwrap().as_str(), wanted);
        }
    }

    #[test]
    fn a_body_is_given_itself_or_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("b.json");
        std::fs::write(&file, "{\"a\":1}").unwrap();
        assert_eq!(body("{}").unwrap(), b"{}");
        assert_eq!(body(&format!("@{}", file.display())).unwrap(), b"{\"a\":1}");
        assert!(body("@/no/such").unwrap_err().to_string().contains("/no/such"));
    }
}
