//! No acknowledgement leaves before the syncs it rests on, as the kernel saw it.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use crash::client::Client;
use crash::place::Place;
use crash::process::{Process, Spec};
use crash::trace::{self, Call, Proof};
use serde_json::json;

use crate::support::{append_one, tell};

const REQUESTS: usize = 10;

/// A value with its mark in it many times: pages of the database may cut one in two, not all.
fn value(mark: &str, times: usize) -> String {
    format!(r#"{{"marks":"{}"}}"#, vec![mark; times].join(" "))
}

async fn several(client: &Client, topic: &str, times: usize) -> Result<Vec<String>> {
    let marks: Vec<String> = (0..REQUESTS).map(|at| format!("{topic}Mark{at:03}")).collect();
    for mark in &marks {
        append_one(client, topic, value(mark, times)).await?;
    }
    let together = marks.iter().map(|mark| format!("{mark}Together"));
    let together: Vec<String> = together.collect();
    let appends = together
        .iter()
        .map(|mark| append_one(client, topic, value(mark, times)));
    futures::future::try_join_all(appends).await?;
    // A mark that begins like another one would find that one's lines.
    Ok(marks.iter().map(|mark| format!("{mark} ")).chain(together).collect())
}

fn prove(calls: &[Call], marks: &[String], one: fn(&[Call], &str) -> Result<Proof>) -> Result<()> {
    for mark in marks {
        one(calls, mark)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_leaves_after_its_syncs() -> Result<()> {
    let strace = Command::new("strace")
        .arg("-V")
        .output()
        .context("this test needs strace: apt-get install strace")?;
    ensure!(strace.status.success(), "strace does not run");
    let place = Place::new()?;
    let file = place.root().join("calls");
    let spec = Spec {
        wrapper: trace::wrapper(&file),
        ..Spec::dev(&place)?
    };
    let mut process = Process::start(spec).await?;
    let client = process.client()?;
    client
        .create_topic("inline", 1, &json!({"tidelog.lane": "inline"}))
        .await?;
    client
        .create_topic("object", 1, &json!({"tidelog.lane": "object"}))
        .await?;
    let inline = several(&client, "inline", 20).await?;
    let object = several(&client, "object", 20).await?;
    process.stop().await?;
    let calls = trace::parse(&std::fs::read_to_string(&file).context("the trace")?);
    tell(&format!(
        "{} calls traced, {} acknowledgements proved",
        calls.len(),
        inline.len() + object.len()
    ));
    prove(&calls, &inline, trace::prove_inline)?;
    prove(&calls, &object, trace::prove_object)?;
    place.passed();
    Ok(())
}
