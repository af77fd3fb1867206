use super::*;
use crate::plan::testing::{END, History, LIMITS};
use crate::plan::{Window, lake};
use crate::{CompactorConfig, plan};

const HOUR_MS: i64 = 3_600_000;

fn to_lake(history: &mut History, topic: TopicNumber) {
    let config = CompactorConfig::default();
    let share = lake::Share { topic, number: 0 };
    let window: Window = lake::plan(&history.state, &config, share, None, &LIMITS, &plan::Spared::new());
    history.rewrite_to_lake(&window, END);
}

#[test]
fn a_topic_is_due_while_its_files_are_others_than_is_told() {
    let mut history = History::new();
    let topic = history.topic("t", 1, &[]);
    history.inline(&[(topic, 0, 3, 10, 0)]);
    assert!(due(&history.state).is_empty(), "it has no lake file");
    to_lake(&mut history, topic);
    assert_eq!(due(&history.state), [topic]);
    history.publish(topic, 0);
    assert!(due(&history.state).is_empty());
    history.inline(&[(topic, 0, 3, 10, 0)]);
    assert!(
        due(&history.state).is_empty(),
        "records that no lake file holds are not told of"
    );
    to_lake(&mut history, topic);
    assert_eq!(due(&history.state), [topic]);
    history.publish(topic, 0);
    history.trim(topic, 0, 3);
    assert_eq!(due(&history.state), [topic], "a file went");
}

#[test]
fn a_topic_with_old_snapshots_is_due_when_they_are_too_old() {
    let mut history = History::new();
    let topic = history.topic("t", 1, &[]);
    history.inline(&[(topic, 0, 3, 10, 0)]);
    to_lake(&mut history, topic);
    history.publish(topic, 5);
    let at = history.state.position();
    history.mark(at, 0);
    history.mark(at, 12 * HOUR_MS - 1);
    assert!(due(&history.state).is_empty());
    history.mark(at, 12 * HOUR_MS);
    assert_eq!(due(&history.state), [topic]);
    history.publish(topic, 0);
    assert!(due(&history.state).is_empty());
}
