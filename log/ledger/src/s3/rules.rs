//! The rules of a bucket that could delete what is in it, or keep what was deleted. They are asked for by plain signed
//! requests, for the client of objects knows no subresources. Stores are looked at through this too.

use std::time::Duration;

use object_store::ClientOptions;
use object_store::aws::{AmazonS3, AwsAuthorizer};
use object_store::client::{HttpConnector as _, HttpRequest, HttpRequestBody, ReqwestConnector};

use super::client::{self, Manner};
use crate::finding::Finding;
use crate::options::AwsOptions;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The names of the findings about a bucket: it may hold the ledger, the store, or both.
#[derive(Debug, Clone, Copy)]
pub struct RuleNames {
    /// Of the rules that expire objects.
    pub lifecycle: &'static str,
    /// Of versions.
    pub versioning: &'static str,
    /// Of locks.
    pub object_lock: &'static str,
}

/// The names where the bucket holds a ledger.
pub const LEDGER_RULES: RuleNames = RuleNames {
    lifecycle: "ledger_lifecycle",
    versioning: "ledger_versioning",
    object_lock: "ledger_object_lock",
};

/// What the server said about a subresource.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    /// Its document.
    Document(String),
    /// There is none.
    Nothing,
    /// It was not allowed.
    Refused,
    /// The server does not know it, or gave no answer that tells.
    Unseen(String),
}

/// Looks at the rules of the bucket of `s3://BUCKET/PREFIX`. What may not be seen is a finding.
///
/// # Errors
/// Says which setting makes no sense.
pub async fn examine(url: &str, aws: &AwsOptions, names: &RuleNames) -> Result<Vec<Finding>, String> {
    let (bucket, prefix) = client::split(url)?;
    let manner = Manner {
        timeout: PATIENCE,
        retries_max: 0,
        retries_timeout: PATIENCE,
        unsigned_over_tls: false,
    };
    let signer = client::client(bucket, aws, &manner, ReqwestConnector::default())?;
    let ask = async |subresource| match ask(&signer, bucket, aws, subresource).await {
        Ok(told) => told,
        Err(reason) => Told::Unseen(reason),
    };
    Ok(vec![
        lifecycle(names.lifecycle, &ask("lifecycle").await, prefix),
        versioning(names.versioning, &ask("versioning").await),
        object_lock(names.object_lock, &ask("object-lock").await),
    ])
}

/// One signed GET of a bucket's subresource.
async fn ask(signer: &AmazonS3, bucket: &str, aws: &AwsOptions, subresource: &str) -> Result<Told, String> {
    let endpoint = aws.s3()?;
    let plain = endpoint.as_ref().is_some_and(|endpoint| endpoint.plain);
    let host = match &endpoint {
        Some(endpoint) => endpoint.url.clone(),
        None => format!("https://s3.{}.amazonaws.com", aws.region()),
    };
    let options = ClientOptions::new().with_allow_http(plain).with_timeout(PATIENCE);
    let http = ReqwestConnector::default()
        .connect(&options)
        .map_err(|error| error.to_string())?;
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    *request.uri_mut() = format!("{host}/{bucket}?{subresource}=")
        .parse()
        .map_err(|_| format!("{host:?} is no URL"))?;
    let credential = signer
        .credentials()
        .get_credential()
        .await
        .map_err(|error| error.to_string())?;
    AwsAuthorizer::new(&credential, "s3", aws.region())
        .try_authorize(&mut request, None)
        .map_err(|error| error.to_string())?;
    let answer = http.execute(request).await.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let body = answer.into_body().bytes().await.map_err(|error| error.to_string())?;
    Ok(understand(status, &String::from_utf8_lossy(&body)))
}

/// What an answer says.
fn understand(status: u16, body: &str) -> Told {
    let code = first(body, "Code").unwrap_or_default();
    match (status, code) {
        (200, _) => Told::Document(body.to_owned()),
        (_, "NoSuchLifecycleConfiguration" | "ObjectLockConfigurationNotFoundError") => Told::Nothing,
        (403, _) => Told::Refused,
        (_, "") => Told::Unseen(format!("the answer is {status}")),
        (_, code) => Told::Unseen(format!("the answer is {status} {code}")),
    }
}

