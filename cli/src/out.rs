//! All that the command says: data on stdout, talk on stderr. Nothing else in this room writes to either.

use std::io::{self, IsTerminal as _, Write as _};

use clap::{Args, ValueEnum};
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// The shape of what a command prints on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For programs: one JSON document.
    Json,
}

/// The `-o` of every command but `consume`, whose `-o` is an offset.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct OutputArgs {
    /// What stdout gets: a table for people or JSON for programs
    #[arg(
        short = 'o',
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "table",
        env = "TIDELOG_OUTPUT"
    )]
    pub(crate) output: Format,
}

/// Stdout, for what is written piece by piece.
#[cfg(feature = "query")]
pub(crate) fn stdout() -> io::Stdout {
    io::stdout()
}

/// Whether talk on stderr is wanted at all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Talk {
    quiet: bool,
}

impl Talk {
    /// Talk, unless `--quiet`.
    pub(crate) fn new(quiet: bool) -> Talk {
        Talk { quiet }
    }

    /// One line for people. A stderr that is gone is no reason to stop.
    pub(crate) fn say(self, line: impl AsRef<str>) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "{}", line.as_ref());
        }
    }

    /// A bar over a known amount of bytes or things; invisible unless stderr is a terminal.
    pub(crate) fn bar(self, total: u64, template: &'static str) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(total), self.target());
        bar.set_style(style(template));
        bar
    }

    /// A counter over an unknown amount; invisible unless stderr is a terminal.
    pub(crate) fn spinner(self, template: &'static str) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(None, self.target());
        bar.set_style(style(template));
        bar
    }

    fn target(self) -> ProgressDrawTarget {
        if self.quiet || !io::stderr().is_terminal() {
            return ProgressDrawTarget::hidden();
        }
        ProgressDrawTarget::stderr_with_hz(10)
    }
}

fn style(template: &'static str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// An error, on stderr whatever `--quiet` says: the error, then what it came from.
pub(crate) fn error(error: &anyhow::Error) {
    let _ = writeln!(io::stderr().lock(), "tidelog: {error:#}");
}

/// One line of data.
pub(crate) fn line(text: impl AsRef<str>) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{}", text.as_ref())
}

/// Bytes of data, as they are.
pub(crate) fn bytes(data: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(data)?;
    stdout.flush()
}

/// One JSON document: indented on a terminal, one line otherwise.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let text = if io::stdout().is_terminal() {
        serde_json::to_string_pretty(value)?
    } else {
        serde_json::to_string(value)?
    };
    Ok(line(text)?)
}

/// A table of aligned columns without borders; columns whose every cell is a number are aligned to the right.
pub(crate) fn table(headers: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    line(render(headers, rows))
}

fn render(headers: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headers.iter().map(|header| header.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|text| cell(text)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn cell(text: &str) -> Cell {
    let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let cell = Cell::new(text);
    if number {
        return cell.set_alignment(CellAlignment::Right);
    }
    cell
}

/// Bytes for people: `1.5 MiB`.
pub(crate) fn human_bytes(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

#[cfg(test)]
mod tests;
