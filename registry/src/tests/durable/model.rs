//! Any order of claiming, accepting, trying, time and kills, against a model that fits on a page: each try has its own
//! number, the first end is kept, lanes keep their order, and nothing that was accepted is lost.

use super::{Queue, START, room, whole, work};
use crate::database::Kind;
use crate::durable::digest_of;
use crate::tests::for_all;
use crate::{Amount, DeadFilter, Durables, Job, Which};
use bytes::Bytes;
use nhip_exchange::durable::{Claimed, End, Ledger, LedgerError};
use nhip_exchange::{ExchangeId, Fault, Kind as FaultKind};
use proptest::prelude::*;
use std::time::Duration;

on_both! {
    the_queue_follows_the_model,
}

const KEYS: [&str; 3] = ["red", "green", "blue"];
const MOST: usize = 6;
/// A claim is given so long; no test's time adds up to it.
const LONG: Duration = Duration::from_secs(600);

#[derive(Clone, Debug)]
enum Step {
    Claim {
        key: usize,
        body: u8,
    },
    /// Of one of the claims that are held.
    End {
        at: usize,
        well: bool,
    },
    Free {
        at: usize,
    },
    Accept {
        key: Option<usize>,
        body: u8,
        lane: Option<u8>,
    },
    Take {
        most: usize,
    },
    /// Of one of the jobs that are held.
    Finish {
        at: usize,
        how: How,
    },
    Time {
        millis: u64,
        back: bool,
    },
    RetryDead,
    DiscardDead,
    Kill,
}

#[derive(Clone, Copy, Debug)]
enum How {
    Succeed,
    Bury,
    Retry(u64),
    NotTried(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let how = prop_oneof![
        3 => Just(How::Succeed),
        1 => Just(How::Bury),
        2 => (0..6000u64).prop_map(How::Retry),
        1 => (0..3000u64).prop_map(How::NotTried),
    ];
    let step = prop_oneof![
        4 => (0..3usize, 0..2u8).prop_map(|(key, body)| Step::Claim { key, body }),
        3 => (0..3usize, any::<bool>()).prop_map(|(at, well)| Step::End { at, well }),
        2 => (0..3usize).prop_map(|at| Step::Free { at }),
        6 => (prop::option::weighted(0.4, 0..3usize), 0..2u8, prop::option::of(0..2u8))
            .prop_map(|(key, body, lane)| Step::Accept { key, body, lane }),
        5 => (0..4usize).prop_map(|most| Step::Take { most }),
        8 => (0..4usize, how).prop_map(|(at, how)| Step::Finish { at, how }),
        3 => (0..6000u64, prop::bool::weighted(0.1))
            .prop_map(|(millis, back)| Step::Time { millis: if back { millis / 10 } else { millis }, back }),
        1 => Just(Step::RetryDead),
        1 => Just(Step::DiscardDead),
        1 => Just(Step::Kill),
    ];
    prop::collection::vec(step, 1..40)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Is {
    Claimed,
    Free,
    Waiting,
    Trying,
    Ended(bool),
    Dead,
    Discarded,
}

/// An exchange of the model.
#[derive(Clone, Debug)]
struct Row {
    id: ExchangeId,
    key: Option<usize>,
    body: u8,
    lane: Option<u8>,
    number: u64,
    is: Is,
    attempts: u32,
    before: u32,
    next_ms: u64,
    /// Whether whoever held it was killed.
    lost: bool,
}

/// What is said to a claim, in the model's words.
#[derive(PartialEq, Eq, Debug)]
enum Told {
    Mine(ExchangeId, u32),
    Ended(ExchangeId, bool),
    Accepted(ExchangeId),
    UnderWay(ExchangeId),
    OtherRequest,
    Full,
}

impl From<Claimed> for Told {
    fn from(claimed: Claimed) -> Self {
        match claimed {
            Claimed::Mine { id, attempt } => Self::Mine(id, attempt),
            Claimed::Ended { id, end } => Self::Ended(id, end.result.is_ok()),
            Claimed::Accepted(id) => Self::Accepted(id),
            Claimed::UnderWay(id) => Self::UnderWay(id),
            Claimed::OtherRequest => Self::OtherRequest,
        }
    }
}

#[derive(Default)]
struct Model {
    rows: Vec<Row>,
    numbers: u64,
    now_ms: u64,
}

impl Model {
    fn waiting(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.is, Is::Waiting | Is::Trying)).count()
    }

    /// What somebody with this key is told, or the row that is for it to do.
    fn before(&self, key: usize, body: u8) -> Result<Option<usize>, Told> {
        let Some(at) = self.rows.iter().position(|row| row.key == Some(key)) else { return Ok(None) };
        let row = &self.rows[at];
        if row.body != body {
            return Err(Told::OtherRequest);
        }
        match row.is {
            Is::Claimed if row.lost => Ok(Some(at)),
            Is::Claimed => Err(Told::UnderWay(row.id)),
            Is::Free => Ok(Some(at)),
            Is::Waiting | Is::Trying => Err(Told::Accepted(row.id)),
            Is::Ended(well) => Err(Told::Ended(row.id, well)),
            Is::Dead | Is::Discarded => Err(Told::Ended(row.id, false)),
        }
    }

