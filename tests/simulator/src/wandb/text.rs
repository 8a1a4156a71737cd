//! Values as the service writes them: instants mostly without a zone, JSON in strings with words that JSON lacks.

use crate::organisation::wandb::Datum;
use jiff::Timestamp;
use std::fmt::Write;

/// An instant in UTC, with a fraction only where there is one.
pub fn instant(at: Timestamp, writes_zone: bool) -> String {
    let form = if at.subsec_nanosecond() == 0 { "%Y-%m-%dT%H:%M:%S" } else { "%Y-%m-%dT%H:%M:%S%.3f" };
    let text = at.strftime(form).to_string();
    if writes_zone { text + "Z" } else { text }
}

/// Named values as a JSON document: bare `NaN` and `Infinity`, control characters unescaped. Of a list of keys only
/// those that are there.
pub fn document<'a>(data: impl IntoIterator<Item = &'a (String, Datum)>, keys: Option<&[&str]>) -> String {
    let mut out = String::new();
    let asked = data.into_iter().filter(|(key, _)| keys.is_none_or(|keys| keys.contains(&key.as_str())));
    object(&mut out, asked);
    out
}

fn object<'a>(out: &mut String, data: impl IntoIterator<Item = &'a (String, Datum)>) {
    out.push('{');
    for (i, (key, value)) in data.into_iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        quoted(out, key);
        out.push_str(": ");
        write(out, value);
    }
    out.push('}');
}

fn write(out: &mut String, value: &Datum) {
    match value {
        // Writing into a String does not fail.
        Datum::Number(number) => write!(out, "{number}").unwrap_or_default(),
        Datum::Nan => out.push_str("NaN"),
        Datum::Infinity => out.push_str("Infinity"),
        Datum::NegativeInfinity => out.push_str("-Infinity"),
        Datum::Text(text) => quoted(out, text),
        Datum::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Datum::Null => out.push_str("null"),
        Datum::Object(data) => object(out, data),
    }
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_json_has_no_word_for() {
        let nested = Datum::Object(vec![("min".into(), Datum::Infinity), ("max".into(), Datum::Null)]);
        let data = [
            ("a".to_owned(), Datum::Nan),
            ("b/c".to_owned(), nested),
            ("d".to_owned(), Datum::Text("\"\u{1}\\".into())),
            ("e".to_owned(), Datum::Number(5.0)),
            ("f".to_owned(), Datum::Number(1e-7)),
        ];
        let whole = document(&data, None);
        assert_eq!(
            whole,
            "{\"a\": NaN, \"b/c\": {\"min\": Infinity, \"max\": null}, \"d\": \"\\\"\u{1}\\\\\", \"e\": 5, \"f\": 0.0000001}"
        );
        assert_eq!(document(&data, Some(&["e", "nope"])), "{\"e\": 5}");
        assert_eq!(document(&data, Some(&[])), "{}");
    }

    #[test]
    fn instants_have_a_zone_only_where_asked_for() {
        let at: Timestamp = "2026-11-20T12:00:00.250Z".parse().unwrap();
        assert_eq!(instant(at, false), "2026-11-20T12:00:00.250");
        assert_eq!(instant("2026-11-20T12:00:00Z".parse().unwrap(), true), "2026-11-20T12:00:00Z");
    }
}
