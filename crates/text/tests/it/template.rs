use proptest::prelude::*;
use text::template::{Construct, Segment, compile, segments, variables, warnings};

#[test]
fn variables_are_found_as_python_finds_them() {
    for (template, expected) in [
        ("", vec![]),
        ("no variables", vec![]),
        ("{{name}}", vec!["name"]),
        ("Hello {{ name }} and {{\tname\n}}", vec!["name"]),
        ("{{b}}{{a}}{{b}}", vec!["b", "a"]),
        ("{{first name}} {{größe}} {{a-b.c[0]}}", vec!["first name", "größe", "a-b.c[0]"]),
        ("{{open", vec![]),
        ("}} {{ a", vec![]),
        ("{{}} {{  }} {{a}}", vec!["a"]),
        ("{ {a} }", vec![]),
        // Any characters up to the first `}}`, also braces and line breaks.
        ("{{ {{a}} }}", vec!["{{a"]),
        ("{{{a}}}", vec!["{a"]),
        ("{{a\nb}}", vec!["a\nb"]),
        ("{\"json\": {\"a\": {{value}}}}", vec!["value"]),
    ] {
        assert_eq!(variables(template), expected, "{template}");
    }
}

#[test]
fn segments_tell_text_from_variables() {
    assert_eq!(
        segments("a {{ b }}{{c}} {{}} d"),
        [
            Segment::Text("a "),
            Segment::Variable { source: "{{ b }}", name: "b" },
            Segment::Variable { source: "{{c}}", name: "c" },
            Segment::Text(" {{}} d"),
        ]
    );
}

#[test]
fn compiling_leaves_what_has_no_value() {
    let value = |name: &str| match name {
        "a" => Some("1".to_owned()),
        "nested" => Some("{{a}}".to_owned()),
        "empty" => Some(String::new()),
        _ => None,
    };
    assert_eq!(compile("{{a}} {{ a }} {{b }} [{{empty}}] {{nested}} {{", value), "1 1 {{b }} [] {{a}} {{");
}

#[test]
fn constructs_that_differ_between_the_languages_are_named() {
    for (template, source, construct) in [
        ("x {{#a}}", "{{#a}}", Construct::Section),
        ("{{ # a }}", "{{ # a }}", Construct::Section),
        ("{{^a}}", "{{^a}}", Construct::InvertedSection),
        ("{{/a}}", "{{/a}}", Construct::SectionEnd),
        ("{{> a}}", "{{> a}}", Construct::Partial),
        ("{{{a}}} b", "{{{a}}}", Construct::TripleBraces),
        ("{{{a}}", "{{{a}}", Construct::TripleBraces),
        ("{{& a}}", "{{& a}}", Construct::Unescaped),
        ("{{! a }}", "{{! a }}", Construct::Comment),
        ("{{=<% %>=}}", "{{=<% %>=}}", Construct::Delimiters),
        ("{{a.b}}", "{{a.b}}", Construct::DottedName),
    ] {
        let found = warnings(template);
        assert_eq!(found.len(), 1, "{template}");
        assert_eq!((found[0].source, found[0].construct), (source, construct), "{template}");
        assert_eq!(template.get(found[0].offset..found[0].offset + source.len()), Some(source));
    }
    assert!(warnings("{{a}} {{ b c }} {{}} { {#x} }").is_empty());
    assert_eq!(
        warnings("{{#a}}")[0].to_string(),
        "`{{#a}}` starts a section in JavaScript and is a variable of that name in Python; use plain names"
    );
}

fn templates() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{{".to_owned()),
        Just("}}".to_owned()),
        Just("{".to_owned()),
        Just("}".to_owned()),
        "[ #^>&!./a-zé]{0,4}",
        "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn segments_concatenate_to_the_text(template in templates()) {
        let whole: String = segments(&template).iter().map(Segment::source).collect();
        prop_assert_eq!(&whole, &template);
        prop_assert!(segments(&template).iter().all(|segment| !segment.source().is_empty()));
    }

    #[test]
    fn compiling_with_nothing_changes_nothing(template in templates()) {
        prop_assert_eq!(compile(&template, |_| None), template);
    }

    #[test]
    fn every_variable_asked_for_is_listed(template in templates()) {
        let names = variables(&template);
        let compiled = compile(&template, |name| {
            assert!(names.contains(&name));
            Some(String::new())
        });
        prop_assert!(compiled.len() <= template.len());
        for warning in warnings(&template) {
            prop_assert!(!warning.to_string().is_empty());
            prop_assert!(template[warning.offset..].starts_with(warning.source));
        }
    }
}
