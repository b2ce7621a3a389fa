//! The data listener's own counts under `/metrics`: what happens there outside exchanges.

use nhip_gateway::{GatewayCounts, GatewayStats};
use nhip_manage::MetricsHook;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use std::fmt;
use std::sync::Arc;

/// Writes the counts of a listener down at every scrape.
pub(super) fn of_listener(stats: Arc<GatewayStats>) -> MetricsHook {
    Box::new(move |registry| registry.register_collector(Box::new(Listener(stats.counts()))))
}

/// The counts of one moment.
#[derive(Debug)]
struct Listener(GatewayCounts);

impl Collector for Listener {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // Destructured, so that a new count cannot be forgotten.
        let GatewayCounts {
            accepted,
            open,
            full,
            accept_failed,
            tls_failed,
            malformed,
            timed_out,
            broken,
            cut,
            other_requests,
        } = self.0;
        let open = u64::try_from(open).unwrap_or(u64::MAX);
        encoder
            .encode_descriptor(
                "nhip_connections_open",
                "Connections of callers that are open",
                None,
                MetricType::Gauge,
            )?
            .encode_gauge(&open)?;
        let counters = [
            ("nhip_connections_accepted", "Connections of callers that were accepted", accepted),
            ("nhip_connections_full", "Times every connection was taken and further ones had to wait", full),
            ("nhip_connections_accept_failed", "Connections that the system could not hand over", accept_failed),
            ("nhip_connections_tls_failed", "Connections whose TLS handshake failed", tls_failed),
            ("nhip_connections_malformed", "Connections that sent what is no HTTP", malformed),
            ("nhip_connections_timed_out", "Connections closed because a request never came whole", timed_out),
            ("nhip_connections_broken", "Connections that broke", broken),
            ("nhip_connections_cut", "Connections that were cut", cut),
            ("nhip_other_requests", "Requests on the data listener that were no exchange", other_requests),
        ];
        for (name, help, count) in counters {
            encoder
                .encode_descriptor(name, help, None, MetricType::Counter)?
                .encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
        Ok(())
    }
}
