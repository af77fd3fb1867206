//! The flights that left New York in 2013, as `get-flights.sh` leaves them, as lines of JSON.

pub mod feed;

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

/// How many there are.
pub const COUNT: usize = 336_776;
const FILE: &str = "flights-0.0.3.csv";

/// A flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    /// Who flew.
    pub carrier: String,
    /// The row as JSON, without blanks.
    pub json: String,
}

/// Where the table is kept.
///
/// # Errors
/// When neither `TIDELOG_CACHE` nor `HOME` says so.
pub fn file() -> Result<PathBuf> {
    let cache = match std::env::var_os("TIDELOG_CACHE") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(std::env::var_os("HOME").context("neither TIDELOG_CACHE nor HOME is set")?)
            .join(".cache/tidelog"),
    };
    Ok(cache.join(FILE))
}

/// Every flight, in the table's order.
///
/// # Errors
/// When the table was not fetched.
pub fn load() -> Result<Vec<Flight>> {
    let file = file()?;
    let hint = || format!("there is no {}: run tests/crash/get-flights.sh", file.display());
    let flights = parse(&std::fs::read_to_string(&file).with_context(hint)?)?;
    ensure!(
        flights.len() == COUNT,
        "{} flights in {}",
        flights.len(),
        file.display()
    );
    Ok(flights)
}

/// The table has neither quotes nor backslashes: a comma always parts two cells.
fn parse(table: &str) -> Result<Vec<Flight>> {
    ensure!(!table.contains(['"', '\\']), "a table with quotes");
    let mut lines = table.lines();
    let names: Vec<&str> = lines.next().context("an empty table")?.split(',').collect();
    let carrier = names.iter().position(|name| *name == "carrier").context("no carrier")?;
    lines.map(|line| flight(&names, carrier, line)).collect()
}

fn flight(names: &[&str], carrier: usize, line: &str) -> Result<Flight> {
    let cells: Vec<&str> = line.split(',').collect();
    ensure!(cells.len() == names.len(), "a row of {} cells: {line}", cells.len());
    let members: Vec<String> = names
        .iter()
        .zip(&cells)
        .map(|(name, cell)| format!("\"{name}\":{}", value(cell)))
        .collect();
    Ok(Flight {
        carrier: cells[carrier].to_owned(),
        json: format!("{{{}}}", members.join(",")),
    })
}

/// Numbers stay as they are written, what is not there is null.
fn value(cell: &str) -> String {
    match cell {
        "" => "null".to_owned(),
        number if serde_json::from_str::<serde_json::Number>(number).is_ok() => number.to_owned(),
        text => format!("\"{text}\""),
    }
}

#[cfg(test)]
mod tests;
