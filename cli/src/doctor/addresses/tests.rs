use ledger::Verdict;

use super::*;

#[test]
fn who_does_not_answer_is_warned_of() {
    let told = Told {
        whose: "agent \"a\"".to_owned(),
        what: "HTTP",
        address: "127.0.0.1:1".to_owned(),
    };
    let answers = judge(&told, Ok(()));
    assert_eq!(
        (answers.verdict, &*answers.what),
        (Verdict::Ok, "HTTP of agent \"a\" at 127.0.0.1:1")
    );
    let refused = judge(&told, Err("refused".to_owned()));
    assert_eq!((refused.name, refused.verdict), (NAME, Verdict::Warn));
    assert!(
        refused.what.contains("refused") && !refused.advice.is_empty(),
        "{refused:?}"
    );
}
