//! The metrics, as a scraper reads them.

use super::world::{World, name};
use crate::Actor;
use nhip_exchange::stats::BUCKETS_MICROS;

fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn everything_that_is_counted_is_told_and_no_count_goes_down() {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    for function in ["find", "find", "miss", "trap"] {
        world.call("population", function).await;
    }
    world.call("unheard-of", "find").await;
    // Enough deployments that 1.0.0 is no longer in memory.
    for version in ["1.1.0", "1.2.0", "1.3.0"] {
        world.deployed("population", version).await;
    }
    assert!(world.deployments.state().ready(&name("population")).iter().all(|ready| ready.live.version != "1.0.0"));
    let answer = world.get("/metrics").await;
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let text = answer.text();
    let old = r#"{adapter="population",version="1.0.0"#;
    assert_eq!(value(text, &format!(r#"nhip_exchanges_total{old}",outcome="ok",blame="none"}}"#)), Some(2.0), "{text}");
    assert_eq!(value(text, &format!(r#"nhip_exchanges_total{old}",outcome="not-found",blame="caller"}}"#)), Some(1.0));
    assert_eq!(
        value(text, &format!(r#"nhip_exchanges_total{old}",outcome="adapter-trapped",blame="adapter"}}"#)),
        Some(1.0)
    );
    assert_eq!(value(text, r#"nhip_unrouted_exchanges_total{outcome="unknown-service",blame="caller"}"#), Some(1.0));
    assert_eq!(value(text, &format!(r#"nhip_exchanges_in_flight{old}"}}"#)), Some(0.0));
    assert_eq!(value(text, &format!(r#"nhip_exchange_duration_seconds_count{old}"}}"#)), Some(4.0));
    assert_eq!(
        value(text, r#"nhip_exchange_duration_seconds_bucket{le="+Inf",adapter="population",version="1.0.0"}"#),
        Some(4.0)
    );
    assert_eq!(text.matches("nhip_exchange_duration_seconds_bucket{").count(), 4 * (BUCKETS_MICROS.len() + 1));
    assert_eq!(
        value(
            text,
            r#"nhip_service_info{service="population",contract="lgsp:population/register@1.0.0",adapter="population",version="1.3.0"}"#
        ),
        Some(1.0)
    );
    assert_eq!(value(text, r#"nhip_adapter_slots_free{adapter="population",version="1.3.0"}"#), Some(64.0));
    assert_eq!(value(text, r#"nhip_adapters{state="live"}"#), Some(1.0));
    assert_eq!(value(text, "nhip_pool_slots_free"), Some(512.0));
    assert_eq!(value(text, "nhip_start_time_seconds"), Some(1_790_000_000.0));
    assert_eq!(value(text, r#"nhip_build_info{version="0.1.0",engine="stand-in"}"#), Some(1.0));
    assert_eq!(value(text, "nhip_connections_open"), Some(7.0), "the hook's");
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn a_version_that_comes_back_goes_on_counting() {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    world.call("population", "find").await;
    world.deployed("population", "1.1.0").await;
    world.deployments.rollback(name("population"), None, Actor::admin()).await.unwrap();
    world.call("population", "find").await;
    // The same content deployed anew counts for the same version, in a new set of counters.
    world.deployed("population", "1.0.0").await;
    world.call("population", "find").await;
    let text = world.get("/metrics").await;
    let series = r#"nhip_exchanges_total{adapter="population",version="1.0.0",outcome="ok",blame="none"}"#;
    assert_eq!(value(text.text(), series), Some(3.0), "{}", text.text());
}
