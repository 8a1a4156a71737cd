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
    Configured::Ready(Box::new(Skypilot::new(Config { endpoint: endpoint.address, auth })))
}
