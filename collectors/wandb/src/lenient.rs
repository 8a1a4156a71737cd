//! JSON inside a string, as W&B's clients write it: bare NaN and Infinity, control characters inside texts, numbers
//! beyond any range. One odd value costs that value, not its neighbours.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The finite numbers of an object by key; texts, objects, NaN and the like are not among them. None when the text is no
/// JSON object.
pub(crate) fn numbers(text: &str) -> Option<BTreeMap<String, f64>> {
    // Raw, since reading a value's number could fail the object.
    let entries: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&repair(text)).ok()?;
    let finite = |raw: &RawValue| raw.get().parse().ok().filter(|number: &f64| number.is_finite());
    Some(entries.into_iter().filter_map(|(key, raw)| finite(&raw).map(|number| (key, number))).collect())
}

/// The text as JSON proper: null for NaN and Infinity, escapes for control characters inside texts.
fn repair(text: &str) -> String {
    let mut repaired = String::with_capacity(text.len());
    let (mut inside, mut rest) = (false, text);
    while let Some(c) = rest.chars().next() {
        let bare = ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| !inside && rest.starts_with(word));
        let mut taken = c.len_utf8();
        match (c, bare) {
            (_, Some(word)) => {
                repaired.push_str("null");
                taken = word.len();
            }
            ('\\', None) if inside => {
                // With what it escapes: a quote behind it ends nothing.
                taken += rest[1..].chars().next().map_or(0, char::len_utf8);
                repaired.push_str(&rest[..taken]);
            }
            (control, None) if inside && control < ' ' => repaired.push_str(&format!("\\u{:04x}", u32::from(control))),
            (other, None) => {
                inside ^= other == '"';
                repaired.push(other);
            }
        }
        rest = &rest[taken..];
    }
    repaired
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn read(text: &str) -> Vec<(String, f64)> {
        numbers(text).unwrap_or_else(|| panic!("{text}")).into_iter().collect()
    }

    #[test]
    fn only_finite_numbers_are_numbers() {
        let text = r#"{"a": 0.5, "b": NaN, "c": Infinity, "d": -Infinity, "e": "0.7", "f": {"g": 1}, "h": [1, NaN],
            "i": null, "j": true, "k": -2, "l": 1e3, "m": 1e999, "n": -1e999, "o": 123456789012345678901234567890, "p": "NaN"}"#;
        let keys: Vec<String> = read(text).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["a", "k", "l", "o"]);
        assert_eq!(read(r#"{"a":-2.5e-3}"#), [("a".to_owned(), -0.0025)]);
    }

    #[test]
    fn odd_texts_do_not_hide_the_numbers_beside_them() {
        for odd in
            ["\"line\nbreak\ttab\u{1}\"", r#""\"NaN\" \\""#, r#""Infinity, \ud800""#, "\"{[\"", "\"ä \u{1F600}\""]
        {
            assert_eq!(read(&format!("{{\"x\": {odd}, \"loss\": 1}}")), [("loss".to_owned(), 1.0)], "{odd}");
        }
        assert_eq!(read("{\"a\nb\": 1}"), [("a\nb".to_owned(), 1.0)]);
        assert_eq!(read("{\"NaN\": 1, \"a\": 2, \"a\": 3}").last(), Some(&("a".to_owned(), 3.0)));
    }

    #[test]
    fn what_is_no_object_has_no_numbers() {
        for text in
            ["", "null", "NaN", "[1]", "7", "{\"loss\": 1", "{\"loss\": 0.1.2}", "{loss: 1}", "\"{}\"", "{\"a\": Inf}"]
        {
            assert!(numbers(text).is_none(), "{text}");
        }
        assert!(read("{}").is_empty());
    }

    proptest! {
        #[test]
        fn proper_json_is_left_as_it_is(text in "[a-zA-Z\\\\\"/ä{}\\[\\]:, -]{0,20}", number in -1e6..1e6f64) {
            let json = serde_json::json!({ text.clone(): text, "n": number }).to_string();
            prop_assert_eq!(repair(&json), json.clone());
            prop_assert_eq!(numbers(&json).and_then(|read| read.get("n").copied()), Some(number));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}|[{}\"\\\\:,aNI-]{0,30}") {
            numbers(&text);
        }
    }
}
