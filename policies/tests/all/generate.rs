//! Policies of every shape, for the properties: each is one that could have been parsed.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::str::FromStr;
use std::time::Duration;

use nhip_policies::*;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value};

mod later;

use later::{delivery, imports, schedule};
pub(crate) use later::{expression, zone};

/// Reads a text that is right.
fn read<T: FromStr<Err: Debug>>(text: impl AsRef<str>) -> T {
    text.as_ref().parse().unwrap_or_else(|error| panic!("{}: {error:?}", text.as_ref()))
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9]{0,6}(-[a-z0-9]{1,5}){0,2}"
}

fn contract() -> impl Strategy<Value = ContractRef> {
    (name(), name(), name(), 0..20u64, 0..20u64).prop_map(|(namespace, package, interface, major, minor)| ContractRef {
        namespace,
        package,
        interface,
        version: semver::Version::new(major, minor, 0),
    })
}

fn limits() -> impl Strategy<Value = Limits> {
    const MIB: u64 = 1 << 20;
    let times = (1..=600_000u64).prop_flat_map(|deadline| (Just(deadline), 1..=deadline));
    let counts = (1..=1024u32, 1..=10_000u32);
    let sizes =
        (64 << 10..=1024 * MIB, 1024..=64 * MIB, 1024..=64 * MIB, 1024..=256 * MIB, 1024..=256 * MIB, 0..=16 * MIB);
    (times, counts, sizes).prop_map(|((deadline, cpu), (concurrency, upstream_calls), sizes)| {
        let (memory, request, response, upstream_request, upstream_response, log) = sizes;
        let (cpu, deadline) = (Duration::from_millis(cpu), Duration::from_millis(deadline));
        Limits {
            memory,
            cpu,
            deadline,
            concurrency,
            request,
            response,
            upstream_request,
            upstream_response,
            upstream_calls,
            log,
        }
    })
}

fn secret() -> impl Strategy<Value = SecretRef> {
    prop_oneof![
        "[A-Za-z_][A-Za-z0-9_]{0,8}".prop_map(SecretRef::Env),
        "(/[a-z\u{e1} \"'\\\\]{1,5}){1,3}".prop_map(|path| SecretRef::File(path.into())),
    ]
}

fn identity() -> impl Strategy<Value = Identity> {
    let plain =
        |text: &String| !text.starts_with("env:") && !text.starts_with("file:") && !text.chars().any(char::is_control);
    prop_oneof![
        ".{1,12}".prop_filter("reads as a place", plain).prop_map(Identity::Text),
        secret().prop_map(Identity::Secret)
    ]
}

fn url(scheme: &'static str) -> impl Strategy<Value = url::Url> {
    "[a-z][a-z0-9]{0,8}\\.example(:81)?(/[a-zA-Z0-9._~-]{2,5}x){0,3}"
        .prop_map(move |rest| read(format!("{scheme}://{rest}")))
}

fn credential() -> impl Strategy<Value = Credential> {
    let header = "x-c-[a-z]{1,5}".prop_map(read::<HeaderName>);
    let authentication = select(vec![ClientAuthentication::Basic, ClientAuthentication::Form]);
    let sign = subsequence(vec!["XroadVnpt-from", "xroadvnpt-TO", "XroadVnpt-timestamp", "XroadVnpt-systemid"], 0..=4);
    prop_oneof![
        (header, secret()).prop_map(|(name, value)| Credential::Header { name, value }),
        (identity(), secret()).prop_map(|(username, password)| Credential::Basic { username, password }),
        secret().prop_map(|token| Credential::Bearer { token }),
        (url("https"), secret(), secret(), option::of("[!#-Z]{1,5}( [a-z]{1,3}){0,2}"), authentication).prop_map(
            |(token_url, client_id, client_secret, scope, authentication)| Credential::OAuth2 {
                token_url,
                client_id,
                client_secret,
                scope,
                authentication
            }
        ),
        (identity(), secret(), sign.prop_shuffle()).prop_map(|(system_id, secret, sign)| Credential::Vxp {
            system_id,
            secret,
            sign: sign.into_iter().map(str::to_owned).collect()
        }),
    ]
}

fn tls() -> impl Strategy<Value = Tls> {
    let certificate = (secret(), secret()).prop_map(|(cert, key)| ClientCertificate { cert, key });
    let version = select(vec![TlsVersion::V1_2, TlsVersion::V1_3]);
    (option::of("(/[a-z]{1,5}){1,3}"), option::of(certificate), version).prop_map(
        |(ca, client_certificate, min_version)| Tls { ca: ca.map(Into::into), client_certificate, min_version },
    )
}

fn sorted<T: Ord + Debug + Clone + FromStr<Err: Debug>>(
    texts: impl Strategy<Value = String>,
    most: usize,
) -> impl Strategy<Value = Vec<T>> {
    btree_set(texts.prop_map(read::<T>), usize::from(most != 2)..=most).prop_map(|set| set.into_iter().collect())
}

