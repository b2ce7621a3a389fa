//! `nhip demo`: the whole main job on one machine, on real sockets, as an operator and a calling system would do it.
//!
//! It starts the simulators and a gateway, deploys two adapters with the same commands an operator uses, makes named
//! exchanges and shows what goes in and out, then replaces one adapter by its next version under load and rolls it
//! back. Nothing is staged: every line printed is what really came back.

mod load;
mod scenes;
mod screen;
mod stage;

use crate::args::DemoArgs;
use load::Load;
use screen::Screen;
use stage::Stage;
use std::process::ExitCode;
use std::time::Duration;

/// Run the demo.
///
/// # Errors
/// When something cannot be built or started. Exchanges that fail are counted, not raised.
pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let screen = Screen;
    let stage = Stage::set(&args, &screen).await?;

    screen.chapter("2", "An operator registers callers and deploys two adapters");
    stage.deploy_both(&screen).await?;

    screen.chapter("3", "Calling systems exchange with the population register and the document axis");
    let told = scenes::play(&stage, &screen).await?;

    screen.chapter("4", "`population` is replaced and rolled back while traffic flows");
    let load = Load::start(&stage, usize::from(args.clients));
    let phase = Duration::from_secs(args.seconds);
    tokio::time::sleep(phase).await;
    stage.deploy(&screen, "population-1.1.0.wasm", "population").await?;
    tokio::time::sleep(phase).await;
    stage.rollback(&screen).await?;
    tokio::time::sleep(phase).await;
    let tally = load.stop().await;
    let expected = told.failed == 0 && tally.went_well();
    screen.summary(&told, &tally);

    if !args.once {
        stage.stay_up(&screen).await?;
    }
    stage.strike().await?;
    Ok(if expected { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
