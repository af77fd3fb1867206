use super::*;

fn columns(text: &str) -> Vec<Declared> {
    parse(text).unwrap()
}

#[test]
fn a_list_is_read() {
    let read = columns(
        "origin string, temp double,time_hour timestamptz , price decimal(10, 2), city string from $.addr.city, \
         leg int from $.legs[0]['flight number']",
    );
    let told: Vec<String> = read
        .iter()
        .map(|column| format!("{} {} {}", column.name, column.kind, column.path))
        .collect();
    assert_eq!(
        told,
        [
            "origin string $.origin",
            "temp double $.temp",
            "time_hour timestamptz $.time_hour",
            "price decimal(10, 2) $.price",
            "city string $.addr.city",
            "leg int $.legs[0]['flight number']",
        ]
    );
    assert_eq!(columns("  "), []);
    assert_eq!(columns("v string from $")[0].path.steps(), []);
    assert_eq!(
        columns("price decimal (38,38)from $.p")[0].kind.to_string(),
        "decimal(38, 38)"
    );
}

#[test]
fn what_it_cannot_be_is_refused() {
    for (text, why) in [
        ("origin", "has no type"),
        ("origin string,", "a column has no name"),
        (", origin string", "a column has no name"),
        ("origin string temp double", "a comma is missing"),
        ("origin text", "is none of the types"),
        ("a string, a long", "declared twice"),
        ("Origin string", "other characters"),
        ("1st string", "begins with a digit"),
        ("kafka_key string", "kafka_"),
        ("schema_error string", "something else"),
        ("_file string", "something else"),
        ("a decimal(39, 0)", "1 to 38"),
        ("a decimal(4, 5)", "1 to 38"),
        ("a decimal", "1 to 38"),
        ("a string(4)", "is none of the types"),
        ("a string from addr", "is no path"),
        ("a string from $.", "is no path"),
        ("a string from $.a..b", "is no path"),
        ("a string from $[-1]", "is no path"),
        ("a string from $[a]", "is no path"),
        ("a string from $['a]", "is no path"),
        ("a string from $.a]", "a comma is missing"),
        ("a string from", "is no path"),
    ] {
        let refused = parse(text).unwrap_err();
        assert!(refused.contains(why), "{text}: {refused}");
    }
    let deep = format!("a string from ${}", ".x".repeat(33));
    assert!(parse(&deep).unwrap_err().contains("is no path"));
    let many: Vec<String> = (0..257).map(|at| format!("c{at} int")).collect();
    assert!(parse(&many.join(",")).unwrap_err().contains("more than 256"));
    assert!(
        parse(&format!("{} int", "x".repeat(129)))
            .unwrap_err()
            .contains("longer")
    );
}

#[test]
fn a_path_is_written_as_it_is_read() {
    for path in ["$", "$.a.b", "$['a b'][0].c", "$[\"it's\"]", "$['']"] {
        assert_eq!(path.parse::<JsonPath>().unwrap().to_string(), path);
    }
}

#[test]
fn ids_stay_with_their_columns() {
    let ids = |columns: &LakeColumns| -> Vec<(String, i32)> {
        let shown = columns.columns().iter();
        shown.map(|column| (column.declared.name.clone(), column.id)).collect()
    };
    let none = LakeColumns::default();
    assert_eq!((none.version(), none.last_id()), (0, None));
    let first = none.changed(&columns("a int, b string")).unwrap();
    assert_eq!(ids(&first), [("a".into(), 100), ("b".into(), 101)]);
    let second = first.changed(&columns("c date, a long")).unwrap();
    assert_eq!(ids(&second), [("c".into(), 102), ("a".into(), 100)]);
    let third = second.changed(&columns("a long, b string")).unwrap();
    assert_eq!(
        ids(&third),
        [("a".into(), 100), ("b".into(), 103)],
        "another column of that name"
    );
    assert_eq!((third.version(), third.last_id()), (3, Some(103)));
    let elsewhere = third.changed(&columns("a long from $.x, b string")).unwrap();
    assert_eq!(elsewhere.version(), 3, "readers see no other table");
    let dropped = third.changed(&[]).unwrap();
    assert_eq!((dropped.version(), dropped.last_id()), (4, Some(103)));
}

#[test]
fn types_widen_and_nothing_else() {
    for (from, to, may) in [
        ("int", "long", true),
        ("float", "double", true),
        ("decimal(4,2)", "decimal(9,2)", true),
        ("decimal(4,2)", "decimal(4,2)", true),
        ("decimal(9,2)", "decimal(4,2)", false),
        ("decimal(4,2)", "decimal(9,3)", false),
        ("long", "int", false),
        ("int", "double", false),
        ("date", "timestamp", false),
        ("timestamp", "timestamptz", false),
        ("string", "binary", false),
    ] {
        let known = LakeColumns::default().changed(&columns(&format!("a {from}"))).unwrap();
        let changed = known.changed(&columns(&format!("a {to}")));
        assert_eq!(changed.is_ok(), may, "{from} to {to}: {changed:?}");
    }
}
