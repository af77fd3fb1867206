//! Names as text and on the wire.

use proptest::prelude::*;

use super::*;

#[test]
fn an_incarnation_is_written_as_in_object_names() {
    let life = Incarnation {
        position: 255,
        index: 2,
        nonce: 0xabc,
    };
    assert_eq!(life.to_string(), "00000000000000ff0002-0000000000000abc");
    let name = ObjectName {
        incarnation: life,
        flush: 42,
        attempt: 7,
    };
    assert_eq!(name.to_string(), "00000000000000ff0002-0000000000000abc/0000000042-07");
}

#[test]
fn only_the_one_way_of_writing_is_read() {
    for text in [
        "",
        "-",
        "00000000000000ff0002",
        "00000000000000FF0002-0000000000000abc",
        "+0000000000000ff0002-0000000000000abc",
        "00000000000000ff0002-0000000000000abc0",
        "0000000000000ff0002-00000000000000abc",
        "ä000000000000ff0002-0000000000000abc",
    ] {
        assert_eq!(text.parse::<Incarnation>(), Err(ParseIdError("incarnation")), "{text}");
    }
}

#[test]
fn a_topic_id_is_written_as_kafka_does() {
    // org.apache.kafka.common.Uuid.ONE_UUID and one of all bits.
    let mut one = [0; 16];
    one[15] = 1;
    assert_eq!(TopicId(one).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
    assert_eq!(TopicId([255; 16]).to_string(), "_____________________w");
    assert_eq!("AAAAAAAAAAAAAAAAAAAAAQ".parse(), Ok(TopicId(one)));
    assert_eq!("AAAA".parse::<TopicId>(), Err(ParseIdError("topic id")));
}

#[test]
fn numbers_of_the_wire_that_do_not_fit_are_refused() {
    let wire = entry::Incarnation {
        position: 1,
        index: 1 << 16,
        nonce: 3,
    };
    assert!(Incarnation::try_from(wire).is_err());
    assert!(
        ObjectName::try_from(&entry::ObjectName {
            incarnation: Some(wire),
            flush: 0,
            attempt: 0
        })
        .is_err()
    );
    let fine = entry::Incarnation { index: 3, ..wire };
    assert!(
        ObjectName::try_from(&entry::ObjectName {
            incarnation: Some(fine),
            flush: 0,
            attempt: 1 << 16
        })
        .is_err()
    );
    assert!(
        ObjectName::try_from(&entry::ObjectName {
            incarnation: None,
            flush: 0,
            attempt: 0
        })
        .is_err()
    );
    assert_eq!((Lane::from_number(2), Lane::from_number(3)), (Some(Lane::Object), None));
}

proptest! {
    #[test]
    fn text_is_read_back(position: u64, index: u16, nonce: u64, id: [u8; 16]) {
        let life = Incarnation { position, index, nonce };
        prop_assert_eq!(life.to_string().parse(), Ok(life));
        prop_assert_eq!(Incarnation::try_from(entry::Incarnation::from(life)), Ok(life));
        prop_assert_eq!(TopicId(id).to_string().parse(), Ok(TopicId(id)));
    }
}
