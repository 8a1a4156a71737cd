//! The table of settings as `.env.sample` and as the table of docs/CONFIGURATION.md.

use std::fmt::Write as _;

use crate::config::secrets;
use crate::config::setting::Kind;
use crate::config::setting::SETTINGS;

/// Every variable on a line of its own, commented out, below what it is and what "unset" means.
pub fn env_sample() -> String {
    let mut text = String::from(
        "# Every variable that orgpulse reads; copy to .env and fill in. Printed by `orgpulse config sample`.\n\
         # A secret may also come from a file or from AWS Secrets Manager: NAME_FILE=/path or NAME_SECRET=name instead of NAME.\n\n\
         # Configuration file. Unset: orgpulse.yaml where there is one\n\
         # ORGPULSE_CONFIG=\n",
    );
    let mut topic = "";
    for setting in SETTINGS {
        let section = setting.key.split_once('.').map_or("run", |(section, _)| section);
        if section != topic {
            topic = section;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "\n# --- {topic}");
        }
        let unset = if setting.unset == "the default" { "that default" } else { setting.unset };
        // The words stand above: behind a value, the readers of .env files take some of them for a part of it.
        let _ = writeln!(text, "# {}. Unset: {unset}\n# {}={}", setting.about, setting.variable, setting.default);
    }
    text
}

/// A row a setting: key, variable, form, default, meaning.
pub fn markdown() -> String {
    let mut text = String::from(
        "| key in the file | variable | form | default | meaning | unset |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for setting in SETTINGS {
        let form = match setting.kind {
            Kind::Text => "text".to_owned(),
            Kind::Url | Kind::UrlWithUser => "address".to_owned(),
            Kind::Duration => "time".to_owned(),
            Kind::Whole(min, u64::MAX) => format!("{min} or more"),
            Kind::Whole(min, max) => format!("{min} to {max}"),
            Kind::Bool => "true, false".to_owned(),
            Kind::Choice(words) => words.join(", "),
            Kind::List => "list".to_owned(),
            Kind::Number => "number above 0".to_owned(),
            Kind::Numbers => "numbers by name".to_owned(),
            Kind::Texts => "texts by name".to_owned(),
            Kind::Declarations => "declarations".to_owned(),
            Kind::Path => "path".to_owned(),
            Kind::Secret => "secret".to_owned(),
        };
        let key = match setting.kind {
            Kind::Secret if secrets::may_hold(setting) => format!("`{0}_file`, `{0}_secret`", setting.key),
            Kind::Secret => format!("`{}_file`", setting.key),
            _ => format!("`{}`", setting.key),
        };
        let variable = match setting.kind {
            Kind::Secret if secrets::may_hold(setting) => {
                format!("`{0}`, `{0}_FILE` or `{0}_SECRET`", setting.variable)
            }
            Kind::Secret => format!("`{0}` or `{0}_FILE`", setting.variable),
            _ => format!("`{}`", setting.variable),
        };
        let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        let _ = writeln!(text, "| {key} | {variable} | {form} | {default} | {} | {} |", setting.about, setting.unset);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A reader of `.env` files may take a quote in the words behind an empty value for the beginning of a text, and
    /// swallow the lines below it.
    #[test]
    fn a_line_of_the_sample_may_be_uncommented_and_the_next_one_is_still_read() {
        for setting in SETTINGS {
            let sample = env_sample();
            let line = sample.lines().find_map(|line| {
                let line = line.strip_prefix("# ")?;
                line.starts_with(&format!("{}=", setting.variable)).then_some(line)
            });
            let text = format!("{}\nAFTER=1\n", line.unwrap_or_default());
            let (read, mistakes) = crate::config::dot_env::read(&text, &BTreeMap::new());
            let expected = [(setting.variable, setting.default), ("AFTER", "1")];
            let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!((read, mistakes), (BTreeMap::from(expected), Vec::new()), "{text}");
        }
    }
}
