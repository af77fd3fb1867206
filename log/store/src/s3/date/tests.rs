use super::*;

#[test]
fn dates_of_answers_are_understood() {
    let check = |text: &str, seconds: Option<i64>| assert_eq!(parse(text), seconds.map(|s| s * 1000), "{text}");
    check("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777));
    check("Thu, 01 Jan 1970 00:00:00 GMT", Some(0));
    check("Thu, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199));
    check("Fri, 01 Mar 2024 00:00:00 GMT", Some(1_709_251_200));
    check("Tue, 01 Mar 2100 00:00:00 GMT", Some(4_107_542_400));
    check("Sunday, 06-Nov-94 08:49:37 GMT", None);
    check("Sun, 06 Nov 1994 08:49:37", None);
    check("Sun, 06 Nox 1994 08:49:37 GMT", None);
    check("Sun, 06 Nov 1994 24:49:37 GMT", None);
    check("Sun, 06 Nov 1994 08:49 GMT", None);
    check("", None);
}
