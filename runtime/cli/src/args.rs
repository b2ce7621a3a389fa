//! The arguments of `nhip`: one struct for each command, read by `clap`, with its help and examples.
//!
//! This file is the table of contents; the structs are in the file of their noun. Commands that change or show the
//! gateway reach it through [`Reach`]; commands that only read files need no gateway.

mod audit;
mod call;
mod caller;
mod dead_letters;
mod demo;
mod deploy;
mod lists;
mod pack;
mod policy;
mod reach;
mod serve;

pub use audit::{
    AuditArgs, AuditCommand, CheckpointArgs, ExportArgs, FetchArgs, GatewaysArgs, KeyArgs, Kind, RetainArgs,
    SearchArgs, ShowArgs, VerifyArgs,
};
pub use call::{CallArgs, Key};
pub use caller::{CallerArgs, CallerCommand};
pub use dead_letters::{
    DeadLettersArgs, DeadLettersChoice, DeadLettersCommand, DeadLettersDiscardArgs, DeadLettersFilter,
    DeadLettersListArgs, DeadLettersRetryArgs, DeadLettersShowArgs,
};
pub use demo::DemoArgs;
pub use deploy::{DeployArgs, RetireArgs, RollbackArgs, StopArgs};
pub use lists::{ActsArgs, AdaptersArgs, ExchangesArgs, ServicesArgs};
pub use pack::PackArgs;
pub use policy::{PolicyArgs, PolicyCommand};
pub use reach::Reach;
pub use serve::{DatabaseSource, LogArgs, ServeArgs};

use clap::{Parser, Subcommand};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused or failed; standard error says why, with a cure where there is one
  2  the arguments cannot be understood
  `nhip call` has more: see `nhip call --help`";

