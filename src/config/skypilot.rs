//! Settings of the SkyPilot collector.

use collector::BoxedCollector;
use secrecy::ExposeSecret;
use skypilot::Auth;
use skypilot::Config;
use skypilot::Skypilot;

use crate::config::Configured;
use crate::config::Problems;
use crate::config::Settings;

const ENDPOINT: &str = "skypilot.endpoint";
const TOKEN: &str = "skypilot.token";

/// The collector that the settings describe. A user in the address becomes the credential, and is no part of the
/// address any more. A token beside it is a mistake: only one of them can be sent.
pub fn configure(settings: &Settings, problems: &mut Problems) -> Configured<Box<dyn BoxedCollector>> {
    let Some(endpoint) = settings.address(ENDPOINT) else {
        // An address that was given wrongly has been told already.
        let missing = (!settings.mistaken(ENDPOINT))
            .then(|| "set SKYPILOT_API_SERVER_ENDPOINT=https://... (or skypilot.endpoint in the file)".to_owned());
        return Configured::Missing(missing.into_iter().collect());
    };
    let auth = match (settings.secret(TOKEN), endpoint.user) {
        (Some(_), Some(_)) => {
            let why = "holds a user although SKYPILOT_API_TOKEN is set too";
            problems.add(settings.place(ENDPOINT), ENDPOINT, why, "Keep one of them");
            Auth::None
        }
        (Some(token), None) => {
            if !token.expose_secret().chars().all(|c| c.is_ascii_graphic()) {
                let why = "holds a space, line break or other character that no token has";
                problems.add(settings.place(TOKEN), TOKEN, why, "Copy it again");
            }
            Auth::Token(token)
        }
        (None, Some((user, password))) => Auth::Basic { user, password },
        (None, None) => Auth::None,
    };
    Configured::Ready(Skypilot::boxed(Config { endpoint: endpoint.address, auth }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::config;
    use crate::config::Inputs;

    fn settings(environment: &[(&str, &str)], file: &str) -> (Settings, String) {
        let inputs = Inputs {
            environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            dot_env: BTreeMap::new(),
            file: Some((PathBuf::from("orgpulse.yaml"), file.to_owned())),
        };
        let mut problems = Problems::default();
        let settings = config::resolve(&inputs, &[], &mut problems);
        configure(&settings, &mut problems);
        (settings, if problems.is_empty() { String::new() } else { problems.to_string() })
    }

    const ADDRESS: &str = "SKYPILOT_API_SERVER_ENDPOINT";

    #[test]
    fn a_user_is_taken_out_of_the_address_and_never_shown() {
        let cases = [
            ("https://ann:s3cr%3At%2F@sky.example.com/api/", "https://sky.example.com/api", Some(("ann", "s3cr:t/"))),
            ("http://:s3cret@127.0.0.1:46580", "http://127.0.0.1:46580", Some(("", "s3cret"))),
            ("https://ann@sky.example.com", "https://sky.example.com", Some(("ann", ""))),
            ("https://sky.example.com/", "https://sky.example.com", None),
        ];
        for (text, address, user) in cases {
            let (settings, problems) = settings(&[(ADDRESS, text)], "");
            assert_eq!(problems, "", "{text}");
            let found = settings.address(ENDPOINT).unwrap();
            assert_eq!(found.address, address);
            let found = found.user.as_ref().map(|(name, password)| (name.as_str(), password.expose_secret()));
            assert_eq!(found, user, "{text}");
            let shown = settings.shown(ENDPOINT).unwrap();
            assert!(shown.starts_with(address) && !shown.contains("s3cr") && !shown.contains("ann"), "{shown}");
            assert!(!format!("{settings:?}").contains("s3cr"), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_quoted() {
        for text in [
            "sky",
            "ftp://ann:s3cret@x",
            "ann:s3cret@x",
            "https://ann:s3cret@",
            "https://u:s3cret@x/?a=b",
            "https://x#s3cret",
        ] {
            let (settings, problems) = settings(&[(ADDRESS, text)], "");
            assert!(problems.contains("must be an http:// or https:// address"), "{text}: {problems}");
            assert!(!problems.contains("s3cret") && settings.shown(ENDPOINT).is_none(), "{problems}");
        }
    }

    #[test]
    fn the_file_may_hold_the_address_but_no_user() {
        let (found, problems) = settings(&[], "skypilot: {endpoint: 'https://sky.example.com'}");
        assert_eq!((problems.as_str(), found.shown(ENDPOINT).as_deref()), ("", Some("https://sky.example.com")));
        let (_, problems) = settings(&[], "skypilot: {endpoint: 'https://ann:s3cret@sky.example.com'}");
        assert!(problems.contains("must not hold a user or password") && !problems.contains("s3cret"), "{problems}");
    }

    #[test]
    fn one_credential_at_most_and_only_one_that_fits_a_header() {
        let both = [(ADDRESS, "https://ann:s3cret@x"), ("SKYPILOT_API_TOKEN", "sky_s3cret")];
        let (_, problems) = settings(&both, "");
        assert!(problems.contains("Keep one of them") && !problems.contains("s3cret"), "{problems}");
        let (_, problems) = settings(&[(ADDRESS, "https://x"), ("SKYPILOT_API_TOKEN", "sky_ s3cret")], "");
        assert!(problems.contains("that no token has") && !problems.contains("s3cret"), "{problems}");
    }

    #[test]
    fn without_an_address_it_is_not_configured() {
        let (settings, problems) = settings(&[("SKYPILOT_API_TOKEN", "sky_x")], "");
        assert_eq!(problems, "");
        let Configured::Missing(missing) = configure(&settings, &mut Problems::default()) else { panic!("configured") };
        assert!(missing[0].contains(ADDRESS), "{missing:?}");
    }
}