fn endpoint(deadline: Duration) -> impl Strategy<Value = Endpoint> {
    let most = u64::try_from(deadline.as_millis()).expect("is short");
    let times = (1..=most).prop_flat_map(|total| (1..=total, Just(total)));
    let timeouts = times.prop_map(|(connect, total)| Timeouts {
        connect: Duration::from_millis(connect),
        total: Duration::from_millis(total),
    });
    let methods = sorted::<Method>("GET|POST|PUT|PROPFIND|X-[A-Z]{1,3}", 4);
    let paths = sorted::<PathRule>("(/[a-z0-9]{1,5}|/%20|/@a){0,3}(/|/\\*)", 4);
    let secrets = btree_map("[A-Z][A-Z0-9_]{0,5}", secret(), 0..3);
    let what = (methods, paths, sorted::<HeaderName>("x-h-[a-z]{1,5}".boxed(), 2));
    let how = (option::of(credential()), tls(), timeouts, secrets, any::<bool>(), 1..=1024u32);
    (url("https"), url("http"), any::<bool>(), what, how).prop_map(|(secure, clear, encrypted, what, how)| {
        let (methods, paths, headers) = what;
        let (credential, tls, timeouts, secrets, private, concurrency) = how;
        // In clear text nothing may be at stake, or the way must be inside; and there is no TLS to set up.
        let (url, tls) = if encrypted { (secure, tls) } else { (clear, Tls::default()) };
        let private_network = private || !encrypted;
        let name = String::new();
        Endpoint {
            name,
            url,
            methods,
            paths,
            headers,
            credential,
            private_network,
            tls,
            timeouts,
            concurrency,
            secrets,
        }
    })
}

fn key_value() -> impl Strategy<Value = KeyValueGrant> {
    (1024..=1u64 << 30)
        .prop_flat_map(|quota| (Just(quota), 1..=quota.min(16 << 20), 1..=1_000_000u32))
        .prop_map(|(quota, value, keys)| KeyValueGrant { quota, keys, value })
}

fn files() -> impl Strategy<Value = Vec<FileGrant>> {
    let mode = select(vec![FileMode::Read, FileMode::Write]);
    btree_map("[a-z\u{e1} \"]{1,5}", mode, 0..3).prop_map(|folders| {
        let grant = |(name, mode)| FileGrant { host: format!("/srv/{name}").into(), guest: format!("/{name}"), mode };
        folders.into_iter().map(grant).collect()
    })
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        proptest::num::f64::NORMAL.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect()))
        ]
    })
}

fn smoke(service: ServiceName) -> impl Strategy<Value = Smoke> {
    let body = btree_map(any::<String>(), json(), 0..3).prop_map(|body| body.into_iter().collect::<Map<_, _>>());
    let expect = select(vec![Expect::Ok, Expect::Fault]);
    (name(), body, option::of("[A-Za-z0-9._:/-]{1,8}"), expect).prop_map(move |(function, body, purpose, expect)| {
        Smoke { service: service.clone(), function: read(function), body, purpose: purpose.map(read), expect }
    })
}

fn callers(service: ServiceName) -> impl Strategy<Value = Callers> {
    let functions = btree_set(name(), 0..3);
    let named = btree_map(name(), option::of(functions), 0..4);
    let purposes = btree_set("[A-Za-z0-9._:/-]{1,8}", 0..3);
    (any::<bool>(), named, purposes, any::<bool>()).prop_map(move |(any_authenticated, named, purposes, require)| {
        let function = |function| FunctionRef { service: service.clone(), function: read(function) };
        let allow = named.keys().filter(|_| !any_authenticated).map(read).collect();
        let narrowed = named.into_iter().filter_map(|(name, functions)| Some((read(name), functions?)));
        Callers {
            any_authenticated,
            allow,
            only: narrowed.map(|(name, functions)| (name, functions.into_iter().map(function).collect())).collect(),
            require_purpose: require || !purposes.is_empty(),
            purposes: purposes.into_iter().map(read).collect(),
        }
    })
}

fn config() -> impl Strategy<Value = BTreeMap<String, String>> {
    let key = any::<String>()
        .prop_filter("is a key", |key| (1..=128).contains(&key.len()) && !key.chars().any(char::is_control));
    let value = any::<String>().prop_filter("reads as a place", |value| {
        !value.starts_with("env:") && !value.starts_with("file:/") && !value.contains("{{secret:")
    });
    btree_map(key, value, 0..3)
}

fn level() -> impl Strategy<Value = LogLevel> {
    use LogLevel::*;
    select(vec![Trace, Debug, Info, Warn, Error, Critical])
}

/// A policy.
pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    let services = btree_map(name().prop_map(read::<ServiceName>), contract(), 1..4);
    let base = (name(), services, prop_oneof![limits(), Just(Limits::default())]);
    base.prop_flat_map(|(adapter, services, limits)| {
        let service = services.keys().next().expect("there is one").clone();
        let endpoints = btree_map(name(), endpoint(limits.deadline), 0..3);
        let parts = (
            endpoints,
            config(),
            option::of(key_value()),
            files(),
            callers(service.clone()),
            level(),
            vec(smoke(service.clone()), 0..3),
        );
        let timed = (
            select(vec![RecordMode::Durable, RecordMode::Relaxed]),
            prop_oneof![Just(Delivery::default()), delivery(service.clone())],
            btree_map(name().prop_map(read::<ScheduleName>), schedule(service), 0..2),
            imports(),
            prop_oneof![Just(1), 1..=1_000_000_u32].prop_map(|exchanges| Sandbox { exchanges }),
        );
        (parts, timed).prop_map(move |(parts, (record, delivery, schedules, imports, sandbox))| {
            let (mut endpoints, config, key_value, files, callers, level, smoke) = parts;
            endpoints.iter_mut().for_each(|(name, endpoint)| endpoint.name.clone_from(name));
            Policy {
                adapter: read(&adapter),
                services: services.clone(),
                limits: limits.clone(),
                endpoints,
                config,
                key_value,
                files,
                callers,
                logging: LogGrant { level },
                smoke,
                sandbox,
                record,
                delivery,
                schedules,
                imports,
            }
        })
    })
}
