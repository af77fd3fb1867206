//! Against a server that answers from a script.

use super::scripted::{self, Scripted, answer, error, object};
use super::*;
use crate::ids::ClusterId;
use crate::options::Secret;

const ENTRY: &[u8] = b"an entry";

fn base(position: Position) -> Base {
    Base {
        cluster: ClusterId([7; 16]),
        era: 1,
        position,
        hash: Hash::of(ENTRY),
        snapshot: "s".to_owned(),
    }
}

/// The answer that the base is there.
fn base_object(tag: &str, base: &Base) -> Vec<u8> {
    let bytes = record::encode(base).unwrap();
    let head = object(tag, &"x".repeat(bytes.len()));
    let (head, _) = head.split_once("\r\n\r\n").unwrap();
    [head.as_bytes(), b"\r\n\r\n", &bytes].concat()
}

/// A ledger on that server, which is known to heed conditions.
fn open(server: &Scripted, world: &World) -> S3Ledger {
    let ledger = S3Ledger::open("s3://bucket/some/ledger/", &server.options(), world).unwrap();
    ledger.heeded.set(()).unwrap();
    ledger
}

async fn scripted(script: &[String]) -> (S3Ledger, Scripted, World) {
    let script: Vec<Vec<u8>> = script.iter().map(|answer| answer.clone().into_bytes()).collect();
    bytes(&script).await
}

async fn bytes(script: &[Vec<u8>]) -> (S3Ledger, Scripted, World) {
    let world = World::real();
    let server = Scripted::script(&world, script).await;
    (open(&server, &world), server, world)
}

async fn append(ledger: &S3Ledger) -> Result<Append, LedgerError> {
    ledger.append(5, Hash::ZERO, Bytes::from_static(ENTRY)).await
}

fn word<T: std::fmt::Debug>(outcome: &Result<T, LedgerError>) -> String {
    let shown = format!("{outcome:?}");
    shown.split([' ', '{']).next().unwrap().to_owned()
}

#[tokio::test]
async fn a_put_is_sent_once_and_says_whether_it_happened() {
    let check = async |answer: String, expect: &str| {
        let (ledger, server, _world) = scripted(std::slice::from_ref(&answer)).await;
        assert_eq!(word(&append(&ledger).await), expect, "{answer}");
        let heads = server.heads();
        assert_eq!(heads.len(), 1, "{answer}");
        let line = "put /bucket/some/ledger/entries/00000000000000000005 http/1.1";
        assert!(heads[0].starts_with(line), "{heads:?}");
        assert!(heads[0].contains("if-none-match: *"), "{heads:?}");
    };
    check(answer("200 OK", "etag: \"1\"\r\n", ""), "Ok(Appended)").await;
    check(error("412 Precondition Failed", "PreconditionFailed"), "Ok(Taken)").await;
    check(error("409 Conflict", "ConditionalRequestConflict"), "Ok(Taken)").await;
    // Whether it happened is not said, or the answer says that it did and is odd.
    check(error("500 Internal Server Error", "InternalError"), "Err(Unknown").await;
    check(error("503 Service Unavailable", "SlowDown"), "Err(Unknown").await;
    check(error("504 Gateway Timeout", ""), "Err(Unknown").await;
    check(error("408 Request Timeout", ""), "Err(Unknown").await;
    check(answer("200 OK", "", ""), "Err(Unknown").await;
    check("HTTP/1.1 200 OK\r\ncontent-le".to_owned(), "Err(Unknown").await;
    check(String::new(), "Err(Unknown").await;
    // It did not, and may another time.
    check(error("400 Bad Request", "RequestTimeout"), "Err(Unavailable").await;
    check(error("400 Bad Request", "ExpiredToken"), "Err(Unavailable").await;
    check(error("429 Too Many Requests", "TooManyRequests"), "Err(Unavailable").await;
    check(error("507 Insufficient Storage", "XMinioStorageFull"), "Err(Full").await;
    check(error("400 Bad Request", "XMinioAdminBucketQuotaExceeded"), "Err(Full").await;
    check(error("403 Forbidden", "QuotaExceeded"), "Err(Full").await;
    // It did not, and will not.
    check(error("403 Forbidden", "AccessDenied"), "Err(Refused").await;
    check(error("404 Not Found", "NoSuchBucket"), "Err(Refused").await;
    check(error("400 Bad Request", "InvalidRequest"), "Err(Refused").await;
    check(error("301 Moved Permanently", "PermanentRedirect"), "Err(Refused").await;
}

