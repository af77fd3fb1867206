use proptest::prelude::*;

use super::*;

fn json(body: &str, flatten: bool) -> Result<Vec<&str>, String> {
    let mut values = Vec::new();
    let taken = each_json(body, flatten, |value| {
        values.push(value);
        Ok(())
    });
    taken
        .map(|()| values)
        .map_err(|problem| problem.to_json("")["title"].as_str().unwrap().to_owned())
}

fn lines(body: &str) -> Vec<(usize, &str)> {
    let mut values = Vec::new();
    each_line(body, |number, line| {
        values.push((number, line));
        Ok(())
    })
    .unwrap();
    values
}

fn check(body: &str, flatten: bool, expected: &[&str]) {
    assert_eq!(json(body, flatten).as_deref(), Ok(expected), "{body:?}");
}

#[test]
fn values_are_slices_of_the_body() {
    check(
        " {\"b\" : 1.0, \"a\":\"\\u00e4\" }\n",
        true,
        &["{\"b\" : 1.0, \"a\":\"\\u00e4\" }"],
    );
    check(
        "[1, {\"a\": 2} ,\"x\", null,[3,4] ]",
        true,
        &["1", "{\"a\": 2}", "\"x\"", "null", "[3,4]"],
    );
    check("[1, 2]", false, &["[1, 2]"]);
    check("\n[\n]", true, &[]);
    check("1e400", true, &["1e400"]);
    check("{\"a\":1,\"a\":2}", true, &["{\"a\":1,\"a\":2}"]);
}

#[test]
fn what_is_not_json_is_named() {
    for body in [
        "",
        "{",
        "[1,]",
        "[1 2]",
        "{\"a\":01}",
        "[1]]",
        "nul",
        "\"\u{1}\"",
        "{} {}",
        "\u{feff}1",
        "\"\\x\"",
        "NaN",
    ] {
        let problem = json(body, true).unwrap_err();
        assert!(problem.starts_with("malformed JSON"), "{body:?}: {problem}");
        json(body, false).unwrap_err();
    }
}

#[test]
fn depth_is_bounded_by_the_body_alone() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    assert_eq!(json(&deep, false).unwrap().len(), 1);
    assert_eq!(json(&deep, true).unwrap().len(), 1);
    json(&"[".repeat(200_000), true).unwrap_err();
}

#[test]
fn lines_lose_only_the_blanks_around_them() {
    assert_eq!(lines(" {\"a\": 1}\t\r\n\n\n\"x\""), [(1, "{\"a\": 1}"), (4, "\"x\"")]);
    assert_eq!(lines("\r\n \n"), []);
}

#[test]
fn not_utf8_says_where() {
    let problem = text(b"{\"a\":\"\xff\"}").unwrap_err().to_json("");
    assert_eq!(
        (&problem["byte"], &problem["code"]),
        (&6.into(), &"invalid_record".into())
    );
}

proptest! {
    #[test]
    fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(body) = text(&body) {
            let _ = json(body, true);
            lines(body);
        }
    }

    #[test]
    fn every_json_comes_out_as_it_went_in(values in proptest::collection::vec("-?[1-9][0-9]{0,3}|\"[a-z ]{0,5}\"|\\{\"k\" : \\[1,2\\]\\}", 0..10)) {
        let body = format!("[{}]", values.join(" , "));
        let expected: Vec<&str> = values.iter().map(String::as_str).collect();
        prop_assert_eq!(json(&body, true).unwrap(), expected);
    }
}
