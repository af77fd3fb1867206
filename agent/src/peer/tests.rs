//! Two ends over a real socket, and the bytes between them.

use bytes::Bytes;
use engine::{ToFollower, ToHost};
use ledger::{ClusterId, Hash, Tip};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use world::Chance;

use super::frame::{FrameReader, FrameWriter};
use super::handshake::{ClusterSecret, HandshakeError, as_follower, as_host};
use super::wire::Message;

fn secret(text: &str) -> ClusterSecret {
    ClusterSecret::new(text).unwrap()
}

#[test]
fn secrets_are_long_and_never_shown() {
    assert_eq!(
        ClusterSecret::new(" short \n").unwrap_err().to_string(),
        "a cluster's secret has at least 16 bytes, this one has 5"
    );
    assert_eq!(format!("{:?}", secret("0123456789abcdef")), "ClusterSecret(...)");
}

#[tokio::test]
async fn both_sides_prove_that_they_know_the_secret() {
    async fn check(host: &str, follower: &str, expect: bool) {
        let (mut near, mut far) = duplex(1024);
        let (host, follower) = (secret(host), secret(follower));
        let (chance, other) = (Chance::from_seed(1), Chance::from_seed(2));
        let hosted = async {
            let hosted = as_host(&mut far, &host, &chance).await;
            drop(far);
            hosted
        };
        let followed = async {
            let followed = as_follower(&mut near, &follower, &other).await;
            drop(near);
            followed
        };
        let (hosted, followed) = tokio::join!(hosted, followed);
        assert_eq!(followed.is_ok(), expect);
        match (hosted, followed) {
            (Ok(hosted), Ok(followed)) => {
                assert_eq!(hosted.to_host, followed.to_host);
                assert_eq!(hosted.to_follower, followed.to_follower);
                assert_ne!(hosted.to_host, hosted.to_follower);
            }
            (hosted, followed) => {
                assert!(hosted.is_err(), "a host believes nobody who does not know it");
                assert!(matches!(followed, Err(HandshakeError::Secret)));
            }
        }
    }
    check("0123456789abcdef", "0123456789abcdef\n", true).await;
    check("0123456789abcdef", "0123456789abcdeF", false).await;
}

#[tokio::test]
async fn whoever_says_something_else_is_refused() {
    let (mut near, mut far) = duplex(1024);
    near.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n            ")
        .await
        .unwrap();
    let refused = as_host(&mut far, &secret("0123456789abcdef"), &Chance::from_seed(1)).await;
    assert!(matches!(refused, Err(HandshakeError::Magic)));
    // One that replays what a host once said knows nothing either.
    let replay = [&b"TLPEER2\n"[..], &[7; 64]].concat();
    let (mut near, mut far) = duplex(1024);
    far.write_all(&replay).await.unwrap();
    let refused = as_follower(&mut near, &secret("0123456789abcdef"), &Chance::from_seed(1)).await;
    assert!(matches!(refused, Err(HandshakeError::Secret)));
}

#[tokio::test]
async fn frames_that_were_changed_moved_or_left_out_are_found() {
    let key = [9; 32];
    let (near, mut far) = duplex(1 << 20);
    let mut writer = FrameWriter::new(near, &key);
    for message in ["one", "two", ""] {
        writer.write(message.as_bytes()).await.unwrap();
    }
    drop(writer);
    let mut bytes = Vec::new();
    far.read_to_end(&mut bytes).await.unwrap();
    let read = async |bytes: &[u8]| {
        let mut reader = FrameReader::new(bytes, &key);
        let mut messages = Vec::new();
        while let Ok(message) = reader.read().await {
            messages.push(message);
        }
        messages
    };
    assert_eq!(read(&bytes).await, ["one", "two", ""].map(Bytes::from));
    for at in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        assert!(read(&flipped).await.len() < 3, "bit {at}");
    }
    let (first, second) = (&bytes[..23], &bytes[23..46]);
    assert!(read(second).await.is_empty(), "the first was left out");
    assert_eq!(read(&[first, first].concat()).await.len(), 1, "said twice");
    let mut endless = FrameReader::new(&[255; 8][..], &key);
    assert!(endless.read().await.is_err());
}

#[test]
fn messages_are_read_as_they_were_said() {
    let tip = Tip::new(2, 3, Hash([4; 32]));
    let cluster = ClusterId([5; 16]);
    let body = Bytes::from_static(b"body");
    for message in [
        ToHost::Follow { cluster, tip },
        ToHost::Propose(body.clone()),
        ToHost::Look(6),
    ] {
        let bytes = message.encode();
        assert_eq!(ToHost::decode(bytes.clone()), Some(message.clone()));
        let longer = Bytes::from([&bytes[..], &[0]].concat());
        assert!(matches!(message, ToHost::Propose(_)) || ToHost::decode(longer).is_none());
    }
    let looked = ToFollower::Looked { look: 1, tip };
    let entries = ToFollower::Entries(vec![body.clone(), Bytes::new(), body]);
    for message in [entries, looked, ToFollower::Behind, ToFollower::Ping] {
        let bytes = message.encode();
        assert_eq!(ToFollower::decode(bytes.clone()), Some(message));
        (1..bytes.len()).for_each(|length| {
            assert_ne!(
                ToFollower::decode(bytes.slice(..length)),
                ToFollower::decode(bytes.clone())
            )
        });
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_none(bytes: Vec<u8>) {
        let _ = ToHost::decode(bytes.clone().into());
        if let Some(message) = ToFollower::decode(bytes.clone().into()) {
            prop_assert_eq!(message.encode(), Bytes::from(bytes));
        }
    }
}
