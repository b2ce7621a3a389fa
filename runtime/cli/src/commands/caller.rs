//! `nhip caller`: calling systems and their keys.
//!
//! Invariant: a key is written to standard output once, alone on its line, and nowhere else.

use crate::args::{CallerCommand, Reach};
use crate::client::AdminClient;
use crate::output::Output;
use crate::output::table::Table;
use crate::output::time::utc;
use nhip_manage::wire::{CallerList, IssuedKey};
use std::process::ExitCode;
use zeroize::Zeroizing;

/// Do one of the commands.
///
/// # Errors
/// The gateway cannot be reached, or refuses.
pub(super) async fn run(command: CallerCommand, out: Output) -> anyhow::Result<ExitCode> {
    match command {
        CallerCommand::Add { name, reach } => {
            let key = AdminClient::new(&reach)?.add_caller(&name).await?;
            issued(key, out)?;
            out.note(&format!("hint: it may call where a policy says so: `[callers]`, `allow = [\"{name}\"]`"));
        }
        CallerCommand::Key { name, reach } => {
            let key = AdminClient::new(&reach)?.add_key(&name).await?;
            let id = key.id;
            issued(key, out)?;
            out.note(&format!(
                "hint: its other keys are still good; `nhip caller revoke {name} --key NUMBER` ends one, this is {id}"
            ));
        }
        CallerCommand::List { reach } => list(&reach, out).await?,
        CallerCommand::Revoke { name, key, all: _, reach } => {
            let done = AdminClient::new(&reach)?.revoke(&name, key).await?;
            out.json(&done)?;
            out.text(&match done.revoked {
                0 => format!("no key of {name} was still good"),
                1 => format!("1 key of {name} proves nothing any more"),
                count => format!("{count} keys of {name} prove nothing any more"),
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A key, shown now and never again.
fn issued(issued: IssuedKey, out: Output) -> anyhow::Result<()> {
    out.json(&issued)?;
    let IssuedKey { caller, id, key } = issued;
    let key = Zeroizing::new(key);
    if !out.is_json() {
        out.raw(key.as_bytes())?;
    }
    out.note(&format!(
        "this is key {id} of {caller}; it is shown once and kept nowhere: put it where {caller} finds it"
    ));
    Ok(())
}

async fn list(reach: &Reach, out: Output) -> anyhow::Result<()> {
    let list = AdminClient::new(reach)?.callers().await?;
    out.json(&list)?;
    if list.callers.is_empty() {
        out.note("no caller is registered");
        out.note("hint: `nhip caller add NAME` registers one and prints its key");
        return Ok(());
    }
    out.text(&table(&list))?;
    Ok(())
}

/// One row for each key.
fn table(list: &CallerList) -> String {
    let mut table = Table::new(&["CALLER", "KEY", "DIGEST", "MADE", "STATE"]);
    for caller in &list.callers {
        for key in &caller.keys {
            let state = key.revoked_ms.map_or_else(|| "good".to_owned(), |at| format!("revoked {}", utc(at)));
            table.row([caller.name.clone(), key.id.to_string(), format!("{}…", key.hint), utc(key.created_ms), state]);
        }
        if caller.keys.is_empty() {
            table.row([
                caller.name.clone(),
                String::new(),
                String::new(),
                utc(caller.created_ms),
                "no keys".to_owned(),
            ]);
        }
    }
    table.render()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nhip_manage::wire::{Caller, CallerKey};

    #[test]
    fn every_key_has_its_row() {
        let key = |id, revoked_ms| CallerKey { id, hint: "a1b2c3".to_owned(), created_ms: 0, revoked_ms };
        let list = CallerList {
            callers: vec![Caller {
                name: "mot-cua".to_owned(),
                created_ms: 0,
                keys: vec![key(1, Some(60_000)), key(4, None)],
            }],
        };
        assert_eq!(
            table(&list),
            "CALLER   KEY  DIGEST   MADE                  STATE\n\
             mot-cua  1    a1b2c3…  1970-01-01T00:00:00Z  revoked 1970-01-01T00:01:00Z\n\
             mot-cua  4    a1b2c3…  1970-01-01T00:00:00Z  good\n"
        );
    }
}
