//! What the Asana collector is told at construction.

use jiff::tz::TimeZone;
use secrecy::SecretString;

/// Everything that the Asana collector can be told. The environment and the configuration file are read elsewhere.
#[derive(Debug, Clone)]
pub struct Config {
    /// Base address of the API, without a trailing slash: `https://app.asana.com/api/1.0`. It is shown in messages.
    pub url: String,
    /// A personal access token, or one of a service account.
    pub access_token: SecretString,
    /// Gid of the workspace or organization: digits. Every point is tagged with it.
    pub workspace: String,
    /// Gids of the projects whose tasks count; empty = those of the workspace that are not archived.
    pub projects: Vec<String>,
    /// Gid of the project that holds the bugs; none = no metrics of bugs.
    pub bugs_project: Option<String>,
    /// Where "today" is.
    pub time_zone: TimeZone,
}
