/// Who sent a request, as far as its headers tell: the encoding of metadata differs between the SDKs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sender {
    /// The SDK's name: `python` or `javascript`.
    pub sdk_name: Option<String>,
    /// Its version.
    pub sdk_version: Option<String>,
}

impl Sender {
    /// The spellings seen on the wire; ABV writes underscores on spans.
    const PREFIXES: [&str; 3] = ["x-langfuse-sdk-", "x-abv-sdk-", "x_abv_sdk_"];

    /// Reads the headers that matter through `header`, which is asked for lower-case names.
    pub fn from_headers<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Self {
        let find =
            |what: &str| Self::PREFIXES.iter().find_map(|prefix| header(&format!("{prefix}{what}"))).map(str::to_owned);
        Self { sdk_name: find("name"), sdk_version: find("version") }
    }
}
