use super::*;

fn check(text: &str, expect: Option<(&str, &str)>) {
    let pair = text.parse::<Pair>().ok();
    let pair = pair.as_ref().map(|pair| (pair.name.as_str(), pair.value.as_str()));
    assert_eq!(pair, expect, "{text}");
}

#[test]
fn pairs() {
    check("a=b", Some(("a", "b")));
    check("a=", Some(("a", "")));
    check("a=b=c", Some(("a", "b=c")));
    check("a", None);
    check("=b", None);
    check("", None);
}

#[test]
fn twice_is_refused() {
    let pairs: Vec<Pair> = ["a=1", "b=2", "a=1"]
        .iter()
        .map(|text| text.parse().expect("a pair"))
        .collect();
    assert_eq!(map(&pairs[..2]).expect("two names").len(), 2);
    assert_eq!(map(&pairs).expect_err("a twice").to_string(), "a is given twice");
}
