//! The manifest agrees with the sample policy, and with what the adapter imports.

#[test]
fn the_sample_policy_grants_what_is_needed_and_nothing_else() {
    let manifest: toml::Table = include_str!("../../adapter.toml").parse().unwrap();
    let policy: toml::Table = include_str!("../../policy.toml").parse().unwrap();
    assert_eq!(manifest["name"], policy["adapter"]);
    let services = policy["services"].as_table().unwrap();
    assert!(services.values().all(|contract| manifest["contracts"].as_array().unwrap().contains(contract)));
    let world = include_str!("../../wit/world.wit");
    for contract in policy["imports"].as_table().unwrap().keys() {
        assert!(world.contains(&format!("import {contract};")), "{contract}");
    }
    for limit in ["memory", "cpu"] {
        assert_eq!(policy["limits"][limit], manifest["needs"]["limits"][limit]);
    }
    assert_eq!(policy["key-value"]["quota"], manifest["needs"]["key-value"]["quota"]);
    assert!(!policy.contains_key("endpoints") && !policy.contains_key("files"));
}
