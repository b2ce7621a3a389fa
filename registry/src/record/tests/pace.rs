//! Syncs that are put off while every shard has something to do.

use super::faults::Bench;
use super::{exchanges, good};
use crate::record::JournalConfig;
use nhip_exchange::lull::Lull;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[tokio::test]
async fn syncs_are_half_a_millisecond_apart_while_no_shard_is_idle_and_all_come_to_the_disk() {
    let lull = Arc::new(Lull::default());
    let bench = Bench::with(JournalConfig { lull: Some(Arc::clone(&lull)), ..JournalConfig::default() }).await;
    bench.hand_over(0).await.await.unwrap();
    let began = Instant::now();
    for at in 1..=20 {
        bench.hand_over(at).await.await.unwrap();
    }
    // Half of it, since the first may have been synced for a while when it was told.
    assert!(began.elapsed() >= Duration::from_millis(5), "20 syncs in {:?}", began.elapsed());
    // What comes during a pause shares its sync.
    let (_, before) = bench.disk.syncs();
    let mut told = Vec::new();
    for at in 21..=60 {
        told.push(bench.hand_over(at).await);
    }
    for told in told {
        told.await.unwrap();
    }
    let syncs = bench.disk.syncs().1 - before;
    assert!(syncs < 40, "{syncs} syncs for 40 exchanges at once");
    lull.begins();
    for at in 61..=80 {
        bench.hand_over(at).await.await.unwrap();
    }
    let (folder, key) = bench.end().await;
    good(folder.path(), &key);
    assert_eq!(exchanges(folder.path()), (0..=80).collect::<Vec<_>>());
}
