//! Templates with `{{ variables }}`, read as the Python SDKs read them.

use std::fmt;

/// A stretch of a template. All of them in order are the whole text.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Segment<'t> {
    /// Text that stays as it is.
    Text(&'t str),
    /// A variable.
    Variable {
        /// As written, with braces and blanks.
        source: &'t str,
        /// Its name, without them.
        name: &'t str,
    },
}

impl<'t> Segment<'t> {
    /// As written.
    pub fn source(&self) -> &'t str {
        match self {
            Self::Text(source) | Self::Variable { source, .. } => source,
        }
    }
}

/// Cuts a template into text and variables. `{{` without `}}` after it is text; so is `{{}}` with nothing but blanks
/// between, which names nothing.
pub fn segments(template: &str) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    let mut text_from = 0;
    let mut at = 0;
    while let Some((source, from)) = next_tag(template, at) {
        at = from + source.len();
        let name = inner(source);
        if name.is_empty() {
            continue;
        }
        if let Some(text) = template.get(text_from..from).filter(|text| !text.is_empty()) {
            segments.push(Segment::Text(text));
        }
        segments.push(Segment::Variable { source, name });
        text_from = at;
    }
    if let Some(text) = template.get(text_from..).filter(|text| !text.is_empty()) {
        segments.push(Segment::Text(text));
    }
    segments
}

/// The next `{{ … }}` from byte `at` on, and where it starts.
fn next_tag(template: &str, at: usize) -> Option<(&str, usize)> {
    let from = at + template.get(at..)?.find("{{")?;
    let length = 2 + template.get(from + 2..)?.find("}}")? + 2;
    Some((template.get(from..from + length)?, from))
}

/// What stands between the braces, without blanks at its ends.
fn inner(source: &str) -> &str {
    source.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or_default().trim()
}

/// The names of a template's variables in order of first use, each once.
pub fn variables(template: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for segment in segments(template) {
        if let Segment::Variable { name, .. } = segment
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

/// The template with values put in. A variable without a value stays as written, as in Python; values are not read as
/// templates again.
pub fn compile(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    for segment in segments(template) {
        match segment {
            Segment::Text(text) => out.push_str(text),
            Segment::Variable { source, name } => match value(name) {
                Some(value) => out.push_str(&value),
                None => out.push_str(source),
            },
        }
    }
    out
}

/// What mustache makes of a tag that Python takes for a variable.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Construct {
    /// `{{#x}}`: repeats what follows, or leaves it out.
    Section,
    /// `{{^x}}`: what follows only when there is no `x`.
    InvertedSection,
    /// `{{/x}}`: the end of a section.
    SectionEnd,
    /// `{{> x}}`: another template; the SDKs give none, so it becomes empty.
    Partial,
    /// `{{{x}}}`: the value unescaped; Python sees a variable called `{x` and leaves a brace behind.
    TripleBraces,
    /// `{{& x}}`: the value unescaped.
    Unescaped,
    /// `{{! x}}`: a comment.
    Comment,
    /// `{{=<% %>=}}`: other delimiters from here on.
    Delimiters,
    /// `{{a.b}}`: the field `b` of `a`.
    DottedName,
}

/// A place where the two languages compile to different texts.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Warning<'t> {
    /// The tag as written.
    pub source: &'t str,
    /// The byte it starts at.
    pub offset: usize,
    /// What mustache takes it for.
    pub construct: Construct,
}

impl fmt::Display for Warning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match self.construct {
            Construct::Section => "starts a section",
            Construct::InvertedSection => "starts an inverted section",
            Construct::SectionEnd => "ends a section",
            Construct::Partial => "includes another template",
            Construct::TripleBraces => "is a value in three braces",
            Construct::Unescaped => "is an unescaped value",
            Construct::Comment => "is a comment",
            Construct::Delimiters => "changes the delimiters",
            Construct::DottedName => "reads a field of an object",
        };
        let shown = self
            .source
            .char_indices()
            .nth(60)
            .map_or(self.source, |(end, _)| self.source.get(..end).unwrap_or(self.source));
        write!(f, "`{shown}` {meaning} in JavaScript and is a variable of that name in Python; use plain names")
    }
}

/// Where Python and JavaScript would compile a template to different texts even when every variable has a value.
pub fn warnings(template: &str) -> Vec<Warning<'_>> {
    let mut warnings = Vec::new();
    let mut at = 0;
    while let Some((tag, offset)) = next_tag(template, at) {
        at = offset + tag.len();
        let Some(construct) = construct(tag) else { continue };
        // Three braces close with three.
        let closes =
            construct == Construct::TripleBraces && template.get(at..).is_some_and(|rest| rest.starts_with('}'));
        let end = if closes { at + 1 } else { at };
        warnings.push(Warning { source: template.get(offset..end).unwrap_or(tag), offset, construct });
    }
    warnings
}

fn construct(tag: &str) -> Option<Construct> {
    // Mustache looks right behind the braces, blanks aside; only the third brace must touch them.
    if tag.starts_with("{{{") {
        return Some(Construct::TripleBraces);
    }
    let name = inner(tag);
    match name.chars().next()? {
        '#' => Some(Construct::Section),
        '^' => Some(Construct::InvertedSection),
        '/' => Some(Construct::SectionEnd),
        '>' => Some(Construct::Partial),
        '&' => Some(Construct::Unescaped),
        '!' => Some(Construct::Comment),
        '=' => Some(Construct::Delimiters),
        // A lone dot is mustache's name for the whole view.
        _ if name.contains('.') => Some(Construct::DottedName),
        _ => None,
    }
}
