use std::collections::BTreeMap;

use metadata::{Declared, JsonPath, JsonStep};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn column(id: i32, path: &str) -> LakeColumn {
    LakeColumn {
        id,
        declared: Declared {
            name: format!("c{id}"),
            kind: metadata::ColumnType::String,
            path: path.parse().unwrap(),
        },
    }
}

fn find(paths: &[&str], document: &str) -> Result<Vec<Option<String>>, String> {
    let columns: Vec<_> = (0..).zip(paths).map(|(id, path)| column(id, path)).collect();
    let found = Wanted::of(&columns).find(document.as_bytes())?;
    Ok(found.into_iter().map(|part| part.map(str::to_owned)).collect())
}

#[test]
fn parts_are_found_in_one_pass() {
    let document = r#" {"a": 1.50, "b": {"c": [1, {"d": "x"}], "e": null}, "f": {"g": true}, "k y": 2, "\u0061": 3} "#;
    let found = find(
        &[
            "$.a",
            "$.b.c[1].d",
            "$.b.e",
            "$.f",
            "$.f.g",
            "$['k y']",
            "$.no",
            "$.b.c[7]",
        ],
        document,
    )
    .unwrap();
    let expected = [
        Some("3"),
        Some("\"x\""),
        None,
        Some("{\"g\": true}"),
        Some("true"),
        Some("2"),
        None,
        None,
    ];
    assert_eq!(found, expected.map(|part| part.map(str::to_owned)));
    assert_eq!(find(&["$"], " [1] ").unwrap(), [Some("[1]".to_owned())]);
    assert_eq!(
        find(&["$.a.b"], r#"{"a": {"b": 1}, "a": {}}"#).unwrap(),
        [None],
        "the last of two counts"
    );
    assert_eq!(find(&["$.a"], "null").unwrap(), [None]);
}

#[test]
fn documents_that_are_others_say_where() {
    for (paths, document, why) in [
        (["$.a", "$.b.c"], "5", "$ to be an object"),
        (["$.a", "$.b.c"], r#"{"b": "x"}"#, "$.b to be an object"),
        (["$.a", "$.b.c"], r#"{"b": [1]}"#, "$.b to be an object"),
        (["$.a", "$.b[0]"], r#"{"b": {"c": 1}}"#, "$.b to be an array"),
        (["$.a", "$.b"], r#"{"a": 1"#, "the value is not JSON"),
        (["$.a", "$.b"], r#"{"a": 1} 2"#, "the value is not JSON"),
        (["$.a", "$.b"], "", "the value is not JSON"),
        (["$.a", "$.b"], "{'a': 1}", "the value is not JSON"),
    ] {
        let refused = find(&paths, document).unwrap_err();
        assert!(refused.contains(why), "{document}: {refused}");
    }
    let wanted = Wanted::of(&[column(0, "$.a")]);
    assert!(wanted.find(b"{\"a\": \"\xff\"}").unwrap_err().contains("UTF-8"));
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let passed_by = find(&["$.a"], &format!("{{\"b\": {deep}}}"));
    assert_eq!(passed_by, Ok(vec![None]), "and no stack is exhausted");
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[ab\"\\\\é]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[ab\"]{1,2}", inner, 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn path() -> impl Strategy<Value = String> {
    let step = prop_oneof![
        3 => "[ab]{1,2}".prop_map(|name| format!(".{name}")),
        1 => (0..3u8).prop_map(|at| format!("[{at}]")),
    ];
    prop::collection::vec(step, 0..4).prop_map(|steps| format!("${}", steps.concat()))
}

/// The part by walking the document as it was parsed; an error where it has another shape.
fn walk<'a>(mut here: &'a Value, path: &JsonPath) -> Result<Option<&'a Value>, ()> {
    for step in path.steps() {
        let next = match (step, here) {
            (_, Value::Null) => return Ok(None),
            (JsonStep::Member(name), Value::Object(members)) => members.get(name),
            (JsonStep::Element(at), Value::Array(elements)) => elements.get(*at as usize),
            _ => return Err(()),
        };
        let Some(next) = next else { return Ok(None) };
        here = next;
    }
    Ok(Some(here).filter(|value| !value.is_null()))
}

proptest! {
    #[test]
    fn what_is_found_is_what_stands_there(document in document(), paths in prop::collection::vec(path(), 1..4)) {
        let text = serde_json::to_string_pretty(&document).unwrap();
        let found = find(&paths.iter().map(String::as_str).collect::<Vec<_>>(), &text);
        let walked: Vec<_> = paths.iter().map(|path| walk(&document, &path.parse().unwrap())).collect();
        match found {
            Ok(found) => {
                for (found, walked) in found.iter().zip(walked) {
                    let found = found.as_ref().map(|part| serde_json::from_str::<Value>(part).unwrap());
                    // Of two paths that want a member and an element of one value either may fit.
                    prop_assert_eq!(found.as_ref(), walked.unwrap_or(None));
                }
            }
            Err(_) => prop_assert!(walked.iter().any(Result::is_err)),
        }
    }
}

/// A type, a JSON value, and what it is read as; none where it does not fit.
type Case<'a> = (&'a str, &'a str, Option<Cell<'a>>);

fn read_as(cases: &[Case<'_>]) {
    for (kind, json, expected) in cases {
        let read = Cell::read(kind.parse().unwrap(), json);
        assert_eq!(read.as_ref().ok(), expected.as_ref(), "{kind} {json}: {read:?}");
    }
}

#[test]
fn numbers_are_read_by_type() {
    use Cell::*;
    read_as(&[
        ("boolean", "true", Some(Boolean(true))),
        ("boolean", "\"true\"", None),
        ("boolean", "1", None),
        ("int", "-2147483648", Some(Int(i32::MIN))),
        ("int", "2147483648", None),
        ("int", "5.0", Some(Int(5))),
        ("int", "1e3", Some(Int(1000))),
        ("int", "5.5", None),
        ("int", "\"17\"", Some(Int(17))),
        ("int", "\"\"", None),
        ("int", "\"+5\"", None),
        ("long", "9223372036854775807", Some(Long(i64::MAX))),
        ("long", "-9223372036854775808.0", Some(Long(i64::MIN))),
        ("long", "9223372036854775808", None),
        ("long", "1e18", Some(Long(1_000_000_000_000_000_000))),
        ("long", "0e99999999999999999999", Some(Long(0))),
        ("long", "1e-99999999999999999999", None),
        ("long", "true", None),
        ("float", "0.1", Some(Float(0.1))),
        ("float", "1e39", None),
        ("float", "\"Infinity\"", Some(Float(f32::INFINITY))),
        ("double", "0.1", Some(Double(0.1))),
        ("double", "1e309", None),
        ("double", "\"-Infinity\"", Some(Double(f64::NEG_INFINITY))),
        ("double", "\"inf\"", None),
        ("double", "\"1.5\"", Some(Double(1.5))),
        ("decimal(5, 2)", "1.5", Some(Decimal(150))),
        ("decimal(5, 2)", "-999.99", Some(Decimal(-99_999))),
        ("decimal(5, 2)", "1000", None),
        ("decimal(5, 2)", "1.500", Some(Decimal(150))),
        ("decimal(5, 2)", "1.505", None),
        ("decimal(5, 2)", "\"12.30\"", Some(Decimal(1230))),
        ("decimal(5, 2)", "12e-1", Some(Decimal(120))),
        (
            "decimal(38, 0)",
            "99999999999999999999999999999999999999",
            Some(Decimal(10i128.pow(38) - 1)),
        ),
        ("decimal(38, 0)", "100000000000000000000000000000000000000", None),
        (
            "decimal(38, 38)",
            "0.00000000000000000000000000000000000001",
            Some(Decimal(1)),
        ),
    ]);
    let read = Cell::read(metadata::ColumnType::Double, "\"NaN\"");
    assert!(matches!(read, Ok(Double(number)) if number.is_nan()));
    let long = format!("\"{}é\"", "x".repeat(62));
    let why = Cell::read(metadata::ColumnType::Int, &long).unwrap_err();
    assert!(why.ends_with("... is no int"), "{why}");
}

#[test]
fn texts_are_read_by_type() {
    use Cell::*;
    let days = |date: &str| date.parse::<jiff::civil::Date>().unwrap();
    let epoch = days("1970-01-01");
    let since = |date: &str| (days(date) - epoch).get_days();
    read_as(&[
        ("date", "\"2013-01-31\"", Some(Date(since("2013-01-31")))),
        ("date", "\"1969-12-31\"", Some(Date(-1))),
        ("date", "\"2013-02-29\"", None),
        ("date", "\"2013-01-31T10:00:00Z\"", None),
        ("date", "20130131", None),
        ("date", "\"0000-01-01\"", None),
        ("time", "\"12:34:56.789\"", Some(Time(45_296_789_000))),
        ("time", "\"24:00:00\"", None),
        ("time", "\"12:00:00+02:00\"", None),
        ("time", "\"12:00:00-02:00\"", None),
        ("time", "\"12:00:00Z\"", None),
        ("time", "\"12:00:00[Europe/Berlin]\"", None),
        (
            "timestamp",
            "\"1970-01-02T00:00:00.000001\"",
            Some(Timestamp(86_400_000_001)),
        ),
        ("timestamp", "\"1970-01-01 00:00:01\"", Some(Timestamp(1_000_000))),
        ("timestamp", "\"1970-01-01T00:00:01Z\"", None),
        ("timestamp", "\"1970-01-01T00:00:01+02:00\"", None),
        ("timestamp", "\"1970-01-01T00:00:01-00:00\"", None),
        ("timestamp", "\"1970-01-01T00:00:01[Europe/Berlin]\"", None),
        ("timestamp", "\"1970-01-01T00:00:01+01:00[Europe/Berlin]\"", None),
        ("timestamp", "\"1970-01-01T00:00:01[u-ca=hebrew]\"", None),
        ("timestamp", "\"1970-01-01\"", None),
        (
            "timestamptz",
            "\"1970-01-01T01:00:00.0000019+01:00\"",
            Some(Timestamp(1)),
        ),
        ("timestamptz", "\"1969-12-31T23:59:59.9999999Z\"", Some(Timestamp(-1))),
        (
            "timestamptz",
            "\"9999-12-31T23:59:59Z\"",
            Some(Timestamp(253_402_300_799_000_000)),
        ),
        ("timestamptz", "\"1970-01-01T00:00:00\"", None),
        ("timestamptz", "1700000000000", None),
        ("string", "\"a\\u00e9\\n\"", Some(String("aé\n".into()))),
        ("string", "\"\\ud800\"", None),
        ("string", "5.0", Some(String("5.0".into()))),
        ("string", "{\"a\": [1]}", Some(String("{\"a\": [1]}".into()))),
        (
            "uuid",
            "\"01020304-0506-0708-090a-0b0c0d0e0f10\"",
            Some(Uuid([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])),
        ),
        ("uuid", "\"0102030405060708090a0b0c0d0e0f10\"", None),
        ("binary", "\"AQID\"", Some(Binary(vec![1, 2, 3]))),
        ("binary", "\"AQI\"", None),
    ]);
}

#[test]
fn numbers_are_those_of_json() {
    use super::number::Number;
    for text in [
        "", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x1", "1 ", "NaN", "--1", "1_0",
    ] {
        assert_eq!(Number::read(text), None, "{text}");
    }
    let parsed: BTreeMap<&str, f64> = [("0", 0.0), ("-0.0", 0.0), ("10.25e-1", 1.025), ("1E+2", 100.0)].into();
    for (text, number) in parsed {
        assert_eq!(Number::read(text).unwrap().double(), Some(number), "{text}");
    }
}

proptest! {
    #[test]
    fn whole_numbers_stay_exact(number in any::<i64>(), zeros in 0..4usize) {
        let text = format!("{number}.{}", "0".repeat(zeros + 1));
        prop_assert_eq!(number::Number::read(&text).unwrap().whole(), Some(number));
        let text = format!("{number}{}e-{zeros}", "0".repeat(zeros));
        prop_assert_eq!(number::Number::read(&text).unwrap().whole(), Some(number));
    }
}
