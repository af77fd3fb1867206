use super::*;
use crate::options::Secret;

const MANNER: Manner = Manner {
    timeout: Duration::from_secs(1),
    retries_max: 0,
    retries_timeout: Duration::from_secs(1),
    unsigned_over_tls: true,
};

#[test]
fn urls() {
    let check = |url: &str, expect: Option<(&str, &str)>| assert_eq!(split(url).ok(), expect, "{url}");
    check("s3://bucket", Some(("bucket", "")));
    check("s3://bucket/", Some(("bucket", "")));
    check("s3://bucket/a/b/", Some(("bucket", "a/b")));
    check("s3://", None);
    check("s3:///a", None);
    check("s3:bucket", None);
}

#[test]
fn settings_are_checked() {
    let check = |aws: &AwsOptions, expect: &str| {
        let built = builder("bucket", aws, &MANNER).map(|_| "built".to_owned());
        let said = built.unwrap_or_else(|error| error);
        assert!(said.contains(expect), "{said} does not say {expect}");
    };
    let endpoint = |url: &str| AwsOptions {
        endpoint: Some(url.to_owned()),
        ..AwsOptions::default()
    };
    check(&AwsOptions::default(), "built");
    check(&endpoint("http://minio.example:9000"), "in the clear");
    check(&endpoint("http://127.0.0.1:9000"), "built");
    check(&endpoint("https://minio.example"), "built");
    let meant = AwsOptions {
        allow_http: true,
        ..endpoint("http://minio.example:9000")
    };
    check(&meant, "built");
    let mut unknown = AwsOptions::default();
    unknown.settings.insert("aws_colour".to_owned(), Secret::new("red"));
    check(&unknown, "\"aws_colour\" is not known");
    // What containers, clusters and machines are given by AWS.
    for name in [
        "aws_container_credentials_relative_uri",
        "aws_container_credentials_full_uri",
        "aws_container_authorization_token_file",
        "aws_web_identity_token_file",
        "aws_role_arn",
        "aws_checksum_algorithm",
    ] {
        let mut known = AwsOptions::default();
        known.settings.insert(name.to_owned(), Secret::new("sha256"));
        check(&known, "built");
    }
}

#[test]
fn the_bucket_is_in_the_host_name_where_that_is_known_to_work() {
    let check = |bucket: &str, endpoint: Option<&str>, expect: &str| {
        let aws = AwsOptions {
            endpoint: endpoint.map(str::to_owned),
            ..AwsOptions::default()
        };
        let built = builder(bucket, &aws, &MANNER).unwrap();
        let virtual_hosted = built.get_config_value(&AmazonS3ConfigKey::VirtualHostedStyleRequest);
        assert_eq!(virtual_hosted.as_deref(), Some(expect), "{bucket} {endpoint:?}");
    };
    check("bucket", None, "true");
    check("bucket.with.dots", None, "false");
    check("bucket", Some("http://127.0.0.1:9000"), "false");
}
