//! Settings of the Datadog sink.

use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::config::Configured;
use crate::config::Problems;
use crate::config::Settings;
use crate::config::run::RunConfig;
use crate::sinks::datadog::Compression;
use crate::sinks::datadog::SpoolSettings;

/// Folder of the spool inside the state folder.
const SPOOL: &str = "spool";

/// Datadog's own sites (docs, "Getting Started with Datadog Sites").
const SITES: [&str; 8] = [
    "datadoghq.com",
    "us3.datadoghq.com",
    "us5.datadoghq.com",
    "datadoghq.eu",
    "ap1.datadoghq.com",
    "ap2.datadoghq.com",
    "ddog-gov.com",
    "us2.ddog-gov.com",
];

/// The address of the API. A site that is none is a problem.
pub fn base_url(settings: &Settings, problems: &mut Problems) -> String {
    let site = settings.text("datadog.site").unwrap_or_default();
    // Any host may be one, but none without a dot.
    let good = site.contains('.') && site.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    if !good && !settings.mistaken("datadog.site") {
        problems.add(
            settings.place("datadog.site"),
            "datadog.site",
            format!("{site:?} is not a site"),
            format!("Known: {}", SITES.join(", ")),
        );
    }
    settings.text("datadog.url").unwrap_or_else(|| format!("https://api.{site}"))
}

/// A key of Datadog, where it is set. One that no header can hold is a problem.
pub fn key(key: &'static str, settings: &Settings, problems: &mut Problems) -> Option<SecretString> {
    let secret = settings.secret(key)?;
    if !secret.expose_secret().chars().all(|c| c.is_ascii_graphic()) {
        let why = "holds a space, line break or other character that no key has";
        problems.add(settings.place(key), key, why, "Copy it again");
    }
    Some(secret)
}

/// The sink that the settings describe.
pub fn configure(settings: &Settings, problems: &mut Problems) -> Configured<crate::sinks::datadog::Settings> {
    let base_url = base_url(settings, problems);
    let Some(api_key) = key("datadog.api_key", settings, problems) else {
        // A key that was given wrongly has been told already.
        let missing = (!settings.mistaken("datadog.api_key")).then(|| "set DD_API_KEY".to_owned());
        return Configured::Missing(missing.into_iter().collect());
    };
    let compression = settings.text("datadog.compression").and_then(|word| Compression::from_word(&word));
    Configured::Ready(crate::sinks::datadog::Settings {
        base_url,
        api_key,
        compression: compression.unwrap_or(Compression::Gzip),
        spool: spool(settings),
    })
}

/// Where undelivered points are kept; none when no state folder is known.
pub fn spool(settings: &Settings) -> Option<SpoolSettings> {
    let directory = RunConfig::new(settings).state_dir?.join(SPOOL);
    let mib = settings.whole("datadog.spool_max_mib").unwrap_or_default();
    Some(SpoolSettings { directory, max_bytes: mib * 1024 * 1024 })
}
