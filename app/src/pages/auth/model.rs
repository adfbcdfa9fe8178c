//! Where to go after signing in.

/// A path of ours, or the start. Anything that would leave this server is dropped: the address is in a link anybody can make.
pub fn safe_next(next: Option<&str>) -> String {
    match next {
        Some(path)
            if path.starts_with('/')
                && !path.starts_with("//")
                && !path.contains('\\')
                && !path.chars().any(char::is_control) =>
        {
            path.to_owned()
        }
        _ => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_followed() {
        assert_eq!(safe_next(Some("/p/demo/traces?range=24h")), "/p/demo/traces?range=24h");
        for foreign in ["https://evil.example", "//evil.example", "/\\evil.example", "", "p/demo", "/a\r\nb: c"] {
            assert_eq!(safe_next(Some(foreign)), "/", "{foreign}");
        }
        assert_eq!(safe_next(None), "/");
    }
}