    fn claim(&mut self, key: usize, body: u8, id: ExchangeId) -> Told {
        let at = match self.before(key, body) {
            Err(told) => return told,
            Ok(Some(at)) => at,
            Ok(None) => {
                self.rows.push(Row {
                    id,
                    key: Some(key),
                    body,
                    lane: None,
                    number: 0,
                    is: Is::Free,
                    attempts: 0,
                    before: 0,
                    next_ms: 0,
                    lost: false,
                });
                self.rows.len() - 1
            }
        };
        let row = &mut self.rows[at];
        (row.is, row.lost, row.attempts) = (Is::Claimed, false, row.attempts + 1);
        Told::Mine(row.id, row.attempts)
    }

    fn accept(&mut self, key: Option<usize>, body: u8, lane: Option<u8>, id: ExchangeId) -> Told {
        let first = match key.map(|key| self.before(key, body)) {
            Some(Err(told)) => return told,
            Some(Ok(first)) => first,
            None => None,
        };
        if self.waiting() >= MOST {
            return Told::Full;
        }
        let (id, attempts) = match first {
            Some(at) => {
                let row = self.rows.remove(at);
                (row.id, row.attempts)
            }
            None => (id, 0),
        };
        self.numbers += 1;
        let (number, next_ms, before) = (self.numbers, self.now_ms, attempts);
        self.rows.push(Row { id, key, body, lane, number, is: Is::Waiting, attempts, before, next_ms, lost: false });
        Told::Mine(id, 0)
    }

    /// What is taken: the id, which try, and which since it was accepted.
    fn take(&mut self, most: usize) -> Vec<(ExchangeId, u32, u32)> {
        let now = self.now_ms;
        for row in self.rows.iter_mut().filter(|row| row.is == Is::Trying && row.lost) {
            (row.is, row.lost, row.next_ms) = (Is::Waiting, false, now);
        }
        let rows = self.rows.clone();
        let first = |row: &Row| {
            row.lane.is_none()
                || !rows.iter().any(|other| {
                    other.lane == row.lane && matches!(other.is, Is::Waiting | Is::Trying) && other.number < row.number
                })
        };
        let mut due: Vec<&mut Row> = self.rows.iter_mut().collect();
        due.retain(|row| row.is == Is::Waiting && row.next_ms <= now && first(row));
        due.sort_by_key(|row| (row.next_ms, row.number));
        let taken = due.into_iter().take(most).map(|row| {
            (row.is, row.attempts) = (Is::Trying, row.attempts + 1);
            (row.id, row.attempts, row.attempts - row.before)
        });
        taken.collect()
    }

    fn row(&mut self, id: ExchangeId) -> &mut Row {
        self.rows.iter_mut().find(|row| row.id == id).unwrap()
    }

    fn finish(&mut self, id: ExchangeId, how: How) {
        let now = self.now_ms;
        let row = self.row(id);
        match how {
            How::Succeed => row.is = Is::Ended(true),
            How::Bury => row.is = Is::Dead,
            How::Retry(after) => (row.is, row.next_ms) = (Is::Waiting, now + after),
            How::NotTried(after) => {
                (row.is, row.next_ms, row.attempts) = (Is::Waiting, now + after, row.attempts - 1);
            }
        }
    }

    fn retry_dead(&mut self) -> u64 {
        let mut dead: Vec<&mut Row> = self.rows.iter_mut().filter(|row| row.is == Is::Dead).collect();
        dead.sort_by_key(|row| row.number);
        let done = dead.len() as u64;
        for row in dead {
            self.numbers += 1;
            (row.is, row.number, row.before, row.next_ms) = (Is::Waiting, self.numbers, row.attempts, self.now_ms);
        }
        done
    }
}

/// What is held here, and is forgotten by a kill.
#[derive(Default)]
struct Held {
    claims: Vec<(ExchangeId, u32)>,
    jobs: Vec<Job>,
}

async fn the_queue_follows_the_model(kind: Kind) {
    // A database of its own for each is dear.
    let cases = if kind == Kind::Sqlite { 40 } else { 12 };
    for_all(cases, steps(), |steps| follow_the_model(kind, steps));
}

fn bounded(queue: &Queue) -> Durables {
    queue.bounded(|config| config.waiting = Amount { exchanges: MOST as u64, bytes: 1000 })
}

async fn follow_the_model(kind: Kind, steps: Vec<Step>) {
    let mut queue = Queue::new(kind).await;
    let mut model = Model { now_ms: START, ..Model::default() };
    let mut held = Held::default();
    for one in &steps {
        if matches!(one, Step::Kill) {
            held = Held::default();
            queue = queue.restarted().await;
            model.rows.iter_mut().for_each(|row| row.lost = matches!(row.is, Is::Claimed | Is::Trying));
        } else {
            step(&queue, &mut model, &mut held, one).await;
        }
        whole(&queue.registry).await;
    }
    alike(&queue, &model).await;
}

