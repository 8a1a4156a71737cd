//! The one HTTP client of the program.

use std::time::Duration;

use anyhow::Context as _;

/// Time to open a connection. Every service that orgpulse talks to answers a handshake within a second.
const CONNECT: Duration = Duration::from_secs(10);
/// Time between two pieces of an answer. Whoever sends has a limit of its own for a whole try, and this is no shorter than
/// the longest of them: a SkyPilot server is silent until a request is finished, and is waited for 55 s at a time.
const READ: Duration = Duration::from_secs(60);

/// A client that uses the proxies which HTTPS_PROXY, HTTP_PROXY and NO_PROXY name.
///
/// It follows no redirects: a redirect to another host must not carry a credential along, and a sink that redirects
/// is a wrong address. A source that expects redirects follows them itself and counts them.
pub fn client() -> anyhow::Result<reqwest::Client> {
    build(reqwest::Client::builder())
}

/// The same without proxies, for services on loopback.
pub fn loopback_client() -> anyhow::Result<reqwest::Client> {
    build(reqwest::Client::builder().no_proxy())
}

fn build(builder: reqwest::ClientBuilder) -> anyhow::Result<reqwest::Client> {
    builder
        .user_agent(concat!("orgpulse/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(READ)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .context("failed to set up the HTTP client (its TLS certificates or the proxy variables)")
}
