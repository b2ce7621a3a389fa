//! How the cost grows: with the payload, with the connections, with the adapters.

use super::{Run, many};
use crate::contender::Contender;
use crate::gateway::{self, Deployment};
use crate::load;
use crate::measure::{Outcome, Row};
use crate::others;
use crate::work::Work;

const PAYLOADS: [usize; 6] = [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const CONNECTIONS: [u32; 6] = [1, 4, 16, 64, 256, 1024];
const ADAPTERS: [usize; 4] = [1, 10, 100, 1000];
/// Connections for payloads: few, since those of megabytes fill the memory of all.
const FOR_PAYLOADS: u32 = 8;

/// Both, on the same work.
async fn pair(run: &Run<'_>, work: Work) -> anyhow::Result<Vec<Contender>> {
    let mut rust = Deployment::of(&run.tools, "plain", "converter");
    if let Work::Summarize(_) = work {
        // What 10 MB of JSON take once they are typed.
        rust.limits = ("512 MiB", "5 s");
    }
    let nhip = gateway::with(&run.tools, "nhip, Rust", &rust, work).await?;
    Ok(vec![others::native(&run.tools, work, None).await?, Contender { name: "nhip".to_owned(), ..nhip }])
}

/// Rows at their place on the scale.
#[expect(clippy::cast_precision_loss, reason = "places on a scale")]
fn placed(rows: Vec<Row>, at: usize) -> impl Iterator<Item = Row> {
    rows.into_iter().map(move |row| Row { name: format!("{}, {at}", row.name), at: Some(at as f64), ..row })
}

/// From 100 B to 10 MB.
pub(super) async fn payload(run: &Run<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let title = "Growth with the payload, 8 connections";
    let mut outcome = Outcome { scale: Some("bytes of a request"), ..Outcome::new(name, title) };
    let contenders = pair(run, Work::Summarize(0)).await?;
    for &bytes in PAYLOADS.iter().take(run.options.many(PAYLOADS.len(), 5)) {
        let work = Work::Summarize(bytes);
        let now: Vec<_> = contenders.iter().map(|one| Contender { work, ..one.clone() }).collect();
        let rows = load::rounds(&now, run.plan_with(FOR_PAYLOADS), run.tools.scratch()).await?;
        outcome.rows.extend(placed(rows, bytes));
        outcome.compare_speed([&format!("nhip, {bytes}"), &format!("native axum, {bytes}")], None);
    }
    Ok(outcome)
}

/// From 1 to 1024.
pub(super) async fn concurrency(run: &Run<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let title = "Growth with the connections";
    let mut outcome = Outcome { scale: Some("connections"), ..Outcome::new(name, title) };
    let contenders = pair(run, Work::Convert).await?;
    for connections in CONNECTIONS {
        // The look at an answer now and then is one more than may be at once.
        let rows = load::rounds(&contenders, run.plan_with(connections), run.tools.scratch()).await?;
        outcome.rows.extend(placed(rows, connections as usize));
        let names = [format!("nhip, {connections}"), format!("native axum, {connections}")];
        outcome.compare_speed([&names[0], &names[1]], None);
    }
    Ok(outcome)
}

/// From 1 to 1000.
pub(super) async fn adapters(run: &Run<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let title = "Growth with the adapters, traffic spread over them";
    let mut outcome = Outcome { scale: Some("adapters"), ..Outcome::new(name, title) };
    let most = run.options.many(ADAPTERS.len(), 2);
    let scale: Vec<usize> = ADAPTERS.iter().copied().take(most).collect();
    let last = scale.last().copied().unwrap_or(1);
    let (gateway, services) = many::crowd(&run.tools, last).await?;
    for many in scale {
        let some = services.get(..many).unwrap_or(&services);
        let contender = gateway.contender("nhip", some, Work::Convert).listed(last);
        let rows = load::rounds(&[contender], run.plan(), run.tools.scratch()).await?;
        outcome.rows.extend(placed(rows, many));
    }
    Ok(outcome)
}