async fn step(queue: &Queue, model: &mut Model, held: &mut Held, step: &Step) {
    let durables = bounded(queue);
    match *step {
        Step::Claim { key, body } => {
            let id = super::new_id();
            let told = durables.try_claim(&digest_of(KEYS[key]), &work(&body.to_string()), id, LONG).await.unwrap();
            let told = Told::from(told);
            assert_eq!(told, model.claim(key, body, id), "{step:?}");
            if let Told::Mine(id, attempt) = told {
                held.claims.push((id, attempt));
            }
        }
        Step::End { at, well } if at < held.claims.len() => {
            let (id, attempt) = held.claims.remove(at);
            let result = if well { Ok(Bytes::from_static(b"1")) } else { Err(Fault::new(FaultKind::Conflict, "no")) };
            durables.end(id, attempt, &End { result }).await.unwrap();
            model.row(id).is = Is::Ended(well);
        }
        Step::Free { at } if at < held.claims.len() => {
            let (id, attempt) = held.claims.remove(at);
            durables.free_claim(id, attempt).await.unwrap();
            model.row(id).is = Is::Free;
        }
        Step::Accept { key, body, lane } => accept(&durables, model, (key, body, lane)).await,
        Step::Take { most } => {
            let jobs = durables.take(|_| room(most)).await.unwrap().jobs;
            let took: Vec<_> = jobs.iter().map(|job| (job.id, job.attempt, job.nth)).collect();
            assert_eq!(took, model.take(most), "{step:?}");
            held.jobs.extend(jobs);
        }
        Step::Finish { at, how } if at < held.jobs.len() => {
            let job = held.jobs.remove(at);
            let (fault, now) = (Fault::new(FaultKind::Busy, "no"), model.now_ms);
            let said = match how {
                How::Succeed => durables.succeed(&job, b"1").await,
                How::Bury => durables.bury(&job, &fault).await,
                How::Retry(after) => durables.retry(&job, &fault, now + after).await,
                How::NotTried(after) => durables.not_tried(&job, &fault, now + after).await,
            };
            assert!(said.unwrap(), "{step:?}");
            model.finish(job.id, how);
        }
        Step::Time { millis, back } => {
            if back {
                queue.clock.back(millis)
            } else {
                queue.clock.forward(millis)
            }
            model.now_ms = if back { model.now_ms - millis } else { model.now_ms + millis };
        }
        Step::RetryDead => {
            let which = Which::All(DeadFilter::default());
            assert_eq!(durables.retry_dead(&which, "model").await.unwrap(), model.retry_dead());
        }
        Step::DiscardDead => {
            let dead = model.rows.iter_mut().filter(|row| row.is == Is::Dead).map(|row| row.is = Is::Discarded).count();
            let which = Which::All(DeadFilter::default());
            assert_eq!(durables.discard_dead(&which, "model").await.unwrap(), dead as u64);
        }
        Step::End { .. } | Step::Free { .. } | Step::Finish { .. } | Step::Kill => {}
    }
}

async fn accept(durables: &Durables, model: &mut Model, (key, body, lane): (Option<usize>, u8, Option<u8>)) {
    let id = super::new_id();
    let (text, lane_name) = (body.to_string(), lane.map(|lane| format!("lane {lane}")));
    let told = match durables.accept(key.map(|key| KEYS[key]), &work(&text), id, lane_name.as_deref()).await {
        Ok(claimed) => claimed.into(),
        Err(LedgerError::Full(_)) => Told::Full,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(told, model.accept(key, body, lane, id));
}

/// Every exchange is where the model has it.
async fn alike(queue: &Queue, model: &Model) {
    let mut reading = queue.registry.store.read().await.unwrap();
    let rows: Vec<(String, String, i64, i64)> =
        sqlx::query_as("SELECT id, state, attempts, COALESCE(number, 0) FROM durable ORDER BY id")
            .fetch_all(&mut *reading)
            .await
            .unwrap();
    let mut expected: Vec<_> = model
        .rows
        .iter()
        .map(|row| {
            let state = match row.is {
                Is::Claimed => "claimed",
                Is::Free => "free",
                Is::Waiting => "waiting",
                Is::Trying => "trying",
                Is::Ended(_) => "done",
                Is::Dead => "dead",
                Is::Discarded => "discarded",
            };
            (row.id.to_string(), state.to_owned(), i64::from(row.attempts), row.number)
        })
        .collect();
    expected.sort();
    assert_eq!(rows.len(), expected.len());
    for (row, expected) in rows.iter().zip(&expected) {
        assert_eq!((&row.0, &row.1, row.2), (&expected.0, &expected.1, expected.2));
    }
    // The order of acceptance is the same, whatever the numbers are.
    let order = |mut pairs: Vec<(u64, String)>| {
        pairs.retain(|(number, _)| *number > 0);
        pairs.sort();
        pairs.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };
    let found = rows.into_iter().map(|row| (u64::try_from(row.3).unwrap(), row.0)).collect();
    assert_eq!(order(found), order(expected.into_iter().map(|row| (row.3, row.0)).collect()));
}
