//! Counters out of /metrics: the text format, as far as sums of counters need it.

use crate::client::{Client, ClientError};

/// What is counted while a round runs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Counters {
    /// Objects put.
    pub(super) puts: f64,
    /// Entries appended to the ledger.
    pub(super) entries: f64,
}

/// The counters now; none when the agent does not tell.
pub(super) async fn read(client: &Client) -> Result<Option<Counters>, ClientError> {
    match client.get(&["metrics"]).send().await {
        Ok(answer) => {
            let text = String::from_utf8_lossy(&answer.body);
            Ok(Some(Counters {
                puts: sum(&text, "tidelog_store_requests_total", Some("op=\"put\"")),
                entries: sum(&text, "tidelog_ledger_entries_total", None),
            }))
        }
        Err(error) if error.problem().is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The sum over all samples of a name that bear a label.
fn sum(text: &str, name: &str, label: Option<&str>) -> f64 {
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.rsplit_once("} ")?,
            None => ("", rest.strip_prefix(' ')?),
        };
        let wanted = label.is_none_or(|label| labels.split(',').any(|found| found == label));
        wanted.then(|| value.split(' ').next()?.parse::<f64>().ok()).flatten()
    });
    // The sum of no floats is -0.
    values.fold(0.0, |sum, value| sum + value)
}

#[cfg(test)]
mod tests;