/// The integration gateway: one sandboxed WebAssembly adapter per connected system, replaced while traffic flows
#[derive(Parser, Debug)]
#[command(name = "nhip", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Args {
    /// Print JSON on standard output instead of text for people
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the gateway
    ///
    /// Takes exchanges on the data listener and commands on the admin listener until it is told to stop. Everything that
    /// was deployed is in service again after a restart. Whatever can be wrong is told before the first connection is
    /// taken. The admin token is made at the first start, in the file `admin-token` of the data folder.
    Serve(ServeArgs),
    /// Put a component in service, or say everything that speaks against it
    ///
    /// The component is verified against the policy, compiled and given the policy's smoke calls while whatever is in
    /// service goes on serving; then it takes its place at once. Exchanges under way end on the version they began on. When
    /// anything speaks against it, nothing changes and the report names all of it.
    Deploy(DeployArgs),
    /// Put an earlier version of an adapter back in service
    ///
    /// With the policy it had then. Without `--to` it is what was in service before.
    Rollback(RollbackArgs),
    /// Take an adapter out of service
    ///
    /// Its services answer `unknown-service` from then on. Nothing is deleted: `nhip rollback` brings it back.
    Retire(RetireArgs),
    /// List the adapters, or show one with its history
    Adapters(AdaptersArgs),
    /// List the services that callers can call
    Services(ServicesArgs),
    /// Call a function of a service, as a calling system does
    ///
    /// Prints the answer on standard output. A fault is told on standard error, and with `--json` as the problem document on
    /// standard output.
    Call(CallArgs),
    /// Register calling systems and manage their keys
    ///
    /// A caller proves itself with a key. The gateway keeps only the key's digest: a key is printed once, when it is made.
    /// What a caller may call is said in each adapter's policy, under `[callers]`.
    Caller(CallerArgs),
    /// Check or explain a policy file; needs no gateway
    Policy(PolicyArgs),
    /// List the records of the newest exchanges
    ///
    /// A record tells who called what, which version answered, how it ended and what was asked of upstream systems. It holds
    /// no content. With `--id` or `--json` everything in the record is shown.
    Exchanges(ExchangesArgs),
    /// List, show, retry and discard the exchanges that could not be delivered
    ///
    /// An exchange that was accepted to be done later and failed for good, or for too long, is a dead letter: it is kept,
    /// with what it carries and the story of its tries, until somebody has it tried again or discards it. Nothing here shows
    /// what it carries. Each retry and each discard is on record, with who asked for it.
    DeadLetters(DeadLettersArgs),
    /// List what was changed in the gateway, by whom
    Acts(ActsArgs),
    /// Verify, search, export and empty the record of exchanges and control acts
    ///
    /// The record is a chain: each entry carries the hash of the one before, and segments of it are sealed with the
    /// gateway's key. With nothing but its public key, an edit, an insertion, a removal and a cut are found out.
    Audit(AuditArgs),
    /// Stop the gateway; exchanges under way are finished first
    Stop(StopArgs),
    /// Put manifest and documentation into a component; needs no gateway
    ///
    /// Language tools leave doc comments out of components. Packed in, they become the text of the API document that callers
    /// read. Types and code are not touched.
    Pack(PackArgs),
    /// Show the whole gateway at work, with simulators of the national systems
    ///
    /// Starts simulators and a gateway on free ports, deploys two adapters, makes named exchanges, replaces an adapter under
    /// load and rolls it back, and says how many exchanges ran, failed, and on which version. Needs a source checkout, to build
    /// the adapters in, unless `--adapters` names built ones.
    Demo(DemoArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::path::Path;
    use std::time::Duration;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_grammar_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples() {
        for command in Args::command().get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Examples:") && help.contains("  nhip "), "`{}` has none", command.get_name());
        }
    }

    #[test]
    fn serve_has_safe_defaults() {
        let Command::Serve(serve) = parse("nhip serve").unwrap().command else { panic!("another command") };
        assert_eq!(serve.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(serve.admin.to_string(), "127.0.0.1:8081");
        assert_eq!(serve.data, Path::new("nhip-data"));
        assert_eq!(serve.grace, Duration::from_secs(60));
        assert!(serve.tls_cert.is_none() && serve.tls_key.is_none());
        assert!(serve.gateway.is_none() && serve.record_retention.is_none(), "kept for ever");
        assert_eq!(serve.segment_age, Duration::from_secs(600));
    }

    #[test]
    fn json_may_stand_anywhere() {
        assert!(parse("nhip --json adapters").unwrap().json);
        assert!(parse("nhip caller list --json").unwrap().json);
        assert!(!parse("nhip caller list").unwrap().json);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for line in [
            "nhip",
            "nhip serve --tls-cert a.pem",
            "nhip serve --pool 0",
            "nhip serve --grace soon",
            "nhip serve --listen localhost",
            "nhip deploy a.wasm",
            "nhip adapters --admin ftp://x",
            "nhip adapters --token-file a --data b",
            "nhip rollback Population",
            "nhip rollback population --to 1",
            "nhip call population",
            "nhip call population find --key a --key-file b",
            "nhip caller revoke mot-cua",
            "nhip exchanges --limit 0",
            "nhip exchanges --limit 1001",
            "nhip serve --record-retention 1h",
            "nhip audit",
            "nhip audit verify",
            "nhip audit verify a --key ed25519:07",
            "nhip audit export",
            "nhip audit export --out a --from yesterday",
            "nhip audit search --kind thing",
            "nhip audit retain",
            "nhip audit retain --older-than 1y",
            "nhip dead-letters",
            "nhip dead-letters list --limit 0",
            "nhip dead-letters show",
            "nhip dead-letters retry",
            "nhip dead-letters retry a --all",
            "nhip dead-letters retry a --service documents",
            "nhip dead-letters retry --service documents --all",
            "nhip dead-letters retry --service documents --yes",
            "nhip dead-letters discard",
            "nhip dead-letters discard --yes",
            "nhip dead-letters discard --since yesterday --yes",
        ] {
            let refused = parse(line).expect_err(line);
            assert_eq!(refused.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn dead_letters_are_meant_by_id_by_filter_or_all() {
        for which in ["a", "--all", "--service documents", "--caller mot-cua --outcome busy", "--until 2026-11-01"] {
            for doing in ["retry", "discard"] {
                let line = format!("nhip dead-letters {doing} {which}");
                assert!(parse(&line).is_ok(), "{line}");
            }
        }
    }

    #[test]
    fn a_database_is_never_printed() {
        let line = "nhip serve --gateway bridge-1 --database postgres://nhip:hush@db.example/nhip";
        let args = parse(line).unwrap();
        assert!(!format!("{args:?}").contains("hush"), "{args:?}");
    }

    #[test]
    fn an_address_without_a_scheme_is_plain_http() {
        let Command::Adapters(list) = parse("nhip adapters --admin 127.0.0.1:9").unwrap().command else { panic!() };
        assert_eq!(list.reach.admin.as_str(), "http://127.0.0.1:9/");
    }
}