/// The document, or the finding that says why there is none. Where there is nothing it is an empty one.
fn document<'a>(name: &'static str, told: &'a Told, permission: &str) -> Result<&'a str, Finding> {
    match told {
        Told::Document(document) => Ok(document),
        Told::Nothing => Ok(""),
        Told::Refused => Err(Finding::warn(
            name,
            format!("cannot be seen: {permission} is not allowed"),
            format!("allow {permission} on the bucket to the role that runs doctor, or look at the bucket yourself"),
        )),
        Told::Unseen(reason) => Err(Finding::warn(
            name,
            format!("cannot be seen here: {reason}"),
            "look at the bucket with the server's own tools",
        )),
    }
}

fn lifecycle(name: &'static str, told: &Told, prefix: &str) -> Finding {
    let document = match document(name, told, "s3:GetLifecycleConfiguration") {
        Ok(document) => document,
        Err(finding) => return finding,
    };
    let rules: Vec<&str> = blocks(document, "Rule")
        .into_iter()
        .filter(|rule| first(rule, "Status") == Some("Enabled"))
        .collect();
    let named = |does: fn(&str) -> bool| -> Vec<String> {
        let those = rules.iter().filter(|rule| does(rule));
        those.filter_map(|rule| of_prefix(rule, prefix)).collect()
    };
    let (expiring, archiving) = (named(expires), named(archives));
    if !expiring.is_empty() {
        return Finding::fail(
            name,
            format!("rules expire what lies under the prefix: {}", expiring.join(", ")),
            "disable these rules, or give them a prefix that shares nothing with this one; records are deleted only by \
             retention",
        );
    }
    if !archiving.is_empty() {
        return Finding::fail(
            name,
            format!("rules archive what lies under the prefix: {}", archiving.join(", ")),
            "disable these rules, or give them a prefix that shares nothing with this one; what is archived can be read only \
             after it was restored, hours later",
        );
    }
    Finding::ok(name, "no rule expires or archives what lies under the prefix")
}

/// Whether a rule expires current objects.
fn expires(rule: &str) -> bool {
    blocks(rule, "Expiration").into_iter().any(|expiration| {
        // The third kind of expiration takes away markers of what was deleted already.
        first(expiration, "Days").is_some() || first(expiration, "Date").is_some()
    })
}

/// Whether a rule moves current objects to where a read does not reach them. Those of older versions nobody reads.
fn archives(rule: &str) -> bool {
    let classes = blocks(rule, "Transition").into_iter();
    classes
        .filter_map(|transition| first(transition, "StorageClass"))
        .any(|class| matches!(class, "GLACIER" | "DEEP_ARCHIVE"))
}

/// The name of a rule that may be for objects under the prefix.
fn of_prefix(rule: &str, prefix: &str) -> Option<String> {
    let of = unescape(first(rule, "Prefix").unwrap_or_default());
    let ours = match prefix {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    // Tags and sizes of a rule may spare some objects; which, nobody promises.
    let meets = of.starts_with(&ours) || ours.starts_with(&of);
    meets.then(|| first(rule, "ID").map_or_else(|| format!("one for {of:?}"), unescape))
}

fn versioning(name: &'static str, told: &Told) -> Finding {
    let document = match document(name, told, "s3:GetBucketVersioning") {
        Ok(document) => document,
        Err(finding) => return finding,
    };
    match first(document, "Status") {
        None => Finding::ok(name, "off"),
        Some(status) => Finding::warn(
            name,
            format!("{status}: what was deleted is kept, and paid for"),
            "let a lifecycle rule expire non-current versions and expired delete markers after some days",
        ),
    }
}

fn object_lock(name: &'static str, told: &Told) -> Finding {
    let document = match document(name, told, "s3:GetBucketObjectLockConfiguration") {
        Ok(document) => document,
        Err(finding) => return finding,
    };
    match first(document, "Mode") {
        None => Finding::ok(name, "objects are not locked by default"),
        Some(mode) => Finding::warn(
            name,
            format!("new objects are locked ({mode}): what is deleted stays, and is paid for, until its lock ends"),
            "remove the bucket's default retention, or know that deleting records does not free their space",
        ),
    }
}

/// What stands between each `<tag>` and the `</tag>` after it.
fn blocks<'a>(document: &'a str, tag: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let behind = document.split(open.as_str()).skip(1);
    behind
        .filter_map(|rest| rest.split_once(close.as_str()))
        .map(|(inner, _)| inner)
        .collect()
}

/// The text of the first `<tag>`.
fn first<'a>(document: &'a str, tag: &str) -> Option<&'a str> {
    blocks(document, tag).first().map(|text| text.trim())
}

/// Text as it was before it was written in XML.
fn unescape(text: &str) -> String {
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    plain.replace("&apos;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests;
