//! Gateways on one PostgreSQL: what the shared database costs one, and whether two carry what one does.
//!
//! All run on the same cores: what shows is whether they stand in each other's way, not what two machines do.

use super::Run;
use crate::client::Client;
use crate::contender::Contender;
use crate::gateway::{Deployment, Gateway};
use crate::load;
use crate::measure::{Figure, Outcome, Round, Row, median};
use crate::screen::note;
use crate::work::Work;
use crate::wrk::Drive;
use anyhow::{Context, ensure};
use futures_util::future::try_join_all;
use nhip_postgres::{Scratch, Server};
use std::time::{Duration, Instant};

/// How many exchanges are accepted to be done later, and how many in a quick run.
const LATER: (usize, usize) = (2000, 40);
/// Who hands them over at once.
const HANDS: usize = 32;
/// The longest until all are delivered.
const PATIENCE: Duration = Duration::from_secs(300);

/// Some gateways that are asked in equal parts.
struct Side {
    name: &'static str,
    gateways: Vec<Gateway>,
    contenders: Vec<Contender>,
}

impl Side {
    async fn of(name: &'static str, gateways: Vec<Gateway>, deployment: &Deployment) -> anyhow::Result<Self> {
        let first = gateways.first().context("a side has a gateway")?;
        first.deploy(deployment).await?;
        let contenders: Vec<_> =
            gateways.iter().map(|gateway| gateway.contender_of(name, deployment, Work::Convert)).collect();
        let client = Client::new();
        for contender in &contenders {
            // The others hear of the deployment within a second, and compile it.
            let until = Instant::now() + Duration::from_secs(30);
            while let Err(error) = contender.ask(&client, 0).await {
                ensure!(Instant::now() < until, "{name}: {error:#}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            contender.prove(&client).await?;
        }
        Ok(Self { name, gateways, contenders })
    }

    /// One round of all of them at once; what they did together.
    async fn round(&self, run: &Run<'_>, drive: Drive) -> anyhow::Result<Round> {
        let (client, many) = (Client::new(), u32::try_from(self.contenders.len())?);
        let drive = Drive { connections: (drive.connections / many).max(1), ..drive };
        let folders = self.contenders.iter().map(|_| run.tools.folder("wrk")).collect::<anyhow::Result<Vec<_>>>()?;
        let driving = self.contenders.iter().zip(&folders);
        let rounds = try_join_all(driving.map(|(one, folder)| load::one(one, drive, &client, folder))).await?;
        let sum = |of: fn(&Round) -> f64| rounds.iter().map(of).sum::<f64>();
        let most = |of: fn(&Round) -> f64| rounds.iter().map(of).fold(0.0, f64::max);
        let per_second = sum(|round| round.per_second);
        Ok(Round {
            per_second,
            p50_ms: most(|round| round.p50_ms),
            p99_ms: most(|round| round.p99_ms),
            cpu_micros: sum(|round| round.cpu_micros * round.per_second) / per_second,
            resident_mib: sum(|round| round.resident_mib),
            errors: rounds.iter().map(|round| round.errors).sum(),
        })
    }

    /// Hand exchanges over to be done later, and wait until all are delivered: how many per second were accepted, and
    /// how many were delivered.
    async fn later(&self, many: usize) -> anyhow::Result<(f64, f64)> {
        let client = Client::new();
        let began = Instant::now();
        try_join_all((0..HANDS).map(|hand| self.hand_over(&client, hand, many))).await?;
        let accepted = began.elapsed();
        let first = self.gateways.first().context("a side has a gateway")?;
        while first.undelivered(&client).await? > 0 {
            ensure!(began.elapsed() < PATIENCE, "{}: not all were delivered in time", self.name);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of exchanges")]
        let rate = |took: Duration| many as f64 / took.as_secs_f64();
        Ok((rate(accepted), rate(began.elapsed())))
    }

    /// Every so-manieth of them.
    async fn hand_over(&self, client: &Client, hand: usize, many: usize) -> anyhow::Result<()> {
        let to = self.contenders.get(hand % self.contenders.len()).context("a side has a gateway")?;
        let path = to.target.paths.first().context("nothing to ask")?;
        let mut headers = to.target.headers.clone();
        headers.push(("prefer".to_owned(), "respond-async".to_owned()));
        for number in (hand..many).step_by(HANDS) {
            // Refused with 503 is what the disk, or the database, has no room for at the moment: it is repeated, as callers do.
            let until = Instant::now() + PATIENCE;
            loop {
                let answer = client.post(to.target.address, path, &headers, to.work.body(number)?).await?;
                if answer.status == 202 {
                    break;
                }
                ensure!(
                    answer.status == 503 && Instant::now() < until,
                    "{} answers {} instead of accepting",
                    to.name,
                    answer.status
                );
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        Ok(())
    }
}

/// One on SQLite, one on PostgreSQL, two on one PostgreSQL.
pub(super) async fn gateways(run: &Run<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new(name, "Gateways on one PostgreSQL");
    if !nhip_postgres::is_installed() {
        outcome.notes.push("all of it: PostgreSQL is not installed: apt-get install -y postgresql".to_owned());
        return Ok(outcome);
    }
    let tools = &run.tools;
    let server = tokio::task::spawn_blocking(Server::start).await.context("PostgreSQL does not start")?;
    let (lone, shared) = (Scratch::on(&server).await, Scratch::on(&server).await);
    let deployment = Deployment::of(tools, "plain", "converter");
    let first = Gateway::start_on(tools, "bridge-1", &shared.url).await?;
    let second = first.beside(tools, "bridge-2", &shared.url).await?;
    let sides = [
        Side::of("one, SQLite", vec![Gateway::start(tools, "sqlite").await?], &deployment).await?,
        Side::of("one, PostgreSQL", vec![Gateway::start_on(tools, "lone", &lone.url).await?], &deployment).await?,
        Side::of("two, PostgreSQL", vec![first, second], &deployment).await?,
    ];
    let plan = run.plan();
    let mut rounds: [Vec<Round>; 3] = Default::default();
    let mut later: [Vec<(f64, f64)>; 3] = Default::default();
    for number in 0..plan.rounds {
        for ((side, rounds), later) in sides.iter().zip(&mut rounds).zip(&mut later) {
            let round = side.round(run, plan.drive).await?;
            let (accepted, delivered) = side.later(run.options.many(LATER.0, LATER.1)).await?;
            note(&format!(
                "  round {} of {}: {:<16} {:>9.0} requests/s, {accepted:.0} accepted/s, {delivered:.0} delivered/s",
                number + 1,
                plan.rounds,
                side.name,
                round.per_second
            ));
            rounds.push(round);
            later.push((accepted, delivered));
        }
    }
    for ((side, rounds), later) in sides.iter().zip(rounds).zip(&later) {
        outcome.rows.push(Row::of(side.name, rounds));
        let accepted = median(later.iter().map(|(accepted, _)| *accepted));
        let delivered = median(later.iter().map(|(_, delivered)| *delivered));
        outcome.figures.push(Figure::new(format!("accepted to be done later: {}", side.name), accepted, "/s", None));
        outcome.figures.push(Figure::new(format!("of these, delivered: {}", side.name), delivered, "/s", None));
    }
    outcome.compare_speed(["one, PostgreSQL", "one, SQLite"], None);
    outcome.compare_speed(["two, PostgreSQL", "one, PostgreSQL"], None);
    Ok(outcome)
}
