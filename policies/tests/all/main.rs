//! What the grammar and the decisions promise, seen from outside. One binary; the behaviours stand in the files by noun.

#![cfg(test)]

mod addresses;
mod anything;
mod callers;
mod canonical;
mod contradictions;
mod cron;
mod delivery;
mod egress;
mod generate;
mod manifest;
mod mistakes;
mod nasty_paths;
mod schedules;

use nhip_policies::Policy;

/// A policy with every setting there is, each different from its default.
const FULL: &str = include_str!("full.toml");

/// A policy with nothing that could be left out.
const LEAST: &str = "adapter = \"a\"\n[services]\ns = \"n:p/i@1.0.0\"\n";

/// Parses a policy that has no mistake.
fn policy(text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|mistakes| panic!("{mistakes}\nin\n{text}"))
}

/// The mistakes of a policy, as an operator reads them.
fn told(text: &str) -> String {
    Policy::parse(text).expect_err("has a mistake").to_string()
}

/// Checks everything that is told about the least policy with something added, whose lines begin at 4.
fn adds(text: &str, expected: &[&str]) {
    assert_eq!(told(&format!("{LEAST}{text}")).lines().collect::<Vec<_>>(), expected, "{text}");
}
