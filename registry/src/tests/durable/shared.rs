//! Durable exchanges of several gateways on one PostgreSQL: each is worked by one, and taken over when it dies.

use super::{HandClock, Queue, ids, new_id, of, open, room, work};
use crate::database::Kind;
use crate::tests::eventually;
use crate::{Config, Registry};
use bytes::Bytes;
use nhip_exchange::durable::{Claimed, End, Ledger, LedgerError, State};
use nhip_exchange::{ExchangeId, Fault, Kind as FaultKind};
use nhip_postgres::{Scratch, Server};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::Instant;

on_postgres! {
    nhip_postgres what_one_gateway_accepts_is_worked_by_one_of_them,
    nhip_postgres what_a_gateway_tried_that_is_gone_is_taken_over_after_its_lease,
    nhip_postgres a_repeat_at_another_gateway_waits_for_the_first_end,
    nhip_postgres_binaries while_the_server_is_away_nothing_is_accepted_and_nothing_is_lost,
}

/// Another gateway on the same database.
async fn beside(queue: &Queue) -> (TempDir, Registry) {
    let folder = TempDir::new().unwrap();
    let config = super::config(folder.path(), queue.scratch.as_ref());
    let registry = open(&Config { gateway: "another".to_owned(), ..config }, &HandClock::new()).await;
    (folder, registry)
}

async fn what_one_gateway_accepts_is_worked_by_one_of_them() {
    let queue = Queue::new(Kind::Postgres).await;
    let (_folder, other) = beside(&queue).await;
    let mut lanes: Vec<Vec<ExchangeId>> = vec![Vec::new(); 4];
    for at in 0..40 {
        let at: usize = at;
        let id = queue.accept("{}", Some(&format!("lane {}", at % 4))).await;
        lanes[at % 4].push(id);
    }
    let mut working = JoinSet::new();
    for durables in [queue.durables(), other.durables.clone()] {
        working.spawn(async move {
            let mut did = Vec::new();
            while durables.counts().await.unwrap().waiting.exchanges > 0 {
                for job in durables.take(|_| room(2)).await.unwrap().jobs {
                    did.push(job.id);
                    assert!(durables.succeed(&job, b"1").await.unwrap());
                }
            }
            did
        });
    }
    let did = working.join_all().await;
    assert!(did.iter().all(|did| !did.is_empty()), "one did all");
    // Each once, and at each gateway in the order of its lane.
    let mut all = did.concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), did.concat().len()), (40, 40));
    for (lane, did) in lanes.iter().flat_map(|lane| did.iter().map(move |did| (lane, did))) {
        let did: Vec<_> = did.iter().filter(|id| lane.contains(id)).collect();
        assert!(did.windows(2).all(|pair| pair[0] < pair[1]), "out of order");
    }
    super::whole(&other).await;
}

async fn what_a_gateway_tried_that_is_gone_is_taken_over_after_its_lease() {
    let queue = Queue::new(Kind::Postgres).await;
    let (folder, other) = beside(&queue).await;
    let (first, second) = (queue.accept("1", Some("a")).await, queue.accept("2", Some("a")).await);
    let mut config = other.durables.config();
    config.lease = Duration::from_millis(600);
    let theirs = other.durables.clone().with_config(config);
    let jobs = theirs.take(|_| room(9)).await.unwrap().jobs;
    assert_eq!(ids(&jobs), [first]);
    let claimed = new_id();
    theirs.claim("k", &work("{}"), claimed, Instant::now()).await.unwrap();
    assert!(queue.take(9).await.is_empty());
    // Gone without a word, but for the server, which does not know either.
    drop((jobs, theirs, other, folder));
    let mut taken = Vec::new();
    eventually("it is taken over", async || {
        taken = queue.take(9).await;
        !taken.is_empty()
    })
    .await;
    assert_eq!((ids(&taken), taken[0].attempt), (vec![first], 2));
    assert!(queue.durables().succeed(&taken[0], b"1").await.unwrap());
    assert_eq!(ids(&queue.take(9).await), [second]);
    let told = queue.durables().claim("k", &work("{}"), new_id(), Instant::now() + super::DEADLINE).await.unwrap();
    assert!(matches!(told, Claimed::Mine { id, attempt: 2 } if id == claimed), "{told:?}");
}

async fn a_repeat_at_another_gateway_waits_for_the_first_end() {
    let queue = Queue::new(Kind::Postgres).await;
    let (_folder, other) = beside(&queue).await;
    let (durables, first) = (queue.durables(), new_id());
    let deadline = Instant::now() + super::DEADLINE;
    durables.claim("k", &work("{}"), first, deadline).await.unwrap();
    let repeat = tokio::spawn(async move { other.durables.claim("k", &work("{}"), new_id(), deadline).await.unwrap() });
    durables.end(first, 1, &End { result: Ok(Bytes::from_static(b"1")) }).await.unwrap();
    let told = repeat.await.unwrap();
    let Claimed::Ended { id, end } = told else { panic!("{told:?}") };
    assert_eq!((id, end.result.unwrap()), (first, Bytes::from_static(b"1")));
}

async fn while_the_server_is_away_nothing_is_accepted_and_nothing_is_lost() {
    let mut server = Server::start();
    let queue = Queue { scratch: Some(Scratch::on(&server).await), ..Queue::new(Kind::Postgres).await };
    let queue = queue.restarted().await;
    let durables = queue.durables();
    let waiting = queue.accept("1", None).await;
    let tried = {
        let id = new_id();
        durables.accept(None, &of("another", "{}"), id, None).await.unwrap();
        let jobs = durables.take(|service| room(usize::from(service == "another"))).await.unwrap().jobs;
        assert_eq!(ids(&jobs), [id]);
        jobs
    };
    server.stop("QUIT");
    let refused = durables.accept(None, &work("{}"), new_id(), None).await;
    assert!(matches!(refused, Err(LedgerError::Unavailable(_))), "{refused:?}");
    let fault = Fault::new(FaultKind::Busy, "busy");
    assert!(durables.take(|_| room(1)).await.is_err());
    assert!(durables.retry(&tried[0], &fault, 0).await.is_err());
    server.go_on();
    let said = async || durables.succeed(&tried[0], b"1").await.is_ok_and(|kept| kept);
    eventually("what was tried is said", said).await;
    assert_eq!(queue.state(tried[0].id).await, State::Done);
    assert_eq!(ids(&queue.take(9).await), [waiting]);
    super::whole(&queue.registry).await;
}
