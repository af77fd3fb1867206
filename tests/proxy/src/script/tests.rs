use super::Script;
use crate::{Error, Mode};

fn check(mode: Mode, text: &str) -> Result<(), Error> {
    Script::parse(text)?.check(mode)
}

/// The examples of the document are scripts.
#[test]
fn what_the_document_shows_is_taken() {
    let document = include_str!("../../../../docs/faults.md");
    let blocks = document
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let mut count = 0;
    for block in blocks {
        let taken = [Mode::Http, Mode::Tcp].map(|mode| check(mode, block));
        assert!(taken.iter().any(Result::is_ok), "{block}{taken:?}");
        count += 1;
    }
    assert!(count > 10, "{count} examples");
}

#[test]
fn what_cannot_be_done_is_refused() {
    let rule = |inside: &str| format!("[[rule]]\n{inside}\n");
    let drop = "fault = { kind = \"drop_answer\" }";
    for (text, why) in [
        ("seeds = 1\n".to_owned(), "unknown field `seeds`"),
        (rule(&format!("{drop}\nwhen = 1")), "unknown field `when`"),
        (
            rule("fault = { kind = \"drop_answer\", by = \"1ms\" }"),
            "unknown field `by`",
        ),
        (rule("fault = { kind = \"explode\" }"), "unknown variant `explode`"),
        (rule(""), "missing field `fault`"),
        (
            rule(&format!("{drop}\nmatch = {{ verb = \"PUT\" }}")),
            "unknown field `verb`",
        ),
        (
            rule("fault = { kind = \"delay_request\", by = \"soon\" }"),
            "is none of 35ms",
        ),
        (
            rule("fault = { kind = \"answer_s3\", code = \"NoWay\" }"),
            "unknown variant `NoWay`",
        ),
        (rule(&format!("{drop}\nprobability = 1.5")), "from 0 to 1"),
        (rule(&format!("{drop}\nprobability = 0.5\nevery = 2")), "both"),
        (rule(&format!("{drop}\nevery = 0")), "at least 1"),
        (
            rule(&format!("{drop}\nmatch = {{ requests = [2, 1] }}")),
            "nothing lies in",
        ),
        (rule("fault = { kind = \"cut_request\", fraction = 1.0 }"), "below 1"),
        (
            rule("fault = { kind = \"cut_request\", fraction = 0.5, after_bytes = 3 }"),
            "both",
        ),
        (rule("fault = { kind = \"answer\", status = 99 }"), "from 200 to 599"),
        (
            rule("fault = { kind = \"answer\", status = 500, headers = { a = \"b\\nc\" } }"),
            "one line",
        ),
        (rule("fault = { kind = \"close\" }"), "no fault of mode http"),
        (
            rule(&format!("{drop}\nname = \"a\"\n[[rule]]\n{drop}\nname = \"a\"")),
            "has this name",
        ),
        (
            "[[cut]]\nat_ms = 1\nfor_ms = 1\nhow = \"reset\"\ndirection = \"up\"\n".to_owned(),
            "only a stall",
        ),
        (
            "[[cut]]\nat_ms = 1\nhow = \"reset\"\n".to_owned(),
            "missing field `for_ms`",
        ),
    ] {
        let refused = check(Mode::Http, &text).expect_err(&text).to_string();
        assert!(refused.contains(why), "{text}: {refused}");
    }
}

#[test]
fn a_script_of_requests_is_none_of_bytes() {
    for (text, why) in [
        ("[[rule]]\nfault = { kind = \"drop_answer\" }\n", "no fault of mode tcp"),
        (
            "[[rule]]\nmatch = { path = \"*\" }\nfault = { kind = \"close\" }\n",
            "knows no requests",
        ),
        (
            "[[rule]]\nfault = { kind = \"bandwidth\", bytes_per_second = 0 }\n",
            "at least 1",
        ),
    ] {
        let refused = check(Mode::Tcp, text).expect_err(text).to_string();
        assert!(refused.contains(why), "{text}: {refused}");
    }
}
