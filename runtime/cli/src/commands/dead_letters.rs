//! `nhip dead-letters`: what could not be delivered, listed, shown, tried again and given up.
//!
//! Invariant: many are given up only where that was said twice: which, and `--yes`.

use crate::args::{
    DeadLettersChoice, DeadLettersCommand, DeadLettersDiscardArgs, DeadLettersFilter, DeadLettersListArgs,
    DeadLettersRetryArgs, DeadLettersShowArgs,
};
use crate::client::AdminClient;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::table::{Table, facts, or_dash};
use crate::output::time::{size, utc};
use nhip_exchange::{Clock, SystemClock};
use nhip_manage::wire::{DeadLetter, DeadLetterChoice, DeadLetterDetails, DeadLetterQuery};
use nhip_registry::Story;
use std::process::ExitCode;

/// Do one of the commands.
///
/// # Errors
/// The gateway cannot be reached, or refuses; or many were to be given up without `--yes`.
pub(super) async fn run(command: DeadLettersCommand, out: Output) -> anyhow::Result<ExitCode> {
    match command {
        DeadLettersCommand::List(args) => list(args, out).await?,
        DeadLettersCommand::Show(args) => show(&args, out).await?,
        DeadLettersCommand::Retry(args) => retry(args, out).await?,
        DeadLettersCommand::Discard(args) => discard(args, out).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(args: DeadLettersListArgs, out: Output) -> anyhow::Result<()> {
    let now = SystemClock.unix_millis();
    let none =
        if args.filter == DeadLettersFilter::default() { "there is no dead letter" } else { "no dead letter matches" };
    let DeadLettersFilter { service, function, caller, outcome, since, until } = args.filter;
    let query = DeadLetterQuery {
        service,
        function,
        caller,
        outcome,
        since: since.map(|since| since.millis(now)),
        until: until.map(|until| until.millis(now)),
        limit: Some(args.limit),
    };
    let list = AdminClient::new(&args.reach)?.dead_letters(&query).await?;
    out.json(&list)?;
    if list.dead_letters.is_empty() {
        out.note(none);
        return Ok(());
    }
    out.text(&table(&list.dead_letters))?;
    if list.dead_letters.len() >= usize::try_from(args.limit).unwrap_or(usize::MAX) {
        out.note("there may be more; `--limit` shows up to 1000, and a filter fewer");
    }
    Ok(())
}

async fn show(args: &DeadLettersShowArgs, out: Output) -> anyhow::Result<()> {
    let details = AdminClient::new(&args.reach)?.dead_letter(&args.id).await?;
    out.json(&details)?;
    out.text(&shown(&details))?;
    out.note(&format!(
        "hint: `nhip audit show {}` has what each try asked of upstream systems",
        details.dead_letter.id
    ));
    Ok(())
}

async fn retry(args: DeadLettersRetryArgs, out: Output) -> anyhow::Result<()> {
    let choice = chosen(args.choice, SystemClock.unix_millis());
    let done = AdminClient::new(&args.reach)?.retry_dead_letters(&choice).await?;
    out.json(&done)?;
    out.text(&counted(done.retried, "tried again"))?;
    Ok(())
}

async fn discard(args: DeadLettersDiscardArgs, out: Output) -> anyhow::Result<()> {
    agreed(&args.choice, args.yes)?;
    let choice = chosen(args.choice, SystemClock.unix_millis());
    let done = AdminClient::new(&args.reach)?.discard_dead_letters(&choice).await?;
    out.json(&done)?;
    out.text(&counted(done.discarded, "given up"))?;
    Ok(())
}

/// What was done to how many.
fn counted(count: u64, what: &str) -> String {
    match count {
        0 => "no dead letter matches; nothing has changed".to_owned(),
        1 => format!("1 dead letter is {what}"),
        many => format!("{many} dead letters are {what}"),
    }
}

/// Many are given up with `--yes` only.
fn agreed(choice: &DeadLettersChoice, yes: bool) -> Result<(), Failure> {
    if choice.id.is_some() || yes {
        return Ok(());
    }
    let which = if choice.all { "every dead letter" } else { "every dead letter that matches" };
    Err(Failure::new(format!("this would give up {which}, and delete what they carry"))
        .hint("`nhip dead-letters list` shows them; say `--yes` if they are to be given up"))
}

/// The choice, as the gateway is asked, when it is `now`.
fn chosen(choice: DeadLettersChoice, now: u64) -> DeadLetterChoice {
    let DeadLettersChoice { id, filter, all } = choice;
    let DeadLettersFilter { service, function, caller, outcome, since, until } = filter;
    DeadLetterChoice {
        id,
        all,
        service,
        function,
        caller,
        outcome,
        since: since.map(|since| since.millis(now)),
        until: until.map(|until| until.millis(now)),
    }
}

fn table(letters: &[DeadLetter]) -> String {
    let mut table = Table::new(&["DIED", "EXCHANGE", "CALLER", "CALLED", "TRIES", "OUTCOME", "WHY"]);
    for letter in letters {
        table.row([
            utc(letter.died_ms),
            letter.id.to_string(),
            letter.caller.clone(),
            format!("{}/{}", letter.service, letter.function),
            letter.attempts.to_string(),
            letter.outcome.clone(),
            letter.detail.clone(),
        ]);
    }
    table.render()
}

/// Everything that is told of one, in words.
fn shown(details: &DeadLetterDetails) -> String {
    let DeadLetterDetails { dead_letter: letter, story } = details;
    let mut known = vec![
        ("exchange", letter.id.to_string()),
        ("caller", letter.caller.clone()),
        ("purpose", or_dash(&letter.purpose)),
        ("called", format!("{}/{}", letter.service, letter.function)),
    ];
    known.extend(letter.lane.clone().map(|lane| ("lane", format!("one of `{lane}`"))));
    known.extend([
        ("request", format!("{}, {}", letter.request, size(letter.bytes))),
        ("accepted", utc(letter.accepted_ms)),
        ("died", utc(letter.died_ms)),
        ("tries", letter.attempts.to_string()),
        ("outcome", letter.outcome.clone()),
        ("why", letter.detail.clone()),
    ]);
    known.extend(letter.upstream_code.clone().map(|code| ("upstream said", code)));
    let problems: Vec<String> =
        letter.problems.iter().map(|problem| format!("`{}`: {}", problem.pointer, problem.message)).collect();
    if !problems.is_empty() {
        known.push(("problems", problems.join("\n")));
    }
    format!("{}\n{}", facts(&known), told(story))
}

fn told(story: &Story) -> String {
    let mut table = Table::new(&["AT", "TRY", "ENDED", "NEXT TRY", "WHY"]);
    for line in &story.lines {
        let ended = if line.tried { line.code.clone() } else { format!("{} (not tried)", line.code) };
        table.row([
            utc(line.at_ms),
            line.attempt.to_string(),
            ended,
            line.next_ms.map(utc).unwrap_or_default(),
            line.sentence.clone(),
        ]);
    }
    let mut text = table.render();
    if story.left_out > 0 {
        text.push_str(&format!("{} earlier tries are not shown; the record has them\n", story.left_out));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::time::Moment;
    use nhip_exchange::{Digest, ExchangeId};
    use nhip_registry::Line;
    use std::time::Duration;

    const ID: &str = "0199c0de-7000-7000-8000-000000000001";

    fn by(filter: DeadLettersFilter) -> DeadLettersChoice {
        DeadLettersChoice { id: None, filter, all: false }
    }

    #[test]
    fn many_are_given_up_with_yes_only() {
        let one = DeadLettersChoice { id: Some(ID.to_owned()), ..by(DeadLettersFilter::default()) };
        let all = DeadLettersChoice { all: true, ..by(DeadLettersFilter::default()) };
        let some = by(DeadLettersFilter { service: Some("documents".to_owned()), ..DeadLettersFilter::default() });
        assert!(agreed(&one, false).is_ok());
        for many in [&all, &some] {
            assert!(agreed(many, false).unwrap_err().to_string().contains("give up every dead letter"));
            assert!(agreed(many, true).is_ok());
        }
    }

    #[test]
    fn ages_become_moments() {
        let age = Some(Moment::Ago(Duration::from_secs(60)));
        let choice = chosen(by(DeadLettersFilter { until: age, ..DeadLettersFilter::default() }), 100_000);
        assert_eq!(choice, DeadLetterChoice { until: Some(40_000), ..DeadLetterChoice::default() });
    }

    #[test]
    fn the_whole_story_is_told_in_words() {
        let id: ExchangeId = serde_json::from_value(serde_json::json!(ID)).unwrap();
        let line = |at_ms, attempt, tried, next_ms| Line {
            at_ms,
            attempt,
            tried,
            code: "busy".to_owned(),
            sentence: "not now".to_owned(),
            next_ms,
        };
        let details = DeadLetterDetails {
            dead_letter: DeadLetter {
                id,
                caller: "mot-cua".to_owned(),
                service: "documents".to_owned(),
                function: "send".to_owned(),
                purpose: None,
                lane: Some("documents/send".to_owned()),
                request: Digest::of(b""),
                bytes: 2048,
                accepted_ms: 0,
                died_ms: 61_000,
                attempts: 2,
                outcome: "busy".to_owned(),
                detail: "not now".to_owned(),
                problems: Vec::new(),
                upstream_code: Some("E-17".to_owned()),
            },
            story: Story { left_out: 3, lines: vec![line(1000, 1, true, Some(60_000)), line(61_000, 2, false, None)] },
        };
        assert_eq!(
            shown(&details),
            format!(
                "exchange       {ID}\n\
                 caller         mot-cua\n\
                 purpose        -\n\
                 called         documents/send\n\
                 lane           one of `documents/send`\n\
                 request        {}, 2.0 KiB\n\
                 accepted       1970-01-01T00:00:00Z\n\
                 died           1970-01-01T00:01:01Z\n\
                 tries          2\n\
                 outcome        busy\n\
                 why            not now\n\
                 upstream said  E-17\n\
                 \n\
                 AT                    TRY  ENDED             NEXT TRY              WHY\n\
                 1970-01-01T00:00:01Z  1    busy              1970-01-01T00:01:00Z  not now\n\
                 1970-01-01T00:01:01Z  2    busy (not tried)  -                     not now\n\
                 3 earlier tries are not shown; the record has them\n",
                Digest::of(b"")
            )
        );
        assert_eq!(
            table(&[details.dead_letter]),
            format!(
                "DIED                  EXCHANGE                              CALLER   CALLED          TRIES  OUTCOME  WHY\n\
                 1970-01-01T00:01:01Z  {ID}  mot-cua  documents/send  2      busy     not now\n"
            )
        );
    }
}
