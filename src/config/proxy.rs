//! The variables that name a proxy. The HTTP client reads them itself, and goes without a proxy where one makes no sense.

use crate::config::Inputs;
use crate::config::Problems;

const VARIABLES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// Notes each variable whose value is not the address of a proxy. The value is not repeated: it may hold a password.
pub fn check(inputs: &Inputs, problems: &mut Problems) {
    for name in VARIABLES {
        let value = inputs.environment.get(name).map(|value| value.trim()).unwrap_or_default();
        if !value.is_empty() && !is_address(value) {
            problems.add("environment", name, "is not the address of a proxy", "Write it as in http://HOST:3128");
        }
    }
}

fn is_address(value: &str) -> bool {
    // A word alone is hardly the name of a host: such a one is written with its scheme or its port.
    if !value.contains([':', '.']) {
        return false;
    }
    let whole = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    reqwest::Url::parse(&whole).is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.host().is_some())
}