#[tokio::test]
async fn what_was_not_sent_did_not_happen() {
    let world = World::real();
    // A port that was just free: nobody listens there.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let ledger = S3Ledger::open("s3://bucket", &scripted::options(&nobody), &world).unwrap();
    assert_eq!(word(&append(&ledger).await), "Err(Unavailable");

    // Without credentials nothing is sent to the bucket.
    let server = Scripted::script(&world, &[error("500 Internal Server Error", "")]).await;
    let mut aws = AwsOptions {
        access_key_id: None,
        secret_access_key: None,
        ..server.options()
    };
    let uri = format!("{nobody}/credentials");
    aws.settings
        .insert("aws_container_credentials_full_uri".to_owned(), Secret::new(uri));
    let token = tempfile::NamedTempFile::new().unwrap();
    let path = token.path().to_str().unwrap();
    aws.settings
        .insert("aws_container_authorization_token_file".to_owned(), Secret::new(path));
    let ledger = S3Ledger::open("s3://bucket", &aws, &world).unwrap();
    ledger.heeded.set(()).unwrap();
    let failed = append(&ledger).await;
    assert_eq!(word(&failed), "Err(Unavailable", "{failed:?}");
    assert_eq!(server.heads().len(), 0);
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let world = World::real();
    let deaf = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", deaf.local_addr().unwrap());
    let ledger = S3Ledger::open("s3://bucket", &scripted::options(&endpoint), &world).unwrap();
    ledger.heeded.set(()).unwrap();
    let began = world.clock.now();
    let failed = append(&ledger).await;
    assert_eq!(word(&failed), "Err(Unknown", "{failed:?}");
    let took = began.elapsed();
    assert!(took >= REQUEST_TIMEOUT && took < 2 * REQUEST_TIMEOUT, "{took:?}");
}

#[tokio::test]
async fn a_server_that_heeds_no_condition_is_refused() {
    let check = async |script: &[String], expect: &str| {
        let world = World::real();
        let server = Scripted::script(&world, script).await;
        let ledger = S3Ledger::open("s3://bucket/p", &server.options(), &world).unwrap();
        let said = format!("{:?}", append(&ledger).await);
        assert!(said.contains(expect), "{said} does not say {expect}");
        server.heads()
    };
    let (done, lost) = (
        answer("200 OK", "etag: \"1\"\r\n", ""),
        error("412 Precondition Failed", "PreconditionFailed"),
    );
    let heads = check(std::slice::from_ref(&done), "does not heed If-None-Match").await;
    assert_eq!(heads.len(), 2, "nothing was appended");
    assert!(heads[0].starts_with("put /bucket/p/probe "), "{heads:?}");
    let heads = check(&[lost.clone(), done.clone()], "does not heed If-Match").await;
    assert!(heads[1].contains("if-match: \"0000"), "{heads:?}");
    let heads = check(&[lost.clone(), lost.clone(), done.clone()], "Ok(Appended)").await;
    assert_eq!(heads.len(), 3);
    check(&[done.clone(), lost.clone(), lost, done], "Ok(Appended)").await;
    // Nothing of the entry was sent.
    check(&[error("503 Slow Down", "SlowDown")], "Unavailable").await;
}

