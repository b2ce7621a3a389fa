//! Metrics of the durable exchanges: those that were accepted to be done later and are not done.
//!
//! They are the database's, so gateways that share one tell the same. Invariant: a number that the database did not
//! tell is absent, never zero, and `nhip_durable_uncounted` says so.

use super::gauge;
use nhip_registry::Counts;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use std::collections::BTreeMap;
use std::fmt;

/// What was counted at one moment.
#[derive(Debug)]
pub(super) struct Durable {
    /// Each service that is served now or of which there is something; nothing where the database did not tell.
    services: Option<BTreeMap<String, OfService>>,
    now_ms: u64,
}

/// What there is of one service.
#[derive(Debug, Default)]
struct OfService {
    waiting: u64,
    trying: u64,
    dead: u64,
    /// Since when the one that is longest in the queue, and not dead, waits to be done.
    oldest_ms: Option<u64>,
}

impl Durable {
    /// Of the services that are served, also where there is nothing of them, so that a series does not come and go.
    pub(super) fn of<'a>(counts: Option<Counts>, served: impl Iterator<Item = &'a str>, now_ms: u64) -> Self {
        let services = counts.map(|counts| {
            let mut services: BTreeMap<String, OfService> =
                served.map(|service| (service.to_owned(), OfService::default())).collect();
            for one in counts.by_service {
                let of = services.entry(one.service).or_default();
                match one.state.as_str() {
                    "waiting" => of.waiting = one.exchanges,
                    "trying" => of.trying = one.exchanges,
                    _ => of.dead = one.exchanges,
                }
                if one.state != "dead" {
                    of.oldest_ms = of.oldest_ms.into_iter().chain([one.oldest_ms]).min();
                }
            }
            services
        });
        Self { services, now_ms }
    }

    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "1 while the database does not tell the durable exchanges in time";
        encoder
            .encode_descriptor("nhip_durable_uncounted", help, None, MetricType::Gauge)?
            .encode_gauge(&u64::from(self.services.is_none()))?;
        let Some(services) = &self.services else { return Ok(()) };
        let help = "Exchanges that were accepted to be done later and are not done, in the database";
        let mut metric = encoder.encode_descriptor("nhip_durable_exchanges", help, None, MetricType::Gauge)?;
        for (service, of) in services {
            for (state, count) in [("waiting", of.waiting), ("trying", of.trying), ("dead", of.dead)] {
                gauge(&mut metric, &[("service", &**service), ("state", state)], count)?;
            }
        }
        let help = "For how long the oldest of them that is not dead has waited to be done; 0 where none does";
        let unit = Some(&Unit::Seconds);
        let mut metric = encoder.encode_descriptor("nhip_durable_oldest_age", help, unit, MetricType::Gauge)?;
        for (service, of) in services {
            // A clock that was set back makes nothing younger than new.
            let age_ms = of.oldest_ms.map_or(0, |oldest| self.now_ms.saturating_sub(oldest));
            metric.encode_family(&[("service", &**service)])?.encode_gauge(&seconds(age_ms))?;
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds stay exact in a double for 280 000 years")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}
