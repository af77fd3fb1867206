use super::*;

#[tokio::test]
async fn urls() {
    let dir = tempfile::tempdir().unwrap();
    let check = async |url: &str, expect: &str| {
        let answer = match connect(url, &ConnectOptions::default(), &World::real()).await {
            Ok(backend) => format!("{backend:?}").split(['{', ' ']).next().unwrap().to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(answer.contains(expect), "{url}: {answer} does not say {expect}");
    };
    let file = dir.path().join("ledger.db");
    check("memory:", "MemoryLedger").await;
    check(&format!("sqlite:{}", file.display()), "SqliteLedger").await;
    check(&format!("sqlite://{}", file.display()), "SqliteLedger").await;
    check("sqlite:", "a path must follow").await;
    check(
        &format!("sqlite:{}/no/folder.db", dir.path().display()),
        "cannot be used",
    )
    .await;
    check(
        "postgres://me:secret@host/db?logs=two",
        r#""postgres:...": parameter "logs" is not known"#,
    )
    .await;
    check("dynamodb:", "a table must follow").await;
    check("dynamodb://table?log=a/b", "a log is named by").await;
    check("postgresql:db", "a host must be named").await;
    check("s3://bucket/prefix", "S3Ledger").await;
    check("s3:bucket", "is not s3://BUCKET/PREFIX").await;
    check("mysql://host", "not a ledger").await;
    check("", "not a ledger").await;
}

#[tokio::test]
async fn making_is_done_once() {
    let (dir, world, options) = (tempfile::tempdir().unwrap(), World::real(), ConnectOptions::default());
    let url = format!("sqlite:{}", dir.path().join("ledger.db").display());
    let made = create(&url, &options, &world).await.unwrap();
    assert!(made.made && made.what.contains("ledger.db"), "{made:?}");
    assert!(!create(&url, &options, &world).await.unwrap().made);
    assert!(!create("memory:", &options, &world).await.unwrap().made);
    let failed = create("mysql://host", &options, &world).await.unwrap_err();
    assert!(failed.to_string().contains("not a ledger"), "{failed}");
}
