use super::*;

#[test]
fn rows_become_lines() {
    let check = |table: &str, expect: &[(&str, &str)]| {
        let flights = parse(table).expect("a table");
        let got: Vec<(&str, &str)> = flights.iter().map(|flight| (&*flight.carrier, &*flight.json)).collect();
        assert_eq!(got, expect);
    };
    check("day,carrier\n", &[]);
    check("day,carrier\n1,UA\n", &[("UA", r#"{"day":1,"carrier":"UA"}"#)]);
    check(
        "delay,carrier,tail\n-7,9E,\n",
        &[("9E", r#"{"delay":-7,"carrier":"9E","tail":null}"#)],
    );
    check(
        "air,carrier,at\n227.0,B6,2013-01-01T10:00:00Z",
        &[("B6", r#"{"air":227.0,"carrier":"B6","at":"2013-01-01T10:00:00Z"}"#)],
    );
}

#[test]
fn what_is_no_table() {
    for table in ["", "day,carrier\n1\n", "day\n1\n", "day,carrier\n\"1\",UA\n"] {
        assert!(parse(table).is_err(), "{table}");
    }
}
