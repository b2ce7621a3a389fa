//! Rounds: the contenders are driven in turn, again and again, so that what disturbs the machine for a while disturbs all.

use crate::client::Client;
use crate::contender::Contender;
use crate::measure::{Round, Row};
use crate::screen;
use crate::wrk::{self, Drive};
use std::path::Path;
use std::time::{Duration, Instant};

/// Between two looks at an answer while a contender is driven.
const LOOK: Duration = Duration::from_millis(100);

/// How to drive.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    pub(crate) drive: Drive,
}

/// Prove all, warm them up, and drive them round by round. One row for each, in their order.
pub(crate) async fn rounds(contenders: &[Contender], plan: Plan, scratch: &Path) -> anyhow::Result<Vec<Row>> {
    let client = Client::new();
    for contender in contenders {
        contender.prove(&client).await?;
    }
    for contender in contenders {
        one(contender, Drive { seconds: 1, ..plan.drive }, &client, scratch).await?;
    }
    let mut all: Vec<Vec<Round>> = vec![Vec::new(); contenders.len()];
    for number in 0..plan.rounds {
        let mut turns: Vec<_> = contenders.iter().zip(&mut all).collect();
        // Back and forth, so that nobody always comes after the same one.
        if number % 2 == 1 {
            turns.reverse();
        }
        for (contender, rounds) in turns {
            let round = one(contender, plan.drive, &client, scratch).await?;
            screen::note(&format!(
                "  round {} of {}: {:<32} {:>9.0} requests/s",
                number + 1,
                plan.rounds,
                contender.name,
                round.per_second
            ));
            rounds.push(round);
        }
    }
    Ok(contenders.iter().zip(all).map(|(contender, rounds)| Row::of(&contender.name, rounds)).collect())
}

/// One round, with a look at an answer now and then.
pub(crate) async fn one(contender: &Contender, drive: Drive, client: &Client, scratch: &Path) -> anyhow::Result<Round> {
    let before = contender.group.cpu();
    let mut looks = 0_u32;
    let looking = async {
        for number in 0.. {
            tokio::time::sleep(LOOK).await;
            let asked = Instant::now();
            contender.look(client, number).await?;
            looks += 1;
            // An answer of megabytes takes its time, and looking at it should not become the load.
            tokio::time::sleep(asked.elapsed()).await;
        }
        anyhow::Ok(())
    };
    let report = tokio::select! {
        report = wrk::drive(contender, drive, scratch) => report?,
        wrong = looking => {
            wrong?;
            anyhow::bail!("looking at answers ended");
        }
    };
    let cpu = contender.group.cpu().saturating_sub(before);
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    Ok(Round {
        per_second: report.per_second(),
        p50_ms: report.p50 / 1e3,
        p99_ms: report.p99 / 1e3,
        cpu_micros: cpu.as_secs_f64() * 1e6 / (report.requests + u64::from(looks)).max(1) as f64,
        resident_mib: mib(contender.group.resident()),
        errors: report.status + report.broken,
    })
}

/// Bytes in MiB.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub(crate) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
