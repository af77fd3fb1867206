//! `tidelog cost`: what a log would cost a month in AWS. An estimate from rates alone: nothing is asked of anybody.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use crate::exit::{Ended, Exit};
use crate::out::{self, Format, OutputArgs};

mod measured;
mod model;
mod prices;

use measured::Ledger;
use model::{Term, Workload};

/// MiB a second that one agent is reckoned to take before there is another.
const AGENT_MIBPS: f64 = 50.0;
/// Agents at least: one a zone.
const AGENTS_MIN: u32 = 3;
/// What an agent runs on when nothing is said: vCPUs and GiB of memory of Fargate.
const AGENT_VCPUS: f64 = 1.0;
const AGENT_GIB: f64 = 2.0;
/// Rates of the page, in MiB a second.
const PAGE_MIBPS: [f64; 4] = [0.0, 1.0, 100.0, 1000.0];

/// Estimate what a log costs a month
///
/// Line by line, from rates: on demand, in us-east-1, with everything in one region and clients in the zone of their agent. How
/// often a log asks for what is charged was measured, and the prices were looked up; docs/cost.md says how and when.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidelog cost --mibps 10 --retention 7d
  tidelog cost --mibps 100 --ledger postgres --agents 6 --agent-hour 0.08 -o json")]
pub(crate) struct CostArgs {
    /// MiB of records produced a second, as producers send them
    #[arg(long, value_name = "MIBPS", default_value_t = 10.0, value_parser = rate)]
    mibps: f64,
    /// How long records are kept: 36h, 7d
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = hours)]
    retention: f64,
    /// How often each record is read
    #[arg(long, value_name = "N", default_value_t = 2.0, value_parser = rate)]
    reads: f64,
    /// KiB of one partition in an object: what is sent of it between two puts of an agent
    #[arg(long, value_name = "KIB", default_value_t = 64.0, value_parser = positive)]
    run_kib: f64,
    /// The ledger
    #[arg(long, value_enum, value_name = "KIND", default_value = "dynamodb")]
    ledger: Ledger,
    /// Agents; by default three, or one for each 50 MiB/s
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    agents: Option<u32>,
    /// Dollars for an hour of an agent; by default Fargate on ARM with one vCPU and 2 GiB
    #[arg(long, value_name = "DOLLARS", value_parser = rate)]
    agent_hour: Option<f64>,
    /// Objects an agent puts a second, at most, while they are not full
    #[arg(long, value_name = "N", default_value_t = 4.0, value_parser = rate)]
    puts_per_second: f64,
    /// Print the tables of docs/cost.md instead
    #[arg(long, conflicts_with_all = ["mibps", "retention", "reads", "run_kib", "ledger", "agents", "agent_hour", "puts_per_second"])]
    page: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// The bill as JSON.
#[derive(Debug, Serialize)]
struct Estimate {
    prices: &'static str,
    agents: u32,
    terms: Vec<Term>,
    dollars_a_month: f64,
    dollars_a_gib: Option<f64>,
}

/// Runs it.
pub(crate) fn run(args: &CostArgs) -> Result<Exit> {
    if args.page {
        out::bytes(page()?.as_bytes())?;
        return Ok(Exit::Ok);
    }
    let workload = args.workload();
    let terms = model::bill(&workload);
    let dollars = model::total(&terms);
    let gib = workload.mibps * prices::MONTH_HOURS * 3600.0 / 1024.0;
    match args.output.output {
        Format::Json => out::json(&Estimate {
            prices: prices::AS_OF,
            agents: workload.agents,
            dollars_a_month: dollars,
            dollars_a_gib: (gib > 0.0).then_some(dollars / gib),
            terms,
        })?,
        Format::Table => {
            let mut rows: Vec<Vec<String>> = terms.iter().map(row).collect();
            let each = format!("${:.4}/GiB", dollars / gib);
            let unit = if gib > 0.0 { each } else { String::new() };
            rows.push(vec!["all".to_owned(), String::new(), unit, format!("{dollars:.2}")]);
            out::table(&["what", "a month", "unit", "dollars"], &rows)?;
        }
    }
    Ok(Exit::Ok)
}

impl CostArgs {
    fn workload(&self) -> Workload {
        let usual = usual(self.mibps, self.ledger);
        Workload {
            reads: self.reads,
            run_kib: self.run_kib,
            retention_hours: self.retention,
            agents: self.agents.unwrap_or(usual.agents),
            agent_hour: self.agent_hour.unwrap_or(usual.agent_hour),
            puts_per_second: self.puts_per_second,
            ..usual
        }
    }
}

