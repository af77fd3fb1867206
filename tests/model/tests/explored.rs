//! Every model holds as it stands, and no rule can be switched off without something breaking.

use std::io::{Write as _, stdout};
use std::num::NonZeroUsize;

use model::{ALL, MUTATIONS, Scope};

#[test]
fn every_model_holds() {
    for subject in ALL {
        let checked = subject.check(Scope::Short, None, NonZeroUsize::MIN);
        let told = writeln!(
            stdout(),
            "{subject}: {} states, depth {}",
            checked.states,
            checked.depth
        );
        told.unwrap();
        if let Some(failure) = checked.failure {
            panic!(
                "{subject}: {} after {} steps\n{}",
                failure.rule, failure.steps, failure.trace
            );
        }
        assert_eq!(checked.missing, Vec::<&str>::new(), "{subject}: never reached");
        // A model that explores next to nothing holds of anything.
        assert!(checked.states > 10_000, "{subject}: {} states", checked.states);
    }
}

#[test]
fn every_mutation_is_found() {
    for mutation in MUTATIONS {
        let (row, subject) = (mutation.row(), mutation.subject());
        let checked = subject.check(Scope::Short, Some(*mutation), NonZeroUsize::MIN);
        let failure = checked
            .failure
            .unwrap_or_else(|| panic!("{row}, {subject}: {} is not found", mutation.says()));
        let told = writeln!(
            stdout(),
            "{row}, {subject}: {}: found in {} steps",
            mutation.says(),
            failure.steps
        );
        told.unwrap();
    }
}

#[test]
fn every_row_of_the_history_has_a_mutation() {
    for row in (1..=11).chain(14..=19) {
        let row = row.to_string();
        assert!(MUTATIONS.iter().any(|mutation| mutation.row() == row), "{row}");
    }
}
