//! Metrics: what `/metrics` answers, in the OpenMetrics text format.
//!
//! The counters themselves are the spine's and the ledger's; here they are only written down. Label values are names
//! that operators gave and codes of our own tables, so no stranger can make new series.

mod durable;

use self::durable::Durable;
use crate::deployments::Totals;
use crate::state::AdminState;
use nhip_exchange::fault::Kind;
use nhip_exchange::stats::{BUCKETS_MICROS, Snapshot};
use nhip_registry::Counts;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;

/// Adds more metrics to a scrape, such as the data listener's connections.
pub type MetricsHook = Box<dyn Fn(&mut Registry) + Send + Sync>;

/// The type of the answer.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is known now, with the durable exchanges if the database told them.
pub(crate) fn scrape(state: &AdminState, unauthorized: u64, counts: Option<Counts>) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape::of(state, unauthorized, counts)));
    for hook in &state.metrics {
        hook(&mut registry);
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// What was read at one moment.
#[derive(Debug)]
struct Scrape {
    totals: Vec<Totals>,
    unrouted: Snapshot,
    /// Service, contract, adapter, version.
    services: Vec<[String; 4]>,
    /// Adapter, version, slots that are free, slots in all.
    slots: Vec<(String, String, u64, u64)>,
    /// State, and how many adapters are in it.
    adapters: [(&'static str, u64); 2],
    pool_free: u64,
    records_stalled: bool,
    /// Sealed segments that are not in the shared database yet.
    unarchived: Option<u64>,
    durable: Durable,
    unauthorized: u64,
    version: String,
    engine: String,
    started_ms: u64,
}

impl Scrape {
    fn of(state: &AdminState, unauthorized: u64, counts: Option<Counts>) -> Self {
        let live = state.deployments.state();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let service = |service: &std::sync::Arc<nhip_exchange::Service>| {
            let live = &service.live;
            [service.name.to_string(), service.contract.clone(), live.adapter.to_string(), live.version.to_string()]
        };
        let slots = |serving: &crate::deployments::Serving| {
            let live = &serving.candidate.live;
            let free = count(live.slots.free());
            (live.adapter.to_string(), live.version.to_string(), free, u64::from(live.policy.limits.concurrency))
        };
        let services: Vec<_> = state.spine.routes().services().map(service).collect();
        let served = services.iter().map(|[service, ..]| service.as_str());
        Self {
            durable: Durable::of(counts, served, state.spine.clock().unix_millis()),
            totals: state.deployments.totals(),
            unrouted: state.spine.unrouted().snapshot(),
            services,
            slots: live.serving.values().map(slots).collect(),
            adapters: [("live", count(live.serving.len())), ("broken", count(live.broken.len()))],
            pool_free: count(state.spine.free_slots()),
            records_stalled: state.registry.journal.is_stalled(),
            unarchived: state.registry.journal.unarchived(),
            unauthorized,
            version: state.about.version.clone(),
            engine: state.about.engine.clone(),
            started_ms: state.about.started_ms,
        }
    }

    fn exchanges(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Exchanges that ended, by the version that served them, how they ended and whose trouble it was";
        let mut metric = encoder.encode_descriptor("nhip_exchanges", help, None, MetricType::Counter)?;
        for total in &self.totals {
            for (outcome, blame, count) in outcomes(&total.counts) {
                let labels = [
                    ("adapter", &*total.adapter),
                    ("version", &*total.version),
                    ("outcome", outcome),
                    ("blame", blame),
                ];
                counter(&mut metric, &labels, count)?;
            }
        }
        let help = "Exchanges that reached no adapter, by how they ended";
        let mut metric = encoder.encode_descriptor("nhip_unrouted_exchanges", help, None, MetricType::Counter)?;
        for (outcome, blame, count) in outcomes(&self.unrouted).filter(|(outcome, ..)| *outcome != "ok") {
            counter(&mut metric, &[("outcome", outcome), ("blame", blame)], count)?;
        }
        let help = "Exchanges under way";
        let mut metric = encoder.encode_descriptor("nhip_exchanges_in_flight", help, None, MetricType::Gauge)?;
        for total in &self.totals {
            gauge(&mut metric, &[("adapter", &*total.adapter), ("version", &*total.version)], total.counts.in_flight)?;
        }
        let help = "How long exchanges took, from arrival to record";
        let unit = Some(&Unit::Seconds);
        let mut metric = encoder.encode_descriptor("nhip_exchange_duration", help, unit, MetricType::Histogram)?;
        for total in &self.totals {
            let labels = [("adapter", &*total.adapter), ("version", &*total.version)];
            histogram(&mut metric.encode_family(&labels)?, &total.counts)?;
        }
        Ok(())
    }

    fn serving(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "The services and the version that serves each now";
        let mut metric = encoder.encode_descriptor("nhip_service", help, None, MetricType::Info)?;
        for [service, contract, adapter, version] in &self.services {
            metric.encode_info(&[
                ("service", &**service),
                ("contract", &**contract),
                ("adapter", &**adapter),
                ("version", &**version),
            ])?;
        }
        let help = "Adapters that should serve, by whether they do";
        let mut metric = encoder.encode_descriptor("nhip_adapters", help, None, MetricType::Gauge)?;
        for (state, count) in self.adapters {
            gauge(&mut metric, &[("state", state)], count)?;
        }
        let help = "Exchanges that the policy lets run at once";
        let mut metric = encoder.encode_descriptor("nhip_adapter_slots", help, None, MetricType::Gauge)?;
        for (adapter, version, _, all) in &self.slots {
            gauge(&mut metric, &[("adapter", &**adapter), ("version", &**version)], *all)?;
        }
        let help = "Those of them that could begin now";
        let mut metric = encoder.encode_descriptor("nhip_adapter_slots_free", help, None, MetricType::Gauge)?;
        for (adapter, version, free, _) in &self.slots {
            gauge(&mut metric, &[("adapter", &**adapter), ("version", &**version)], *free)?;
        }
        Ok(())
    }

    fn gateway(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        encoder
            .encode_descriptor("nhip_pool_slots_free", "Free slots of the instance pool", None, MetricType::Gauge)?
            .encode_gauge(&self.pool_free)?;
        let help = "1 while the disk refuses the records of exchanges";
        encoder
            .encode_descriptor("nhip_records_stalled", help, None, MetricType::Gauge)?
            .encode_gauge(&u64::from(self.records_stalled))?;
        if let Some(unarchived) = self.unarchived {
            let help = "Sealed segments of the record that are not in the shared database yet";
            encoder
                .encode_descriptor("nhip_record_segments_unarchived", help, None, MetricType::Gauge)?
                .encode_gauge(&unarchived)?;
        }
        let help = "Requests to the control API that were refused at its door";
        encoder
            .encode_descriptor("nhip_admin_refused_requests", help, None, MetricType::Counter)?
            .encode_counter::<NoLabelSet, _, u64>(&self.unauthorized, None)?;
        encoder
            .encode_descriptor("nhip_build", "What this gateway is", None, MetricType::Info)?
            .encode_info(&[("version", &*self.version), ("engine", &*self.engine)])?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds since 1970 stay exact in a double for 280 000 years"
        )]
        let started = self.started_ms as f64 / 1000.0;
        let help = "When the gateway started, in seconds since 1970";
        let unit = Some(&Unit::Seconds);
        encoder.encode_descriptor("nhip_start_time", help, unit, MetricType::Gauge)?.encode_gauge(&started)
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.exchanges(&mut encoder)?;
        self.serving(&mut encoder)?;
        self.durable.encode(&mut encoder)?;
        self.gateway(&mut encoder)
    }
}

/// How exchanges ended: outcome, blame, count.
fn outcomes(counts: &Snapshot) -> impl Iterator<Item = (&'static str, &'static str, u64)> + '_ {
    let fault = |(kind, count): &(Kind, u64)| (kind.row().code, kind.row().blame.word(), *count);
    std::iter::once(("ok", "none", counts.ok)).chain(counts.faults.iter().map(fault))
}

fn counter<S: EncodeLabelSet>(metric: &mut MetricEncoder<'_>, labels: &S, count: u64) -> fmt::Result {
    metric.encode_family(labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)
}

fn gauge<S: EncodeLabelSet>(metric: &mut MetricEncoder<'_>, labels: &S, value: u64) -> fmt::Result {
    metric.encode_family(labels)?.encode_gauge(&value)
}

fn histogram(metric: &mut MetricEncoder<'_>, counts: &Snapshot) -> fmt::Result {
    let bounds = BUCKETS_MICROS.iter().map(|bound| seconds(*bound)).chain([f64::INFINITY]);
    let buckets: Vec<(f64, u64)> = bounds.zip(counts.buckets.iter().copied()).collect();
    // Of the buckets, not of the outcomes: the two are counted one after the other, and a scrape may fall between.
    let count = buckets.iter().map(|(_, count)| count).sum();
    metric.encode_histogram::<NoLabelSet>(seconds(counts.micros), count, &buckets, None)
}

#[expect(clippy::cast_precision_loss, reason = "microseconds stay exact in a double for 280 years")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1_000_000.0
}
