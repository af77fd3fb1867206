//! Against a server that answers from a script: what the client makes of each answer, and how often it asks.

use futures::StreamExt as _;
use ledger::Secret;
use ledger::s3::scripted::{self, Scripted, answer, object};
use tokio::net::TcpListener;
use world::World;

use super::*;

fn options(endpoint: &str) -> StoreOptions {
    StoreOptions {
        aws: scripted::options(endpoint),
        ..StoreOptions::default()
    }
}

async fn bucket(script: &[&str]) -> (S3Objects, Scripted, World) {
    let world = World::real();
    let server = Scripted::script(&world, script).await;
    let objects = S3Objects::open("s3://bucket/some/prefix/", &options(&server.endpoint)).unwrap();
    (objects, server, world)
}

fn refused_transient(error: &StoreError) -> bool {
    matches!(error, StoreError::Definite { transient: true, .. })
}

fn refused_for_good(error: &StoreError) -> bool {
    matches!(error, StoreError::Definite { transient: false, .. })
}

#[tokio::test]
async fn a_put_is_tried_once_and_says_whether_it_happened() {
    async fn check(status: &str, expect: fn(&StoreError) -> bool) {
        let (objects, server, _world) = bucket(&[&answer(status, "", "")]).await;
        let failed = objects.put("a/b", &[Bytes::from("x")]).await.unwrap_err();
        assert!(expect(&failed), "{status}: {failed:?}");
        assert_eq!(server.heads().len(), 1, "{status}");
    }
    check("500 Internal Server Error", |error| {
        matches!(error, StoreError::Unknown { .. })
    })
    .await;
    check("503 Slow Down", |error| matches!(error, StoreError::Unknown { .. })).await;
    check("403 Forbidden", refused_for_good).await;
    check("401 Unauthorized", refused_for_good).await;
}

#[tokio::test]
async fn a_connection_that_never_came_about_carried_nothing() {
    // A port that was just free: nobody listens there.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let objects = S3Objects::open("s3://bucket", &options(&format!("http://{free}"))).unwrap();
    let failed = objects.put("a", &[Bytes::from("x")]).await.unwrap_err();
    assert!(refused_transient(&failed), "{failed:?}");
}

#[tokio::test]
async fn a_put_that_breaks_off_may_have_happened() {
    let (objects, _server, _world) = bucket(&["HTTP/1.1 200 OK\r\ncontent-le"]).await;
    let failed = objects.put("a", &[Bytes::from("x")]).await.unwrap_err();
    assert!(matches!(failed, StoreError::Unknown { .. }), "{failed:?}");
}

#[tokio::test]
async fn parts_are_one_body_under_the_prefix() {
    let (objects, server, _world) = bucket(&[&answer("200 OK", "etag: \"1\"\r\n", "")]).await;
    let parts = [Bytes::from("ab"), Bytes::from("cde")];
    objects.put("a/b", &parts).await.unwrap();
    let head = server.heads().remove(0);
    assert!(head.starts_with("put /bucket/some/prefix/a/b http/1.1"), "{head}");
    assert!(head.contains("content-length: 5"), "{head}");
}

#[tokio::test]
async fn conditional_puts_are_tried_once_and_lose_quietly() {
    for status in ["409 Conflict", "412 Precondition Failed"] {
        let (objects, server, _world) = bucket(&[&answer(status, "", "")]).await;
        assert_eq!(objects.create("a", Bytes::from("x")).await, Ok(false), "{status}");
        let tag = Tag("\"1\"".to_owned());
        assert_eq!(
            objects.replace("a", Some(&tag), Bytes::from("x")).await,
            Ok(false),
            "{status}"
        );
        let heads = server.heads();
        assert_eq!(heads.len(), 2, "{status}");
        assert!(heads[0].contains("if-none-match: *"), "{heads:?}");
        assert!(heads[1].contains("if-match: \"1\""), "{heads:?}");
    }
    // S3 says so of an object that is gone.
    let (objects, _server, _world) = bucket(&[&answer("404 Not Found", "", "")]).await;
    let tag = Tag("\"1\"".to_owned());
    assert_eq!(objects.replace("a", Some(&tag), Bytes::from("x")).await, Ok(false));
}

#[tokio::test]
async fn a_read_says_what_is_missing() {
    let (objects, _server, _world) = bucket(&[&answer("404 Not Found", "", "")]).await;
    let failed = objects.get("a", Some(0..5)).await.unwrap_err();
    assert_eq!(failed, StoreError::NotFound { path: "a".to_owned() });

    let there = object("1", "abc");
    let (objects, _server, _world) = bucket(&[&answer("416 Range Not Satisfiable", "", ""), &there]).await;
    let failed = objects.get("a", Some(7..9)).await.unwrap_err();
    let (path, wanted, got) = ("a".to_owned(), 9, 3);
    assert_eq!(failed, StoreError::Truncated { path, wanted, got });

    let (objects, server, _world) = bucket(&[&answer("503 Slow Down", "", "")]).await;
    let failed = objects.get("a", None).await.unwrap_err();
    assert!(refused_transient(&failed), "{failed:?}");
    assert_eq!(server.heads().len(), 1);
}

#[tokio::test]
async fn a_range_comes_with_the_length_of_the_object() {
    let headers = "content-range: bytes 2-4/10\r\nlast-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\netag: \"1\"\r\n";
    let (objects, server, _world) = bucket(&[&answer("206 Partial Content", headers, "cde")]).await;
    let fetched = objects.get("a", Some(2..5)).await.unwrap();
    assert_eq!((fetched.bytes, fetched.object_bytes), (Bytes::from("cde"), 10));
    let head = server.heads().remove(0);
    assert!(head.contains("range: bytes=2-4"), "{head}");
}

#[tokio::test]
async fn the_date_is_that_of_the_answer() {
    let headers = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nlast-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let (objects, _server, _world) = bucket(&[&answer("200 OK", headers, "")]).await;
    assert_eq!(objects.date_ms().await, Ok(784_111_777_000));
}

#[tokio::test]
async fn lists_are_tried_again() {
    let page = r#"<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><Contents>
        <Key>some/prefix/a/b</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>7</Size><ETag>"1"</ETag>
        </Contents></ListBucketResult>"#;
    let script = [answer("503 Slow Down", "", ""), answer("200 OK", "", page)];
    let (objects, server, _world) = bucket(&[&script[0], &script[1]]).await;
    let found: Vec<_> = objects.list("a/").collect().await;
    let (path, bytes) = ("a/b".to_owned(), 7);
    assert_eq!(found, [Ok(Found { path, bytes })]);
    assert_eq!(server.heads().len(), 2);
}

#[test]
fn settings_are_checked() {
    let refused = |url: &str, options: &StoreOptions, expect: &str| {
        let failed = S3Objects::open(url, options).unwrap_err();
        assert!(matches!(failed, StoreError::Setting { .. }), "{failed}");
        assert!(failed.to_string().contains(expect), "{failed}");
    };
    refused("s3://", &StoreOptions::default(), "is not s3://BUCKET/PREFIX");
    let mut unknown = StoreOptions::default();
    unknown.aws.settings.insert("aws_colour".to_owned(), Secret::new("red"));
    refused("s3://bucket", &unknown, "not known");
    refused("s3://bucket", &options("http://minio.example"), "--allow-http");
}
