//! Variables of `.env` that look like slips of the pen.

use std::collections::BTreeMap;

use crate::config::problem::did_you_mean;
use crate::config::secrets;
use crate::config::setting::Kind;
use crate::config::setting::SETTINGS;

/// So many letters may be wrong in a name that is still taken for another.
const SLIPS: usize = 2;

/// A sentence for each variable that orgpulse does not read, but is nearly named as one that it does. No more than a
/// warning: other programs' variables may stand in the same file.
pub fn misspelt(dot_env: &BTreeMap<String, String>) -> Vec<String> {
    let known = known();
    let near = |name: &str| known.iter().any(|known| strsim::damerau_levenshtein(name, known) <= SLIPS);
    let odd = |name: &&String| !known.contains(*name) && (name.starts_with("ORGPULSE_") || near(name));
    let sentence = |name: &String| {
        let meant = did_you_mean(name, known.iter().map(String::as_str));
        format!(".env: orgpulse reads no variable {name}. {meant}").trim_end().to_owned()
    };
    dot_env.keys().filter(odd).map(sentence).collect()
}

fn known() -> Vec<String> {
    let mut known = vec!["ORGPULSE_CONFIG".to_owned()];
    for setting in SETTINGS {
        known.push(setting.variable.to_owned());
        known.extend((setting.kind == Kind::Secret).then(|| format!("{}_FILE", setting.variable)));
        known.extend(secrets::may_hold(setting).then(|| secrets::variable_of(setting)));
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_nearly_ours_is_told() {
        let told = |name: &str| misspelt(&BTreeMap::from([(name.to_owned(), String::new())])).pop();
        for (name, meant) in [
            ("GITHUB_REPOSITRIES", "Did you mean GITHUB_REPOSITORIES?"),
            ("DD_APIKEY", "Did you mean DD_API_KEY?"),
            ("GITHUB_TOKEN_FIEL", "Did you mean GITHUB_TOKEN_FILE?"),
            ("ORGPULSE_DEADLINES", "Did you mean ORGPULSE_DEADLINE?"),
        ] {
            let told = told(name).unwrap_or_default();
            assert!(told.contains(name) && told.ends_with(meant), "{told}");
        }
        for name in ["DD_API_KEY", "DD_APP_KEY", "GITHUB_TOKEN_SECRET", "ORGPULSE_CONFIG", "DD_TRACE_ENABLED", "PATH"] {
            assert_eq!(told(name), None);
        }
    }
}