/// What is reckoned with when nothing is said.
fn usual(mibps: f64, ledger: Ledger) -> Workload {
    // A rate is below a million, by its parser.
    let busy = (mibps / AGENT_MIBPS).ceil() as u32;
    Workload {
        mibps,
        reads: 2.0,
        run_kib: 64.0,
        retention_hours: 7.0 * 24.0,
        agents: busy.max(AGENTS_MIN),
        agent_hour: AGENT_VCPUS * prices::FARGATE_VCPU_HOUR + AGENT_GIB * prices::FARGATE_GIB_HOUR,
        puts_per_second: 4.0,
        ledger,
    }
}

fn row(term: &Term) -> Vec<String> {
    let dollars = format!("{:.2}", term.dollars);
    vec![term.what.to_owned(), count(term.count), term.unit.to_owned(), dollars]
}

/// A count in at most four digits.
fn count(count: f64) -> String {
    match count {
        count if count >= 1e7 => format!("{:.0} M", count / 1e6),
        count if count >= 1e4 => format!("{:.0} k", count / 1e3),
        count if count >= 10.0 || count == 0.0 => format!("{count:.0}"),
        count => format!("{count:.2}"),
    }
}

/// The tables of docs/cost.md: for each rate the bill on DynamoDB, line by line, and the sum on each ledger.
fn page() -> Result<String, std::fmt::Error> {
    let mut page = String::new();
    writeln!(
        page,
        "| MiB/s | agents | store | {} | agents' hours | all, with each ledger |",
        names("ledger: ")
    )?;
    writeln!(page, "|{}", "---|".repeat(5 + Ledger::ALL.len()))?;
    for mibps in PAGE_MIBPS {
        writeln!(page, "| {} |", summary(mibps).join(" | "))?;
    }
    for mibps in PAGE_MIBPS {
        writeln!(
            page,
            "\n| {}, DynamoDB | a month | unit | dollars |\n|---|---|---|---|",
            name(mibps)
        )?;
        let workload = usual(mibps, Ledger::Dynamodb);
        let terms = model::bill(&workload);
        for term in &terms {
            writeln!(page, "| {} |", row(term).join(" | "))?;
        }
        writeln!(page, "| **all** | | | **{:.2}** |", model::total(&terms))?;
    }
    Ok(page)
}

fn names(before: &str) -> String {
    let names: Vec<String> = Ledger::ALL
        .iter()
        .map(|ledger| format!("{before}{}", ledger.name()))
        .collect();
    names.join(" | ")
}

fn name(mibps: f64) -> String {
    if mibps == 0.0 {
        "idle".to_owned()
    } else {
        format!("{mibps} MiB/s")
    }
}

/// A row of the first table: dollars of the store, of each ledger, of the agents; and all with each ledger.
fn summary(mibps: f64) -> Vec<String> {
    let dollars = |dollars: f64| format!("{dollars:.0}");
    let bills: Vec<Vec<Term>> = Ledger::ALL
        .iter()
        .map(|ledger| model::bill(&usual(mibps, *ledger)))
        .collect();
    let part = |bill: &[Term], is: fn(&Term) -> bool| -> f64 {
        bill.iter().filter(|term| is(term)).map(|term| term.dollars).sum()
    };
    let of_agents: fn(&Term) -> bool = |term| term.what == "agents";
    let of_ledger: fn(&Term) -> bool = |term| {
        term.what.starts_with("DynamoDB") || term.what.starts_with("PostgreSQL") || term.what.contains("entries")
    };
    let first = bills.first().map(Vec::as_slice).unwrap_or_default();
    let store = model::total(first) - part(first, of_agents) - part(first, of_ledger);
    let mut cells = vec![
        name(mibps),
        usual(mibps, Ledger::Dynamodb).agents.to_string(),
        dollars(store),
    ];
    cells.extend(bills.iter().map(|bill| dollars(part(bill, of_ledger))));
    cells.push(dollars(part(first, of_agents)));
    let sums: Vec<String> = bills.iter().map(|bill| dollars(model::total(bill))).collect();
    cells.push(sums.join(", "));
    cells
}

/// A rate, or a number of dollars.
fn rate(text: &str) -> Result<f64, Ended> {
    match text.parse::<f64>() {
        Ok(rate) if (0.0..=1e6).contains(&rate) => Ok(rate),
        _ => Err(Ended::usage("a number from 0 to 1000000")),
    }
}

/// As a rate, and not nothing.
fn positive(text: &str) -> Result<f64, Ended> {
    match rate(text)? {
        0.0 => Err(Ended::usage("a number above 0")),
        number => Ok(number),
    }
}

/// A time in hours: `36h`, `7d`.
fn hours(text: &str) -> Result<f64, Ended> {
    let (number, each) = match (text.strip_suffix('h'), text.strip_suffix('d')) {
        (Some(number), _) => (number, 1.0),
        (_, Some(number)) => (number, 24.0),
        _ => return Err(Ended::usage("a time is a number of hours or days: 36h, 7d")),
    };
    Ok(rate(number)? * each)
}

#[cfg(test)]
mod tests;
