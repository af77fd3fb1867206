use super::*;

fn check(path: &str, value: &str, expected: Option<&str>) {
    let key = path.parse::<KeyPath>().unwrap().of(value).unwrap();
    assert_eq!(key.as_deref(), expected.map(str::as_bytes), "{path} of {value}");
}

#[test]
fn keys() {
    check("$.id", r#"{"id":"u1"}"#, Some("u1"));
    check("$.user.id", r#"{"x":[{}],"user":{"id":7}}"#, Some("7"));
    check("$.user.id", r#"{"user":{"id":1.50}}"#, Some("1.50"));
    check("$.ok", r#"{"ok":true}"#, Some("true"));
    check("$.id", r#"{"id":"a\n\u00e4"}"#, Some("a\nä"));
    check("$.id", r#"{"i\u0064":"escaped name"}"#, Some("escaped name"));
    check("$.id", r#"{"id":1,"id":2}"#, Some("2"));
    check("$.id", r#"{"id":""}"#, Some(""));
    check("$.id", r#"{"id":null}"#, None);
    check("$.id", r#"{"other":1}"#, None);
    check("$.id.x", r#"{"id":1}"#, None);
    check("$.id", "[1]", None);
    check("$.id", "1", None);
}

#[test]
fn what_cannot_be_a_key() {
    for value in [r#"{"id":{}}"#, r#"{"id":[1]}"#, r#"{"id":"\ud800"}"#] {
        let problem = "$.id".parse::<KeyPath>().unwrap().of(value).unwrap_err();
        assert_eq!(problem.code().name(), "invalid_record", "{value}");
    }
}

#[test]
fn what_is_no_path() {
    for path in [
        "",
        "$",
        "$.",
        "a",
        "$.a.",
        "$..a",
        "$.a[0]",
        "$a",
        &format!("${}", ".a".repeat(33)),
    ] {
        assert_eq!(path.parse::<KeyPath>(), Err(NoKeyPath), "{path}");
    }
}