#[tokio::test]
async fn the_base_is_made_once() {
    let there = base_object("1", &base(0));
    let text = |answer: String| answer.into_bytes();
    let (lost, conflict, gone, done) = (
        text(error("412 Precondition Failed", "PreconditionFailed")),
        text(error("409 Conflict", "ConditionalRequestConflict")),
        text(error("404 Not Found", "NoSuchKey")),
        text(answer("200 OK", "etag: \"1\"\r\n", "")),
    );
    let check = async |script: &[Vec<u8>], expect: &str| {
        let (ledger, server, _world) = bytes(script).await;
        assert_eq!(word(&ledger.create_base(&base(0)).await), expect);
        server.heads().len()
    };
    assert_eq!(check(std::slice::from_ref(&done), "Ok(true)").await, 1);
    assert_eq!(check(&[lost, there], "Ok(false)").await, 2);
    // Another's put was under way, and came to nothing.
    assert_eq!(check(&[conflict.clone(), gone.clone(), done], "Ok(true)").await, 3);
    let tries = usize::try_from(TRIES).unwrap();
    let never: Vec<Vec<u8>> = (0..tries).flat_map(|_| [conflict.clone(), gone.clone()]).collect();
    assert_eq!(check(&never, "Err(Unavailable").await, 2 * tries);
}

#[tokio::test]
async fn the_base_is_advanced_by_what_was_read() {
    let (old, new) = (base(1), base(5));
    let (old_there, new_there) = (base_object("1", &old), base_object("2", &new));
    let text = |answer: String| answer.into_bytes();
    let (entry, gone, lost, conflict, done) = (
        text(object("e", "an entry")),
        text(error("404 Not Found", "NoSuchKey")),
        text(error("412 Precondition Failed", "PreconditionFailed")),
        text(error("409 Conflict", "ConditionalRequestConflict")),
        text(answer("200 OK", "etag: \"2\"\r\n", "")),
    );
    let check = async |script: &[&Vec<u8>], expect: &str| {
        let script: Vec<Vec<u8>> = script.iter().copied().cloned().collect();
        let (ledger, server, _world) = bytes(&script).await;
        assert_eq!(word(&ledger.advance_base(&old, &new).await), expect);
        let heads = server.heads();
        assert_eq!(heads.len(), script.len(), "{heads:#?}");
        heads
    };
    let heads = check(&[&old_there, &entry, &done], "Ok(true)").await;
    assert!(heads[1].starts_with("get /bucket/some/ledger/entries/00000000000000000005 "));
    assert!(heads[2].starts_with("put /bucket/some/ledger/base ") && heads[2].contains("if-match: \"1\""));
    // It is another, or gone; the entry is not there, or another.
    check(&[&new_there], "Ok(false)").await;
    check(&[&gone], "Ok(false)").await;
    check(&[&old_there, &gone], "Ok(false)").await;
    check(&[&old_there, &text(object("e", "another"))], "Ok(false)").await;
    // A race: another won, or nobody did.
    check(&[&old_there, &entry, &lost, &base_object("3", &base(3))], "Ok(false)").await;
    check(&[&old_there, &entry, &conflict, &old_there, &entry, &done], "Ok(true)").await;
    // S3 says 404 of what is gone.
    check(&[&old_there, &entry, &gone, &gone], "Ok(false)").await;
    // A proxy sent it twice, and the second was told so.
    check(&[&old_there, &entry, &lost, &new_there], "Ok(true)").await;
    // No answer: it may have been changed, and is not asked for again.
    check(
        &[&old_there, &entry, &text(error("500 Internal Server Error", ""))],
        "Err(Unknown",
    )
    .await;
    check(&[&text(object("1", "damaged"))], "Err(CorruptBase").await;
}

#[tokio::test]
async fn what_is_missing_is_the_object_and_not_the_bucket() {
    let check = async |answer: String, expect: &str| {
        let (ledger, _server, _world) = scripted(&[answer]).await;
        let said = format!("{:?}", ledger.base().await);
        assert!(said.contains(expect), "{said}");
        let said = format!("{:?}", ledger.read(3, 0).await);
        assert!(said.contains(&expect.replace("None", "entries: []")), "{said}");
    };
    check(error("404 Not Found", "NoSuchKey"), "None").await;
    check(error("404 Not Found", "NoSuchBucket"), "Refused").await;
    check(error("403 Forbidden", "AccessDenied"), "s3:ListBucket").await;
    check(error("503 Service Unavailable", "SlowDown"), "Unavailable").await;
}

