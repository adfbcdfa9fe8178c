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
}
