//! The manifest agrees with the sample policy.

#[test]
fn the_sample_policy_grants_what_is_needed() {
    let manifest: toml::Table = include_str!("../../adapter.toml").parse().unwrap();
    let policy: toml::Table = include_str!("../../policy.toml").parse().unwrap();
    assert_eq!(manifest["name"], policy["adapter"]);
    for (name, need) in manifest["needs"]["endpoints"].as_table().unwrap() {
        let grant = &policy["endpoints"][name];
        assert_eq!((&grant["methods"], &grant["paths"]), (&need["methods"], &need["paths"]));
    }
    let services = policy["services"].as_table().unwrap();
    assert!(services.values().all(|contract| manifest["contracts"].as_array().unwrap().contains(contract)));
    assert_eq!(policy["limits"]["memory"], manifest["needs"]["limits"]["memory"]);
}