fn listed(keys: &[&str], next: Option<&str>) -> String {
    let mut body = format!(
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>{}</IsTruncated>",
        next.is_some()
    );
    for key in keys {
        let key = format!("<Key>some/ledger/entries/{key}</Key>");
        body +=
            &format!("<Contents>{key}<LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>7</Size></Contents>");
    }
    if let Some(next) = next {
        body += &format!("<NextContinuationToken>{next}</NextContinuationToken>");
    }
    answer("200 OK", "", &(body + "</ListBucketResult>"))
}

#[tokio::test]
async fn only_entries_below_are_deleted_the_lowest_first() {
    let key = |position: u64| format!("{position:020}");
    let first = listed(&[&key(3), "0000000000000000000x", &key(4)], Some("more"));
    let second = listed(&["00000000000000000004-old", &key(5), &key(6)], Some("even"));
    let deleted = answer(
        "200 OK",
        "",
        "<?xml version=\"1.0\"?><DeleteResult><Deleted><Key>k</Key></Deleted></DeleteResult>",
    );
    let (ledger, server, _world) = scripted(&[first, second, deleted]).await;
    assert_eq!(ledger.delete_below(6, 100).await, Ok(3));
    let heads = server.heads();
    assert_eq!(heads.len(), 3, "{heads:#?}");
    assert!(heads[0].contains("max-keys=100"), "{heads:#?}");
    assert!(heads[2].starts_with("post /bucket?delete"), "{heads:#?}");

    // Nothing below; no more than was asked for.
    let (ledger, server, _world) = scripted(&[listed(&[&key(6), &key(7)], Some("more"))]).await;
    assert_eq!(ledger.delete_below(6, 100).await, Ok(0));
    assert_eq!(ledger.delete_below(6, 0).await, Ok(0));
    assert_eq!(server.heads().len(), 1);
    let (ledger, _server, _world) = scripted(&[listed(&[&key(1), &key(2), &key(3)], Some("more"))]).await;
    assert_eq!(ledger.below(6, 2).await, Ok(vec![ledger.entry(1), ledger.entry(2)]));

    let (ledger, _server, _world) = scripted(&[listed(&[&key(1)], None), error("403 Forbidden", "AccessDenied")]).await;
    assert_eq!(word(&ledger.delete_below(6, 2).await), "Err(Refused");
}

#[test]
fn places() {
    let world = World::real();
    let check = |url: &str, entry: &str| {
        let ledger = S3Ledger::open(url, &AwsOptions::default(), &world).unwrap();
        assert_eq!(ledger.entry(12).as_ref(), entry);
        assert_eq!(position_of(&ledger.entry(12)), Some(12));
    };
    check("s3://bucket", "entries/00000000000000000012");
    check("s3://bucket/a/b/", "a/b/entries/00000000000000000012");
    let refused = |url: &str, settings: &[(&str, &str)], expect: &str| {
        let mut aws = AwsOptions::default();
        for (name, value) in settings {
            aws.settings.insert((*name).to_owned(), Secret::new(*value));
        }
        let said = S3Ledger::open(url, &aws, &world).unwrap_err().to_string();
        assert!(said.contains(expect), "{said}");
    };
    refused("s3://", &[], "is not s3://BUCKET/PREFIX");
    refused("s3://bucket/a//b", &[], "no prefix of keys");
    refused("s3://bucket--usw2-az1--x-s3/p", &[], "directory bucket");
    refused("s3://bucket/p", &[("aws_s3_express", "true")], "directory bucket");
    refused("s3://bucket/p", &[("aws_colour", "red")], "not known");
}
