//! A steady load of `population/find`, and what came of it: every answer is looked at, and must be exactly that of one of
//! the two versions.

use super::scenes::find;
use super::stage::Stage;
use reqwest::Client;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Clients that call one after the other, until stopped.
pub(super) struct Load {
    begun: Instant,
    stop: Arc<AtomicBool>,
    clients: JoinSet<Vec<Seen>>,
}

/// One exchange as its caller saw it.
struct Seen {
    took: Duration,
    end: Result<Version, String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    V1_0,
    V1_1,
}

/// The sum of it all.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) seconds: f64,
    pub(super) on_1_0: usize,
    pub(super) on_1_1: usize,
    pub(super) failed: usize,
    /// The different failures, each with how often it came.
    pub(super) failures: Vec<String>,
    /// Milliseconds, sorted.
    took: Vec<f64>,
}

impl Load {
    /// Start the clients.
    pub(super) fn start(stage: &Stage, clients: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let bodies: Arc<Vec<String>> =
            Arc::new(stage.ngsp.citizens().iter().map(|citizen| find(citizen).to_string()).collect());
        let url = format!("{}/services/population/find", stage.running.data_url());
        let mut set = JoinSet::new();
        for first in 0..clients {
            let (http, key, url) = (stage.http.clone(), stage.key("mot-cua"), url.clone());
            let (stop, bodies) = (Arc::clone(&stop), Arc::clone(&bodies));
            set.spawn(async move {
                let mut seen = Vec::new();
                for body in bodies.iter().cycle().skip(first) {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let at = Instant::now();
                    let end = exchange(&http, &url, &key, body.clone()).await;
                    seen.push(Seen { took: at.elapsed(), end });
                }
                seen
            });
        }
        Self { begun: Instant::now(), stop, clients: set }
    }

    /// Stop them and count.
    pub(super) async fn stop(mut self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        let mut tally = Tally::default();
        let mut failures: BTreeMap<String, usize> = BTreeMap::new();
        let mut all = Vec::new();
        while let Some(client) = self.clients.join_next().await {
            match client {
                Ok(seen) => all.extend(seen),
                Err(error) => *failures.entry(format!("a client broke: {error}")).or_default() += 1,
            }
        }
        tally.seconds = self.begun.elapsed().as_secs_f64();
        for seen in all {
            tally.took.push(seen.took.as_secs_f64() * 1000.0);
            match seen.end {
                Ok(version) => {
                    *(if version == Version::V1_0 { &mut tally.on_1_0 } else { &mut tally.on_1_1 }) += 1;
                }
                Err(why) => *failures.entry(why).or_default() += 1,
            }
        }
        tally.failed = failures.values().sum();
        tally.failures = failures.into_iter().map(|(why, times)| format!("{why} ({times} times)")).collect();
        tally.took.sort_by(f64::total_cmp);
        tally
    }
}

impl Tally {
    pub(super) fn total(&self) -> usize {
        self.on_1_0 + self.on_1_1 + self.failed
    }

    /// Whether no exchange failed and both versions served.
    pub(super) fn went_well(&self) -> bool {
        self.failed == 0 && self.on_1_0 > 0 && self.on_1_1 > 0
    }

    /// Milliseconds below which that share of the exchanges took.
    pub(super) fn percentile(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list of some thousands"
        )]
        let place = (self.took.len() as f64 * share / 100.0) as usize;
        self.took.get(place.min(self.took.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// One exchange; which version answered.
async fn exchange(http: &Client, url: &str, key: &str, body: String) -> Result<Version, String> {
    let request = http.post(url).header("x-api-key", key).header("content-type", "application/json").body(body);
    let answer = request.send().await.map_err(|error| format!("no answer: {error}"))?;
    let status = answer.status();
    let bytes = answer.bytes().await.map_err(|error| format!("half an answer: {error}"))?;
    let json: Value = serde_json::from_slice(&bytes).map_err(|_| format!("{status}, not JSON"))?;
    if !status.is_success() {
        let detail = json.get("detail").and_then(Value::as_str).unwrap_or("no detail");
        return Err(format!("{status}: {detail}"));
    }
    let citizens = json.as_array().filter(|list| !list.is_empty()).ok_or("nobody was found")?;
    let named = citizens.iter().filter(|citizen| citizen.get("displayName").is_some_and(Value::is_string)).count();
    match named {
        0 => Ok(Version::V1_0),
        all if all == citizens.len() => Ok(Version::V1_1),
        _ => Err("an answer of two versions at once".to_owned()),
    }
}
