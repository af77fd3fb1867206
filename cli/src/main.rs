//! The `tidelog` command: everything a person or a script does with the log, and the processes that serve it.

use std::process::ExitCode;

use crate::exit::Exit;

mod agent;
mod args;
mod bench;
mod client;
mod cluster;
mod compactor;
mod config;
mod consume;
mod context;
mod cost;
mod dev;
mod doctor;
mod existing;
mod exit;
mod format;
mod group;
mod lake;
mod ledger;
mod out;
mod peers;
mod place;
mod position;
mod produce;
#[cfg(feature = "query")]
mod query;
mod serve;
mod settings;
mod topic;
mod verify;
mod wire;

/// Segments and batches are large and short-lived; mimalloc gives them back to the system sooner than the default.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let exit = match args::parse() {
        Ok(cli) => run(cli),
        Err(ended) => ended,
    };
    ExitCode::from(exit.code())
}

fn run(cli: args::Cli) -> Exit {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            out::error(&anyhow::Error::from(error).context("cannot start"));
            return Exit::Failed;
        }
    };
    let outcome = runtime.block_on(Box::pin(args::run(cli)));
    // A read of stdin cannot be cancelled; nothing waits for it.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| {
        let exit = exit::of(&error);
        if exit != Exit::Ok {
            out::error(&error);
        }
        exit
    })
}
