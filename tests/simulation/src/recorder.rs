//! Hears the counters that the log keeps about itself, and counts them in the journal: what happened inside is known
//! by the same names as in production.

use std::sync::Arc;

use metrics::{Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use crate::journal::Journal;

/// A recorder of counters alone.
#[derive(Debug)]
pub(crate) struct CounterRecorder(pub(crate) Journal);

struct Named {
    name: String,
    journal: Journal,
}

impl CounterFn for Named {
    fn increment(&self, value: u64) {
        self.journal.count_by(&self.name, value);
    }

    fn absolute(&self, _: u64) {}
}

impl Recorder for CounterRecorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut name = key.name().to_owned();
        for label in key.labels() {
            name.push(' ');
            name.push_str(label.value());
        }
        let journal = self.0.clone();
        Counter::from_arc(Arc::new(Named { name, journal }))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
