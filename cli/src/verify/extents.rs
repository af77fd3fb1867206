//! Whether the offsets of every partition lie somewhere, each exactly once: pure, over the fold alone.

use metadata::{PartitionId, State};

use super::finding::{Finding, Kind, Report, Spot};

/// First and last offset of something.
pub(super) type Span = (u64, u64);

/// Checks all partitions.
pub(super) fn check(state: &State, report: &mut Report) {
    for topic in state.topics() {
        for (id, partition) in state.partitions(topic.number()) {
            report.checked.partitions += 1;
            report.checked.extents += partition.extent_count() as u64;
            let spans = partition.extents().map(|extent| (extent.first, extent.last()));
            let gaps = gaps((partition.lake_start(), partition.high_watermark()), spans);
            for gap in gaps {
                let finding = match gap {
                    Gap::Hole(span) => Finding::new(Kind::Hole, "the ledger names no bytes for these offsets")
                        .at(&spot(state, id, span)),
                    Gap::Twice(span) => {
                        Finding::new(Kind::WrongCount, "the ledger names bytes for these offsets twice")
                            .at(&spot(state, id, span))
                    }
                };
                report.add(finding);
            }
            for extent in partition.extents() {
                let offsets = extent.last() - extent.first + 1;
                if extent.records == 0 || u64::from(extent.records) > offsets {
                    let what = format!("{} records for {offsets} offsets", extent.records);
                    report.add(Finding::new(Kind::WrongCount, what).at(&spot(
                        state,
                        id,
                        (extent.first, extent.last()),
                    )));
                }
            }
        }
    }
}

/// Offsets of a partition, named for people.
pub(super) fn spot(state: &State, id: PartitionId, (first, last): Span) -> Spot {
    let topic = state
        .topic(id.topic)
        .map_or_else(|| format!("#{}", id.topic), |topic| topic.name().to_owned());
    Spot {
        topic,
        partition: id.partition,
        first,
        last,
    }
}

/// What is wrong with a sequence of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// Offsets in no span.
    Hole(Span),
    /// Offsets in two.
    Twice(Span),
}

/// Holes and overlaps of spans in order, which should cover the offsets from `start` to before `end`. The first may
/// begin before: the log start moves record by record, bytes go batch by batch.
fn gaps((start, end): (u64, u64), spans: impl Iterator<Item = Span>) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut next = None;
    for (first, last) in spans {
        let expected = next.unwrap_or(start);
        if first > expected {
            gaps.push(Gap::Hole((expected, first - 1)));
        }
        if next.is_some() && first < expected {
            gaps.push(Gap::Twice((first, last.min(expected - 1))));
        }
        next = Some(last.saturating_add(1).max(expected));
    }
    let reached = next.unwrap_or(start);
    if reached < end {
        gaps.push(Gap::Hole((reached.max(start), end - 1)));
    }
    if reached > end && next.is_some() {
        gaps.push(Gap::Twice((end, reached - 1)));
    }
    gaps
}

#[cfg(test)]
mod tests;
