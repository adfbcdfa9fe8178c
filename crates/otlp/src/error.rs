/// Why a request could not be read at all. Damage inside a span is not an error: see [`crate::Decoded::rejected`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The protobuf around the spans is damaged or cut short.
    #[error(
        "the body is not an OTLP trace request in protobuf: {reason} at byte {offset}; send a whole `ExportTraceServiceRequest`"
    )]
    Protobuf {
        /// Where, in the decompressed body.
        offset: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The JSON around the spans is damaged, cut short, or not of the right shape.
    #[error(
        "the body is not an OTLP trace request in JSON: {source}; send an object with `resourceSpans`, an array of objects with `scopeSpans`"
    )]
    Json {
        /// What is wrong, with line and column.
        #[from]
        source: serde_json::Error,
    },
    /// More spans than one request may hold.
    #[error("the request holds {found} spans; send at most {limit} at once")]
    TooManySpans {
        /// How many.
        found: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// The protobuf around log records is damaged or cut short.
    #[error(
        "the body is not an OTLP logs request in protobuf: {reason} at byte {offset}; send a whole `ExportLogsServiceRequest`"
    )]
    ProtobufLogs {
        /// Where, in the decompressed body.
        offset: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The JSON around log records is damaged, cut short, or not of the right shape.
    #[error(
        "the body is not an OTLP logs request in JSON: {source}; send an object with `resourceLogs`, an array of objects with `scopeLogs`"
    )]
    JsonLogs {
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// More log records than one request may hold.
    #[error("the request holds {found} log records; send at most {limit} at once")]
    TooManyLogs {
        /// How many.
        found: usize,
        /// How many are allowed.
        limit: usize,
    },
}

impl DecodeError {
    /// The same about log records.
    pub(crate) fn of_logs(self) -> Self {
        match self {
            Self::Protobuf { offset, reason } => Self::ProtobufLogs { offset, reason },
            Self::Json { source } => Self::JsonLogs { source },
            other => other,
        }
    }
}
