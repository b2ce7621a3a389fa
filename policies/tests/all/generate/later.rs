//! What is done later and by the clock, for the properties.

use std::collections::BTreeMap;
use std::time::Duration;

use nhip_policies::*;
use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Map;

use super::{contract, json, name, read};

pub(super) fn delivery(service: ServiceName) -> impl Strategy<Value = Delivery> {
    let pauses = (100..=3_600_000u64).prop_flat_map(|first| (Just(first), first..=86_400_000));
    // Functions are dealt out to lanes, so that none is in two.
    let functions = btree_map(name(), (0..3u8, "(/([a-z\u{e1} \"\\\\]|~0|~1){0,4}){1,3}"), 0..6);
    (1..=1000u32, 1000..=90 * 86_400_000u64, pauses, functions).prop_map(
        move |(attempts, age, (first, longest), functions)| {
            let mut lanes: BTreeMap<u8, BTreeMap<FunctionRef, Pointer>> = BTreeMap::new();
            for (function, (lane, by)) in functions {
                let function = FunctionRef { service: service.clone(), function: read(function) };
                lanes.entry(lane).or_default().insert(function, read(by));
            }
            let mut lanes: Vec<Lane> = lanes.into_values().map(|by| Lane { by }).collect();
            lanes.sort();
            Delivery {
                attempts,
                age: Duration::from_millis(age),
                first_pause: Duration::from_millis(first),
                longest_pause: Duration::from_millis(longest),
                lanes,
            }
        },
    )
}

/// An expression that is right, with a day that comes.
pub(crate) fn expression() -> impl Strategy<Value = String> {
    let minute = "\\*|\\*/(5|7|15)|[1-5]?[0-9]|[1-2]?[0-9]-[3-5][0-9](/[1-9])?|[0-9],[1-5][0-9]";
    let hour = "\\*|\\*/(2|6)|1?[0-9]|[0-9]-1[0-9](/[1-9])?|[0-9],1[0-9],2[0-3]";
    let day = "\\*|\\*|\\*/(2|10)|1?[1-9]|[1-9]-2[0-9](/[1-9])?|1,15";
    let month = "\\*|\\*|\\*/3|[1-9]|1[0-2]|JAN|3-1[0-2]|JUN-AUG|OCT,2";
    let weekday = "\\*|\\*|[0-7]|MON|MON-FRI|[0-3]-[4-7]|SAT,0|FRI-SUN";
    (minute, hour, day, month, weekday)
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"))
}

/// Zones with every kind of clock: none put forward or back, at night, at midnight, by half an hour, in the south.
pub(crate) fn zone() -> impl Strategy<Value = TimeZone> {
    select(vec![
        "Asia/Ho_Chi_Minh",
        "UTC",
        "Europe/Paris",
        "America/New_York",
        "America/Santiago",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "Asia/Kathmandu",
    ])
    .prop_map(read::<TimeZone>)
}

pub(super) fn schedule(service: ServiceName) -> impl Strategy<Value = Schedule> {
    let parameters = btree_map(any::<String>(), json(), 0..2).prop_map(|body| body.into_iter().collect::<Map<_, _>>());
    let cron = (expression(), zone()).prop_map(|(text, zone)| Cron::parse(&text, zone).expect("is right"));
    let missed = select(vec![Missed::Skip, Missed::Once, Missed::All]);
    (name(), parameters, cron, 0..=3_600_000u64, missed, option::of("[A-Za-z0-9._:/-]{1,8}")).prop_map(
        move |(function, parameters, cron, jitter, missed, purpose)| Schedule {
            call: FunctionRef { service: service.clone(), function: read(function) },
            parameters,
            cron,
            jitter: Duration::from_millis(jitter),
            missed,
            purpose: purpose.map(read),
        },
    )
}

/// Imports; the services have names that those of a policy cannot have here.
pub(super) fn imports() -> impl Strategy<Value = BTreeMap<ContractRef, Import>> {
    let delivery = select(vec![ImportDelivery::Direct, ImportDelivery::Durable]);
    let import =
        (name(), delivery).prop_map(|(name, delivery)| Import { service: read(format!("a-b-c-d-{name}")), delivery });
    btree_map(contract(), import, 0..3)
}
