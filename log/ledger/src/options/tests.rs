use super::*;

fn with(endpoint: Option<&str>, s3: Option<&str>, allow_http: bool) -> AwsOptions {
    AwsOptions {
        endpoint: endpoint.map(str::to_owned),
        endpoint_s3: s3.map(str::to_owned),
        allow_http,
        ..AwsOptions::default()
    }
}

#[test]
fn a_service_has_its_own_endpoint_or_that_of_all() {
    let url = |endpoint: Result<Option<Endpoint>, String>| endpoint.unwrap().map(|endpoint| endpoint.url);
    let both = with(Some("https://all/"), Some("https://s3"), false);
    assert_eq!(url(both.s3()).as_deref(), Some("https://s3"));
    assert_eq!(url(both.dynamodb()).as_deref(), Some("https://all"));
    assert_eq!(url(AwsOptions::default().s3()), None);
}

#[test]
fn nothing_leaves_the_machine_in_the_clear_unless_it_is_meant() {
    let check = |endpoint: &str, allow_http: bool, plain: Result<bool, &str>| {
        let found = with(Some(endpoint), None, allow_http).s3();
        match plain {
            Ok(plain) => assert_eq!(found.unwrap().unwrap().plain, plain, "{endpoint}"),
            Err(what) => assert!(found.clone().unwrap_err().contains(what), "{endpoint}: {found:?}"),
        }
    };
    check("https://minio.example:9000", false, Ok(false));
    check("http://127.0.0.1:9000", false, Ok(true));
    check("http://127.8.8.8:9000", false, Ok(true));
    check("http://[::1]:9000", false, Ok(true));
    check("http://localhost:9000", false, Ok(true));
    check("http://localhost.example:9000", false, Err("--allow-http"));
    check("http://minio.example:9000", false, Err("in the clear"));
    check("http://minio.example:9000", true, Ok(true));
    check("ftp://minio.example", true, Err("is not http://HOST"));
    check("minio:9000", true, Err("is not http://HOST"));
    check("127.0.0.1", true, Err("endpoint"));
}

#[test]
fn secrets_are_not_shown() {
    let options = AwsOptions {
        secret_access_key: Some(Secret::new("hidden")),
        ..AwsOptions::default()
    };
    let shown = format!("{options:?}");
    assert!(shown.contains("Secret(...)") && !shown.contains("hidden"), "{shown}");
}
