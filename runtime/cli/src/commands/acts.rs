//! `nhip acts`: who changed what, and who tried to.

use crate::args::ActsArgs;
use crate::client::AdminClient;
use crate::output::Output;
use crate::output::table::Table;
use crate::output::time::utc;
use nhip_manage::wire::{Act, ActQuery};
use std::process::ExitCode;

/// How much of an act's detail fits a table; `--json` has all of it.
const SHOWN: usize = 72;

/// List them.
///
/// # Errors
/// The gateway cannot be reached, or refuses.
pub(super) async fn run(args: &ActsArgs, out: Output) -> anyhow::Result<ExitCode> {
    let query = ActQuery { limit: Some(args.limit), ..ActQuery::default() };
    let list = AdminClient::new(&args.reach)?.acts(&query).await?;
    out.json(&list)?;
    if list.acts.is_empty() {
        out.note("nothing was changed yet");
        return Ok(ExitCode::SUCCESS);
    }
    out.text(&table(&list.acts))?;
    Ok(ExitCode::SUCCESS)
}

fn table(acts: &[Act]) -> String {
    let mut table = Table::new(&["ACT", "AT", "BY", "WHAT", "OF", "DONE", "DETAIL"]);
    for act in acts {
        table.row([
            act.id.to_string(),
            utc(act.at_ms),
            act.actor.clone(),
            act.kind.word().to_owned(),
            act.subject.clone(),
            if act.refused { "refused" } else { "yes" }.to_owned(),
            cut(&act.detail.to_string()),
        ]);
    }
    table.render()
}

fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
