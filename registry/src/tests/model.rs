//! Any order of deploying, rolling back, retiring and restarting, against a model that fits on a page.

use super::{Bench, adapter, for_all, sound};
use crate::database::Kind;
use crate::{ActFilter, DeploymentId, NewDeployment, RegistryError, RollbackTarget};
use bytes::Bytes;
use nhip_exchange::Digest;
use proptest::prelude::*;
use std::collections::HashMap;

on_both! {
    deployments_follow_the_model,
}

const ADAPTERS: [&str; 3] = ["one", "two", "three"];
const NAMES: [&str; 3] = ["red", "green", "blue"];

/// What is put in service, in small numbers. The policy's bits say which names are served, and one more tells
/// policies apart that serve the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Content {
    version: u8,
    component: u8,
    policy: u8,
}

#[derive(Clone, Debug)]
enum Step {
    Deploy { adapter: usize, content: Content, stale: bool },
    Rollback { adapter: usize, to: Option<u8>, stale: bool },
    Retire { adapter: usize, stale: bool },
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let content =
        (0..3u8, 0..2u8, 0..16u8).prop_map(|(version, component, policy)| Content { version, component, policy });
    // Mostly decisions on the state of now, or hardly anything would happen.
    let stale = || prop::bool::weighted(0.1);
    let step = prop_oneof![
        6 => (0..3usize, content, stale()).prop_map(|(adapter, content, stale)| Step::Deploy { adapter, content, stale }),
        4 => (0..3usize, prop::option::weighted(0.3, 0..3u8), stale())
            .prop_map(|(adapter, to, stale)| Step::Rollback { adapter, to, stale }),
        2 => (0..3usize, stale()).prop_map(|(adapter, stale)| Step::Retire { adapter, stale }),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..25)
}

/// What a step may end in.
#[derive(PartialEq, Eq, Debug)]
enum End {
    Done,
    Changed,
    VersionTaken,
    ServiceTaken,
    NothingThere,
}

