use super::*;

#[test]
fn names_of_zones() {
    for name in ["a", "use1-az2", "us-central1-a", "rack_7.row-3", &"z".repeat(63)] {
        assert_eq!(zone(name), Ok(name));
    }
    for wrong in ["", " ", "a b", "a,b", "a=b", "zürich", "a/b", "a\n", &"z".repeat(64)] {
        assert_eq!(zone(wrong), Err(NotAZone), "{wrong:?}");
    }
}

#[test]
fn what_clients_say() {
    for (client_id, expect) in [
        ("zone=a,foo", Some("a")),
        ("zone=a", Some("a")),
        ("foo,zone=a", Some("a")),
        ("foo, zone = a ,bar", Some("a")),
        ("rack=7,zone=us-east-1b,foo", Some("us-east-1b")),
        ("zone=a,zone=b", Some("a")),
        ("zone=,zone=b", Some("b")),
        ("", None),
        ("foo", None),
        ("zone", None),
        ("zone=", None),
        ("foo=zone=a", None),
        ("ZONE=a,foo", None),
        ("myzone=a", None),
        ("zone=a=b", None),
        ("zone=a b", None),
        ("zone=a;foo", None),
    ] {
        assert_eq!(zone_of_client(client_id), expect, "{client_id:?}");
    }
}

proptest::proptest! {
    #[test]
    fn a_zone_is_read_back_from_among_other_parts(
        name in "[a-zA-Z0-9._-]{1,63}",
        before in "([a-y]{1,5}=[a-z]{0,5},|[a-z ]{0,8},){0,3}",
        after in "(,[^,]{0,9}){0,3}",
    ) {
        let client_id = format!("{before}zone={name}{after}");
        proptest::prop_assert_eq!(zone_of_client(&client_id), Some(name.as_str()));
    }

    #[test]
    fn whatever_a_client_says_is_a_zone_or_none(client_id in "\\PC{0,40}|(zone=|[a-z=, ]){0,12}") {
        if let Some(found) = zone_of_client(&client_id) {
            proptest::prop_assert_eq!(zone(found), Ok(found));
        }
    }
}
