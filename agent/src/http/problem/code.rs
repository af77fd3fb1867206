//! The stable codes, and what each means to a client.

use http::StatusCode;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $status:ident, $retry:ident, $kafka:ident, $number:literal;)+) => {
        /// What went wrong. The names are part of the API and do not change.
        #[cfg_attr(not(test), expect(dead_code, reason = "some codes are of features to come"))]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// Every code.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Code] = &[$(Code::$variant,)+];

            /// Its name.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)+ }
            }

            /// The status it comes with, unless the problem says another.
            pub(crate) fn status(self) -> StatusCode {
                match self { $(Code::$variant => StatusCode::$status,)+ }
            }

            /// Whether the same request may be answered otherwise before long.
            pub(crate) fn retryable(self) -> bool {
                match self { $(Code::$variant => retry!($retry),)+ }
            }

            /// The name and number of Kafka's error.
            pub(crate) fn kafka(self) -> (&'static str, i16) {
                match self { $(Code::$variant => (stringify!($kafka), $number),)+ }
            }
        }
    };
}

macro_rules! retry {
    (again) => {
        true
    };
    (never) => {
        false
    };
}

codes! {
    /// The request's path, query, headers or body make no sense.
    BadRequest = "bad_request", BAD_REQUEST, never, INVALID_REQUEST, 42;
    /// Not a cursor that an agent made.
    BadCursor = "bad_cursor", BAD_REQUEST, never, INVALID_REQUEST, 42;
    /// A record or batch in the body is malformed.
    InvalidRecord = "invalid_record", BAD_REQUEST, never, INVALID_RECORD, 87;
    /// A record or batch is larger than the topic's max.message.bytes.
    RecordTooLarge = "record_too_large", PAYLOAD_TOO_LARGE, never, MESSAGE_TOO_LARGE, 10;
    /// No such topic.
    TopicNotFound = "topic_not_found", NOT_FOUND, never, UNKNOWN_TOPIC_OR_PARTITION, 3;
    /// A topic has that name.
    TopicExists = "topic_exists", CONFLICT, never, TOPIC_ALREADY_EXISTS, 36;
    /// The topic has no such partition.
    PartitionNotFound = "partition_not_found", NOT_FOUND, never, UNKNOWN_TOPIC_OR_PARTITION, 3;
    /// No such group.
    GroupNotFound = "group_not_found", NOT_FOUND, never, GROUP_ID_NOT_FOUND, 69;
    /// The offset lies beyond the end.
    OffsetOutOfRange = "offset_out_of_range", RANGE_NOT_SATISFIABLE, never, OFFSET_OUT_OF_RANGE, 1;
    /// The offset lies before the oldest record.
    OffsetGone = "offset_gone", GONE, never, OFFSET_OUT_OF_RANGE, 1;
    /// The partition's next offset is not the one the request names.
    OffsetMismatch = "offset_mismatch", PRECONDITION_FAILED, never, OFFSET_OUT_OF_RANGE, 1;
    /// What the request rests on has changed.
    Fenced = "fenced", PRECONDITION_FAILED, never, ILLEGAL_GENERATION, 22;
    /// A producer's sequence leaves a gap.
    SequenceGap = "sequence_gap", CONFLICT, never, OUT_OF_ORDER_SEQUENCE_NUMBER, 45;
    /// The topic was deleted and created again.
    TopicRecreated = "topic_recreated", CONFLICT, never, INCONSISTENT_TOPIC_ID, 103;
    /// A topic of that name has other partitions or configs.
    TopicConfigConflict = "topic_config_conflict", CONFLICT, never, TOPIC_ALREADY_EXISTS, 36;
    /// The body is larger than a request may be.
    RequestTooLarge = "request_too_large", PAYLOAD_TOO_LARGE, never, MESSAGE_TOO_LARGE, 10;
    /// The memory for records that wait to be written is used up.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, again, THROTTLING_QUOTA_EXCEEDED, 89;
    /// The disk or the fold is full.
    StorageFull = "storage_full", INSUFFICIENT_STORAGE, again, KAFKA_STORAGE_ERROR, 56;
    /// The ledger lost its end; an operator has to accept the loss.
    LedgerHalted = "ledger_halted", SERVICE_UNAVAILABLE, again, KAFKA_STORAGE_ERROR, 56;
    /// The position or cursor belongs to a history that was lost.
    HistoryLost = "history_lost", CONFLICT, never, OFFSET_OUT_OF_RANGE, 1;
    /// The group has members.
    GroupActive = "group_active", CONFLICT, never, NON_EMPTY_GROUP, 68;
    /// The producer has begun a newer epoch.
    StaleEpoch = "stale_epoch", FORBIDDEN, never, INVALID_PRODUCER_EPOCH, 47;
    /// Records do not fit the topic's schema.
    SchemaRejected = "schema_rejected", UNPROCESSABLE_ENTITY, never, INVALID_RECORD, 87;
    /// The body comes in, or the answer is wanted in, a form that is not spoken here.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, never, INVALID_REQUEST, 42;
    /// Nobody has said who they are.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, never, SASL_AUTHENTICATION_FAILED, 58;
    /// The principal may not.
    Forbidden = "forbidden", FORBIDDEN, never, TOPIC_AUTHORIZATION_FAILED, 29;
    /// Too many requests.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, again, THROTTLING_QUOTA_EXCEEDED, 89;
    /// The agent is stopping; another one serves.
    Draining = "draining", SERVICE_UNAVAILABLE, again, BROKER_NOT_AVAILABLE, 8;
    /// The object store did not answer.
    StorageUnavailable = "storage_unavailable", SERVICE_UNAVAILABLE, again, KAFKA_STORAGE_ERROR, 56;
    /// The ledger did not answer, or its end is not known here.
    LedgerUnavailable = "ledger_unavailable", SERVICE_UNAVAILABLE, again, OFFSET_NOT_AVAILABLE, 78;
    /// It is not known whether it was done; it may still be.
    TimeoutUnknownOutcome = "timeout_unknown_outcome", GATEWAY_TIMEOUT, again, REQUEST_TIMED_OUT, 7;
    /// The request came too slowly. Nothing was done.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, again, REQUEST_TIMED_OUT, 7;
    /// Stored bytes are damaged.
    DataCorrupt = "data_corrupt", INTERNAL_SERVER_ERROR, never, CORRUPT_MESSAGE, 2;
    /// Stored bytes are as they were sent, but cannot be decoded.
    Undecodable = "undecodable", UNPROCESSABLE_ENTITY, never, INVALID_RECORD, 87;
    /// No such route.
    RouteNotFound = "route_not_found", NOT_FOUND, never, INVALID_REQUEST, 42;
    /// The route does not take this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, never, INVALID_REQUEST, 42;
    /// A fault of the agent itself. It is not known whether anything was done.
    Internal = "internal", INTERNAL_SERVER_ERROR, never, UNKNOWN_SERVER_ERROR, -1;
}

impl Code {
    /// Whether certainly nothing was done.
    pub(crate) fn no_side_effects(self) -> bool {
        !matches!(self, Code::TimeoutUnknownOutcome | Code::Internal)
    }

    /// Whether the answer says when to try again.
    pub(crate) fn retry_after(self) -> bool {
        matches!(
            self.status(),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
        )
    }
}