impl From<Result<(), RegistryError>> for End {
    fn from(result: Result<(), RegistryError>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(RegistryError::Changed { .. }) => Self::Changed,
            Err(RegistryError::VersionTaken { .. }) => Self::VersionTaken,
            Err(RegistryError::ServiceTaken { .. }) => Self::ServiceTaken,
            Err(error) if error.is_not_found() => Self::NothingThere,
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// The whole registry, as far as deployments go.
#[derive(Default)]
struct Model {
    /// All deployments of all adapters; the number is the place, from 1.
    made: Vec<(usize, Content)>,
    live: [Option<usize>; 3],
    versions: HashMap<(usize, u8), u8>,
    acts: usize,
}

impl Model {
    fn put(&mut self, adapter: usize, content: Content) -> End {
        let taken = |at: usize| {
            self.live[at].is_some_and(|live| at != adapter && self.made[live - 1].1.policy & content.policy & 7 != 0)
        };
        if (0..3).any(taken) {
            return End::ServiceTaken;
        }
        self.made.push((adapter, content));
        self.live[adapter] = Some(self.made.len());
        self.acts += 1;
        End::Done
    }

    fn deploy(&mut self, adapter: usize, content: Content, stale: bool) -> End {
        if stale {
            return End::Changed;
        }
        let key = (adapter, content.version);
        if self.versions.get(&key).is_some_and(|known| *known != content.component) {
            return End::VersionTaken;
        }
        let end = self.put(adapter, content);
        if end == End::Done {
            self.versions.insert(key, content.component);
        }
        end
    }

    /// The number of the deployment to go back to.
    fn target(&self, adapter: usize, to: Option<u8>) -> Option<usize> {
        let live = self.live[adapter];
        let before = live.map_or(self.made.len(), |live| live - 1);
        let fits = |number: &usize| {
            let (whose, content) = self.made[number - 1];
            let differs = live.is_none_or(|live| {
                let now = self.made[live - 1].1;
                (now.component, now.policy) != (content.component, content.policy)
            });
            whose == adapter && differs && to.is_none_or(|to| to == content.version)
        };
        (1..=before).rev().find(fits)
    }
}

fn new_deployment(at: usize, content: Content, component: Digest) -> NewDeployment {
    let policy = format!("policy {}", content.policy);
    let contract = "test:made-up/contract@1.0.0";
    let served = NAMES.iter().enumerate().filter(|(bit, _)| content.policy & (1 << bit) != 0);
    NewDeployment {
        adapter: adapter(ADAPTERS[at]),
        version: format!("1.{}.0", content.version).parse().unwrap(),
        component,
        policy: Digest::of(policy.as_bytes()),
        policy_text: policy,
        manifest_text: String::new(),
        contracts: vec![contract.to_owned()],
        services: served.map(|(_, name)| (name.parse().unwrap(), contract.parse().unwrap())).collect(),
        actor: "model".to_owned(),
    }
}

/// Some deployment that is not the live one.
fn passed(live: Option<DeploymentId>) -> DeploymentId {
    DeploymentId::from_db(live.map_or(77, |live| live.to_db() + 77))
}

/// Do a step to both, and give what each made of it.
async fn step(bench: &Bench, model: &mut Model, step: &Step) -> (End, End) {
    let deployments = &bench.registry.deployments;
    match *step {
        Step::Deploy { adapter: at, content, stale } => {
            let bytes = Bytes::from(format!("component {}", content.component));
            let component = bench.registry.blobs.put(bytes).await.unwrap();
            let live = model.live[at].map(|live| DeploymentId::from_db(i64::try_from(live).unwrap()));
            let expected = if stale { Some(passed(live)) } else { live };
            let done = deployments.deploy(new_deployment(at, content, component), expected).await;
            (done.map(|_| ()).into(), model.deploy(at, content, stale))
        }
        Step::Rollback { adapter: at, to, stale } => {
            let version = to.map(|to| format!("1.{to}.0").parse().unwrap());
            let predicted = model.target(at, to);
            let target = match deployments.rollback_target(&adapter(ADAPTERS[at]), version.as_ref()).await {
                Ok(target) => target,
                Err(error) => {
                    let end = if predicted.is_none() { End::NothingThere } else { End::Done };
                    return (Err(error).into(), end);
                }
            };
            assert_eq!(Some(target.deployment.id.to_db()), predicted.map(|number| i64::try_from(number).unwrap()));
            let content = model.made[predicted.unwrap() - 1].1;
            let live = if stale { Some(passed(target.live)) } else { target.live };
            let done = deployments.rollback(RollbackTarget { live, ..target }, "model").await;
            (done.map(|_| ()).into(), if stale { End::Changed } else { model.put(at, content) })
        }
        Step::Retire { adapter: at, stale } => {
            let live = model.live[at].map(|live| DeploymentId::from_db(i64::try_from(live).unwrap()));
            let expected = if stale { passed(live) } else { live.unwrap_or(passed(None)) };
            let done = deployments.retire(&adapter(ADAPTERS[at]), expected, "model").await;
            let predicted = match (live, stale) {
                (None, _) => End::NothingThere,
                (Some(_), true) => End::Changed,
                (Some(_), false) => {
                    model.live[at] = None;
                    model.acts += 1;
                    End::Done
                }
            };
            (done.into(), predicted)
        }
        Step::Restart => (End::Done, End::Done),
    }
}

async fn alike(bench: &Bench, model: &Model) {
    let registry = &bench.registry;
    let mut live: Vec<_> = registry.deployments.live().await.unwrap().iter().map(|live| live.id.to_db()).collect();
    live.sort_unstable();
    let mut expected: Vec<_> = model.live.iter().flatten().map(|live| i64::try_from(*live).unwrap()).collect();
    expected.sort_unstable();
    assert_eq!(live, expected);
    assert_eq!(registry.acts.list(&ActFilter::default(), 1000).await.unwrap().len(), model.acts);
    for (at, name) in ADAPTERS.iter().enumerate() {
        let history = registry.deployments.history(&adapter(name), 1000).await.unwrap_or_default();
        let history: Vec<_> = history.iter().rev().map(|one| (one.version.minor, one.policy_text.clone())).collect();
        let made = model.made.iter().filter(|(whose, _)| *whose == at);
        let made: Vec<_> =
            made.map(|(_, content)| (u64::from(content.version), format!("policy {}", content.policy))).collect();
        assert_eq!(history, made);
    }
    sound(registry).await;
}

async fn deployments_follow_the_model(kind: Kind) {
    for_all(40, steps(), |steps| follow_the_model(kind, steps));
}

async fn follow_the_model(kind: Kind, steps: Vec<Step>) {
    let mut bench = Bench::new(kind).await;
    let mut model = Model::default();
    for one in &steps {
        let (did, should) = step(&bench, &mut model, one).await;
        assert_eq!(did, should, "{one:?} of {steps:?}");
        if matches!(one, Step::Restart) {
            bench = bench.reopened().await;
            alike(&bench, &model).await;
        }
    }
    alike(&bench, &model).await;
}
