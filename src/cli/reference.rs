//! The table of settings as `.env.sample` and as the table of docs/CONFIGURATION.md.

use std::fmt::Write as _;

use crate::config::setting::Kind;
use crate::config::setting::SETTINGS;

/// Every variable on a line of its own, commented out, with what it is and what "unset" means.
pub fn env_sample() -> String {
    let mut text = String::from(
        "# Every variable that orgpulse reads; copy to .env and fill in. Printed by `orgpulse config sample`.\n\
         # A secret may also come from a file: NAME_FILE=/path instead of NAME.\n\
         # ORGPULSE_CONFIG=           # Configuration file. Unset: orgpulse.yaml where there is one\n",
    );
    let mut topic = "";
    for setting in SETTINGS {
        let section = setting.key.split_once('.').map_or("run", |(section, _)| section);
        if section != topic {
            topic = section;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "\n# --- {topic}");
        }
        let example = format!("# {}={}", setting.variable, setting.default);
        let unset = if setting.unset == "the default" { "that default" } else { setting.unset };
        let _ = writeln!(text, "{example:<46} # {}. Unset: {unset}", setting.about);
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
            Kind::Path => "path".to_owned(),
            Kind::Secret => "secret".to_owned(),
        };
        let key = match setting.kind {
            Kind::Secret => format!("`{}_file`", setting.key),
            _ => format!("`{}`", setting.key),
        };
        let variable = match setting.kind {
            Kind::Secret => format!("`{0}` or `{0}_FILE`", setting.variable),
            _ => format!("`{}`", setting.variable),
        };
        let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        let _ = writeln!(text, "| {key} | {variable} | {form} | {default} | {} | {} |", setting.about, setting.unset);
    }
    text
}
