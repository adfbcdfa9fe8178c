//! Numbers that JSON lacks and some writers put into it all the same.

/// The words, with the same as a JSON text.
const WORDS: [(&str, &str); 3] = [("NaN", "\"NaN\""), ("Infinity", "\"Infinity\""), ("-Infinity", "\"-Infinity\"")];

/// The text with something else for every bare `NaN`, `Infinity` and `-Infinity`; `None` when there is none. `instead` gets the
/// word as a JSON text.
pub(crate) fn bare_numbers(text: &str, instead: impl Fn(&'static str) -> &'static str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut escaped, mut found) = (false, false, false);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let word = WORDS.into_iter().find(|(word, _)| !in_string && rest.starts_with(word));
        if let Some((word, quoted)) = word {
            found = true;
            out.push_str(instead(quoted));
            rest = rest.get(word.len()..)?;
            continue;
        }
        match next {
            _ if escaped => escaped = false,
            '\\' => escaped = in_string,
            '"' => in_string = !in_string,
            _ => {}
        }
        out.push(next);
        rest = rest.get(next.len_utf8()..)?;
    }
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::bare_numbers;

    #[test]
    fn only_bare_words_are_replaced() {
        let text = r#"{"a":NaN,"NaN":[-Infinity,Infinity],"b":"NaN \\\" Infinity","c":1}"#;
        assert_eq!(
            bare_numbers(text, |quoted| quoted).as_deref(),
            Some(r#"{"a":"NaN","NaN":["-Infinity","Infinity"],"b":"NaN \\\" Infinity","c":1}"#)
        );
        assert_eq!(bare_numbers(r#"{"a":"NaN"}"#, |_| "null"), None);
    }
}
