//! What the SkyPilot collector is told at construction.

use secrecy::SecretString;

/// Everything that the SkyPilot collector can be told. The environment and the configuration file are read elsewhere.
#[derive(Debug, Clone)]
pub struct Config {
    /// Base address of the API server, without a user part and without a trailing slash. It is shown in messages.
    pub endpoint: String,
    /// The credential.
    pub auth: Auth,
}

/// A credential for the API server, or for the proxy in front of it.
#[derive(Debug, Clone)]
pub enum Auth {
    /// A service account's token, `sky_...`.
    Token(SecretString),
    /// HTTP Basic: the server's own, or an ingress's.
    Basic {
        /// The user's name.
        user: String,
        /// The user's password.
        password: SecretString,
    },
    /// The server asks for none.
    None,
}
