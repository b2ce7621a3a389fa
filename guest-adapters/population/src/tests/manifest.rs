//! The manifests agree with each other and with the sample policy.

fn toml(text: &str) -> toml::Table {
    text.parse().expect("it is TOML")
}

#[test]
fn the_versions_differ_only_in_version_and_description() {
    let mut old = toml(include_str!("../../adapter.toml"));
    let mut new = toml(include_str!("../../adapter-1.1.0.toml"));
    assert_eq!(old["version"].as_str(), Some("1.0.0"));
    assert_eq!(new["version"].as_str(), Some("1.1.0"));
    for manifest in [&mut old, &mut new] {
        manifest.remove("version");
        manifest.remove("description");
    }
    assert_eq!(old, new);
}

#[test]
fn the_sample_policy_grants_what_is_needed() {
    let manifest = toml(include_str!("../../adapter.toml"));
    let policy = toml(include_str!("../../policy.toml"));
    assert_eq!(manifest["name"], policy["adapter"]);
    for (name, need) in manifest["needs"]["endpoints"].as_table().unwrap() {
        let grant = &policy["endpoints"][name];
        assert_eq!((&grant["methods"], &grant["paths"]), (&need["methods"], &need["paths"]));
    }
    let services = policy["services"].as_table().unwrap();
    assert!(services.values().all(|contract| manifest["contracts"].as_array().unwrap().contains(contract)));
}
