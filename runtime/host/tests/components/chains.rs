//! Adapters that call adapters: circles, and chains that are too long.

use crate::guests::link;
use crate::world::World;
use nhip_exchange::Kind;

/// A link named `name` that goes on to `next`.
fn policy(name: &str, next: &str) -> String {
    format!(
        "adapter = \"{name}\"\n[services]\n{name} = \"test:chain/step@1.0.0\"\n[callers]\nany-authenticated = true\n\
         [imports]\n\"test:chain/step@1.0.0\" = \"{next}\"\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_ends_where_it_closes_and_everybody_hears_of_it() {
    let world = World::new();
    let link = link();
    world.deploy(&link, &policy("one", "two")).await;
    world.deploy(&link, &policy("two", "one")).await;
    let fault = world.fault("one", "go", "{}").await;
    assert_eq!((fault.kind, fault.upstream_code.as_deref()), (Kind::UpstreamRefused, Some("import-refused")));
    let (third, second, first) = (world.record().await, world.record().await, world.record().await);
    assert_eq!((third.service.as_str(), third.outcome.as_str()), ("one", "import-refused"));
    assert_eq!((third.parent, second.parent, first.parent), (Some(second.id), Some(first.id), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_adapters_may_stand_one_below_another_and_the_ninth_is_refused() {
    let world = World::new();
    let link = link();
    for at in 0..9 {
        world.deploy(&link, &policy(&format!("l{at}"), &format!("l{}", at + 1))).await;
    }
    let fault = world.fault("l0", "go", "{}").await;
    assert_eq!((fault.kind, fault.upstream_code.as_deref()), (Kind::UpstreamRefused, Some("import-refused")));
    let mut services = Vec::new();
    for _ in 0..9 {
        let record = world.record().await;
        services.push((record.service.to_string(), record.outcome == "import-refused"));
    }
    let expected: Vec<(String, bool)> = (0..9).rev().map(|at| (format!("l{at}"), at == 8)).collect();
    assert_eq!(services, expected);
}
