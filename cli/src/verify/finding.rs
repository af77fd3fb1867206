//! What a check found, and the names of what can be found.

use std::fmt;

use serde::Serialize;

/// The kinds of findings. Their names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// An object that the ledger names is not there.
    MissingObject,
    /// An object is not what its writer made.
    DamagedObject,
    /// Records of a partition are not what their producer made.
    DamagedRecords,
    /// There are more or fewer records than the ledger says.
    WrongCount,
    /// Offsets of a partition lie nowhere.
    Hole,
    /// An entry of the ledger is not there.
    MissingEntry,
    /// An entry of the ledger cannot be understood.
    DamagedEntry,
    /// An entry does not follow from the one before.
    BrokenChain,
    /// The ledger ends before an entry that it had.
    LostEnd,
    /// The ledger takes no writes.
    Halted,
    /// A snapshot that is needed is not there.
    MissingSnapshot,
    /// A snapshot cannot be read.
    DamagedSnapshot,
    /// A snapshot holds another state than the entries lead to.
    WrongState,
    /// Store and ledger belong to different clusters.
    WrongCluster,
    /// What is published of a topic as a table is not so.
    WrongTable,
    /// Garbage: an object that nothing ever named, nor will.
    Orphan,
    /// Garbage: an object that was named once and waits for its grace to pass.
    Unnamed,
    /// Garbage: a snapshot older than the one the base names.
    OldSnapshot,
    /// Garbage: what a killed put left behind.
    StagedFile,
    /// A name that is none of ours.
    UnknownName,
    /// An object that nothing names yet, of a life that may name it still.
    Pending,
}

impl Kind {
    /// Whether the log is not as it should be.
    pub(super) fn is_fault(self) -> bool {
        self < Kind::Orphan
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What kind of thing.
    pub(super) kind: Kind,
    /// Whether it is a fault; garbage is none.
    fault: bool,
    /// The object's path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) object: Option<String>,
    /// The topic's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    /// The partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<u32>,
    /// The first offset concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_offset: Option<u64>,
    /// The last.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_offset: Option<u64>,
    /// The ledger position.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    /// In words.
    pub(super) what: String,
}

/// Where in a topic something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    /// The topic's name.
    pub(super) topic: String,
    /// The partition.
    pub(super) partition: u32,
    /// The first offset concerned.
    pub(super) first: u64,
    /// The last.
    pub(super) last: u64,
}

impl Finding {
    /// A finding that concerns the log as a whole.
    pub(super) fn new(kind: Kind, what: impl Into<String>) -> Finding {
        Finding {
            kind,
            fault: kind.is_fault(),
            object: None,
            topic: None,
            partition: None,
            first_offset: None,
            last_offset: None,
            position: None,
            what: what.into(),
        }
    }

    /// A finding about an object.
    pub(super) fn object(kind: Kind, object: impl Into<String>, what: impl Into<String>) -> Finding {
        Finding {
            object: Some(object.into()),
            ..Finding::new(kind, what)
        }
    }

    /// A finding about an entry.
    pub(super) fn entry(kind: Kind, position: u64, what: impl Into<String>) -> Finding {
        Finding {
            position: Some(position),
            ..Finding::new(kind, what)
        }
    }

    /// The same finding, about these offsets.
    pub(super) fn at(self, spot: &Spot) -> Finding {
        Finding {
            topic: Some(spot.topic.clone()),
            partition: Some(spot.partition),
            first_offset: Some(spot.first),
            last_offset: Some(spot.last),
            ..self
        }
    }

    /// A line of a table.
    pub(super) fn row(&self) -> Vec<String> {
        let place = [
            self.topic
                .as_ref()
                .zip(self.partition)
                .map(|(topic, partition)| format!("{topic}/{partition}")),
            self.position.map(|position| format!("entry {position}")),
            self.object.clone(),
        ];
        let place: Vec<String> = place.into_iter().flatten().collect();
        let offsets = self
            .first_offset
            .zip(self.last_offset)
            .map(|(first, last)| format!("{first}..{last}"));
        vec![
            self.kind.to_string(),
            place.join(" "),
            offsets.unwrap_or_default(),
            self.what.clone(),
        ]
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = serde_json::to_value(self).map_err(|_| fmt::Error)?;
        out.write_str(name.as_str().unwrap_or_default())
    }
}

/// All that was found, and how much was looked at.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// In the order in which it was found.
    pub(super) findings: Vec<Finding>,
    /// What was looked at.
    pub(super) checked: Checked,
}

/// How much was looked at.
#[derive(Debug, Default, Serialize)]
pub(super) struct Checked {
    /// Entries of the ledger.
    pub(super) entries: u64,
    /// Partitions.
    pub(super) partitions: u64,
    /// Extents.
    pub(super) extents: u64,
    /// Record batches.
    pub(super) batches: u64,
    /// Records.
    pub(super) records: u64,
    /// Objects read whole.
    pub(super) objects: u64,
    /// Bytes read.
    pub(super) bytes: u64,
}

impl Report {
    /// Notes a finding.
    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// How many faults there are.
    pub(super) fn faults(&self) -> usize {
        self.findings.iter().filter(|finding| finding.kind.is_fault()).count()
    }

    /// One line.
    pub(super) fn summary(&self) -> String {
        let Checked {
            entries,
            partitions,
            records,
            objects,
            ..
        } = &self.checked;
        let bytes = crate::out::human_bytes(self.checked.bytes);
        let faults = self.faults();
        let garbage = self.findings.len() - faults;
        format!(
            "{entries} entries, {partitions} partitions, {records} records, {objects} objects, {bytes}: {faults} faults, {garbage} pieces of garbage"
        )
    }
}

#[cfg(test)]
mod tests;
