//! Answers of the proxy's own: how S3 and DynamoDB say no, as far as their clients look at it.
//!
//! Sources: "Error responses" of the S3 API reference; "Error handling with DynamoDB" of its developer guide and
//! "TransactionCanceledException" of its API reference. DynamoDB sends the CRC-32 of the body in `x-amz-crc32`.

use serde::Deserialize;
use serde_json::json;
use world::Chance;

use super::head::Request;
use crate::script::{DynamoDbCode, Fault, S3Code};

const DYNAMODB: &str = "com.amazonaws.dynamodb.v20120810#";
/// Where throttling of the control plane comes from.
const AVAILABILITY: &str = "com.amazon.coral.availability#";
/// What clients that were refused for their credentials are told by all services alike.
const SERVICE: &str = "com.amazon.coral.service#";

/// The answer of a fault to a request with this body. Nothing when the fault is none of the proxy's own answers.
pub(crate) fn answer(fault: &Fault, request: &Request, body: &[u8], chance: &Chance) -> Option<Canned> {
    match fault {
        Fault::AnswerS3 { code } => Some(s3(*code, chance)),
        Fault::AnswerDynamodb { code } => Some(dynamodb(*code, request.operation(), body, chance)),
        Fault::Answer { status, headers, body } => Some(Canned {
            status: *status,
            headers: headers
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            body: body.clone(),
        }),
        _ => None,
    }
}

/// An answer that is not written yet.
#[derive(Clone, Debug)]
pub(crate) struct Canned {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Canned {
    /// Its bytes. An answer to HEAD has no body; `closes` says that the connection ends behind it.
    pub(crate) fn bytes(&self, method: &str, closes: bool) -> Vec<u8> {
        let reason = http::StatusCode::from_u16(self.status).ok();
        let reason = reason.and_then(|status| status.canonical_reason()).unwrap_or_default();
        let mut text = format!("HTTP/1.1 {} {reason}\r\n", self.status);
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        if closes {
            text += "Connection: close\r\n";
        }
        // These two have neither a body nor its length.
        let bodiless = matches!(self.status, 204 | 304);
        if !bodiless {
            text += &format!("Content-Length: {}\r\n", self.body.len());
        }
        text += "\r\n";
        if !bodiless && method != "HEAD" {
            text += &self.body;
        }
        text.into_bytes()
    }
}

fn s3(code: S3Code, chance: &Chance) -> Canned {
    let (status, message) = match code {
        S3Code::SlowDown => (503, "Please reduce your request rate."),
        S3Code::ServiceUnavailable => (503, "Service is unable to handle request."),
        S3Code::InternalError => (500, "We encountered an internal error. Please try again."),
        S3Code::RequestTimeout => (
            400,
            "Your socket connection to the server was not read from or written to within the timeout period.",
        ),
        S3Code::ConditionalRequestConflict => (409, "A conflicting operation occurred. Please try again."),
        S3Code::OperationAborted => (
            409,
            "A conflicting conditional operation is currently in progress against this resource. Please try again.",
        ),
        S3Code::AccessDenied => (403, "Access Denied"),
        S3Code::ExpiredToken => (400, "The provided token has expired."),
        S3Code::RequestTimeTooSkewed => (
            403,
            "The difference between the request time and the server's time is too large.",
        ),
    };
    let id = format!("{:016X}", chance.u64());
    let host = hex(&chance.bytes::<28>());
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code:?}</Code><Message>{message}</Message>\
         <RequestId>{id}</RequestId><HostId>{host}</HostId></Error>"
    );
    let headers = [
        ("x-amz-request-id", id),
        ("x-amz-id-2", host),
        ("Content-Type", "application/xml".into()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
    Canned { status, headers, body }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn dynamodb(code: DynamoDbCode, operation: Option<&str>, body: &[u8], chance: &Chance) -> Canned {
    let transaction = operation.is_some_and(|operation| operation.starts_with("Transact"));
    let (status, space, message) = match code {
        DynamoDbCode::TransactionConflict if transaction => return cancelled(body, chance),
        DynamoDbCode::TransactionConflict => {
            let kind = format!("{DYNAMODB}TransactionConflictException");
            let message = "Transaction is ongoing for the item";
            return json_answer(400, &json!({"__type": kind, "message": message}), chance);
        }
        DynamoDbCode::ThrottlingException => (400, AVAILABILITY, "Rate of requests exceeds the allowed throughput."),
        DynamoDbCode::ProvisionedThroughputExceededException => (
            400,
            DYNAMODB,
            "The level of configured provisioned throughput for the table was exceeded. \
             Consider increasing your provisioning level with the UpdateTable API.",
        ),
        DynamoDbCode::RequestLimitExceeded => (
            400,
            DYNAMODB,
            "Throughput exceeds the current throughput limit for your account.",
        ),
        DynamoDbCode::InternalServerError => (500, DYNAMODB, "Internal server error"),
        DynamoDbCode::ServiceUnavailable => (503, AVAILABILITY, "Service is temporarily unavailable."),
        DynamoDbCode::ExpiredTokenException => (400, SERVICE, "The security token included in the request is expired"),
    };
    let kind = match code {
        DynamoDbCode::ServiceUnavailable => format!("{space}ServiceUnavailableException"),
        code => format!("{space}{code:?}"),
    };
    json_answer(status, &json!({"__type": kind, "message": message}), chance)
}

/// As much of a transaction as the reasons for cancelling it need.
#[derive(Debug, Default, Deserialize)]
struct Transaction {
    #[serde(default, rename = "TransactItems")]
    items: Vec<serde::de::IgnoredAny>,
}

/// A transaction that met another: a reason for each item, one of which is the conflict.
fn cancelled(body: &[u8], chance: &Chance) -> Canned {
    let transaction: Transaction = serde_json::from_slice(body).unwrap_or_default();
    let count = transaction.items.len().max(1);
    let met = chance.below(u64::try_from(count).unwrap_or(1));
    let met = usize::try_from(met).unwrap_or(0);
    let code = |index: usize| if index == met { "TransactionConflict" } else { "None" };
    let codes: Vec<&str> = (0..count).map(code).collect();
    let reasons = codes.iter().map(|code| match *code {
        "None" => json!({"Code": "None"}),
        code => json!({"Code": code, "Message": "Transaction is ongoing for the item"}),
    });
    let reasons: Vec<serde_json::Value> = reasons.collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let kind = format!("{DYNAMODB}TransactionCanceledException");
    let body = json!({"__type": kind, "Message": message, "CancellationReasons": reasons});
    json_answer(400, &body, chance)
}

fn json_answer(status: u16, body: &serde_json::Value, chance: &Chance) -> Canned {
    let body = body.to_string();
    let id = hex(&chance.bytes::<26>()).to_uppercase();
    let checksum = crc32fast::hash(body.as_bytes()).to_string();
    let headers = [
        ("x-amzn-RequestId", id),
        ("x-amz-crc32", checksum),
        ("Content-Type", "application/x-amz-json-1.0".into()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
    Canned { status, headers, body }
}

#[cfg(test)]
mod tests;
