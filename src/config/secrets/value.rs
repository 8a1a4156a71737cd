//! From the text of a secret to the value of a setting.

use collector::Reason;
use secrecy::SecretString;
use serde_json::Value;

use crate::config::secrets::Reference;

/// The value that `reference` means in the text of its secret, without the white space around it.
///
/// # Errors
/// The reason and words that complete "the secret ...", which never quote the text.
pub fn of(reference: &Reference, text: &str) -> Result<SecretString, (Reason, String)> {
    let object = || match serde_json::from_str(text) {
        Ok(Value::Object(entries)) => Some(entries),
        _ => None,
    };
    let value = match &reference.key {
        Some(key) => {
            let entries = object().ok_or((Reason::Config, format!("is no JSON object, and so has no key {key:?}")))?;
            match entries.get(key) {
                Some(Value::String(value)) => value.clone(),
                Some(_) => return Err((Reason::Config, format!("has no text under its key {key:?}"))),
                None => return Err((Reason::NotFound, format!("has no key {key:?}"))),
            }
        }
        // The console's usual form. No secret of orgpulse is JSON, and a vendor would only call it a wrong credential.
        None if object().is_some() => {
            return Err((Reason::Config, "is a JSON object; name the key that is meant, as in NAME#KEY".to_owned()));
        }
        None => text.to_owned(),
    };
    match value.trim() {
        "" => Err((Reason::Config, "is empty".to_owned())),
        value => Ok(SecretString::from(value)),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(reference: &str, text: &str) -> Result<String, (Reason, String)> {
        of(&reference.parse().unwrap(), text).map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn a_text_is_taken_whole_and_a_key_out_of_its_json() {
        for (reference, text, value) in [
            ("name", "s3cret", "s3cret"),
            ("name", " s3cret\n", "s3cret"),
            ("name", "{no json", "{no json"),
            ("name", "[1]", "[1]"),
            ("name#b", r#"{"a": "other", "b": "s3cret"}"#, "s3cret"),
            ("name#b", r#"{"b": " s3cret \n"}"#, "s3cret"),
            ("name#b.c", r#"{"b": {"c": "other"}, "b.c": "s3cret"}"#, "s3cret"),
            ("name#k", r#"{"k": "-----BEGIN PRIVATE KEY-----\nAA\n"}"#, "-----BEGIN PRIVATE KEY-----\nAA"),
        ] {
            assert_eq!(read(reference, text).as_deref(), Ok(value), "{reference} of {text}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_told_without_the_text() {
        for (reference, text, reason, words) in [
            ("name", "", Reason::Config, "is empty"),
            ("name", " \n", Reason::Config, "is empty"),
            ("name#a", r#"{"a": ""}"#, Reason::Config, "is empty"),
            ("name", r#"{"a": "s3cret"}"#, Reason::Config, "name the key that is meant"),
            ("name#a", "s3cret", Reason::Config, "is no JSON object"),
            ("name#a", r#"["s3cret"]"#, Reason::Config, "is no JSON object"),
            ("name#a", r#"{"a": "s3cret""#, Reason::Config, "is no JSON object"),
            ("name#a", r#"{"s3cret": "s3cret"}"#, Reason::NotFound, "has no key \"a\""),
            ("name#a", r#"{"a": null}"#, Reason::Config, "has no text under its key \"a\""),
            ("name#a", r#"{"a": ["s3cret"]}"#, Reason::Config, "has no text under its key \"a\""),
        ] {
            let (found, why) = read(reference, text).unwrap_err();
            assert_eq!(found, reason, "{reference} of {text}");
            assert!(why.contains(words) && !why.contains("s3cret"), "{why}");
        }
    }
}
