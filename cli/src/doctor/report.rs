//! All findings of an examination, for people and programs, and the exit code they lead to.

use anyhow::Result;
use ledger::{Finding, Verdict};
use serde::Serialize;

use crate::exit::Exit;
use crate::out::{self, Format};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
    /// Somebody who had to be asked gave no answer.
    pub(super) unreachable: bool,
}

/// A finding for programs.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    verdict: &'static str,
    what: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    advice: &'a str,
}

/// A report for programs.
#[derive(Serialize)]
struct Document<'a> {
    findings: Vec<Line<'a>>,
    ok: usize,
    warn: usize,
    fail: usize,
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "OK",
        Verdict::Warn => "WARN",
        Verdict::Fail => "FAIL",
    }
}

impl Report {
    /// Notes a finding.
    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Notes several.
    pub(super) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
    }

    /// Whether a point of this name is not as it should be.
    pub(super) fn wants(&self, name: &str) -> bool {
        let mut named = self.findings.iter().filter(|finding| finding.name == name);
        named.any(|finding| finding.verdict != Verdict::Ok)
    }

    /// Whether something is wrong.
    pub(super) fn fails(&self) -> bool {
        self.count(Verdict::Fail) > 0
    }

    /// The code to end with: warnings alone are none.
    pub(super) fn exit(&self) -> Exit {
        match (self.unreachable, self.fails()) {
            (true, _) => Exit::Unreachable,
            (false, true) => Exit::CheckNotMet,
            (false, false) => Exit::Ok,
        }
    }

    /// One line.
    pub(super) fn summary(&self) -> String {
        let [ok, warn, fail] = [Verdict::Ok, Verdict::Warn, Verdict::Fail].map(|verdict| self.count(verdict));
        format!("{ok} OK, {warn} WARN, {fail} FAIL")
    }

    /// On stdout.
    pub(super) fn show(&self, format: Format) -> Result<()> {
        if format == Format::Json {
            return out::json(&self.document());
        }
        let rows: Vec<_> = self.findings.iter().map(row).collect();
        Ok(out::table(&["verdict", "point", "what", "what to do"], &rows)?)
    }

    fn document(&self) -> Document<'_> {
        let lines = self.findings.iter().map(|finding| Line {
            name: finding.name,
            verdict: word(finding.verdict),
            what: &finding.what,
            advice: &finding.advice,
        });
        Document {
            findings: lines.collect(),
            ok: self.count(Verdict::Ok),
            warn: self.count(Verdict::Warn),
            fail: self.count(Verdict::Fail),
        }
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.verdict == verdict)
            .count()
    }
}

/// What others said may have several lines; each finding has one.
fn row(finding: &Finding) -> Vec<String> {
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    vec![
        word(finding.verdict).to_owned(),
        finding.name.to_owned(),
        line(&finding.what),
        line(&finding.advice),
    ]
}

#[cfg(test)]
mod tests;
