//! Words of others in our messages: short, in one line, and without the credential.

use std::error::Error;
use std::sync::Mutex;

use secrecy::ExposeSecret;
use secrecy::SecretString;

use super::lock;

/// The longest text of others that is repeated, in characters.
const LONGEST: usize = 200;

/// The texts that no message may hold: the token, the App's assertions and its installation tokens. A server, or a proxy
/// before it, may repeat the header that it was sent.
#[derive(Default)]
pub(crate) struct Secrets {
    texts: Mutex<Vec<SecretString>>,
}

impl Secrets {
    /// Notes a text that is sent as a credential.
    pub fn keep(&self, text: &str) {
        let mut texts = lock(&self.texts);
        if !text.is_empty() && texts.iter().all(|known| known.expose_secret() != text) {
            texts.push(SecretString::from(text));
        }
    }

    /// The first line of a text, 200 characters at most, without credentials, control characters and the last full stop.
    pub fn clip(&self, text: &str) -> String {
        // Before the cut, which could leave half of one.
        let masked =
            lock(&self.texts).iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose_secret(), "***"));
        let line = masked.lines().next().unwrap_or_default().trim().trim_end_matches('.');
        line.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
    }
}

/// Why `host` could not be asked, and what to do about it.
pub(super) fn no_connection(error: &(dyn Error + 'static), host: &str, secrets: &Secrets) -> (String, String) {
    let (mut inner, mut chain) = (error, error.to_string());
    while let Some(source) = inner.source() {
        inner = source;
        chain.push_str(&inner.to_string());
    }
    // The innermost cause alone: those around it repeat it, or quote the address.
    let why = format!("the connection to {host} failed: {}", secrets.clip(&inner.to_string()));
    let chain = chain.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| chain.contains(word));
    let cure = if says(&["certificate", "unknownissuer"]) {
        "The server's TLS certificate is not trusted: if a proxy opens TLS on the way, add its certificate authority to the \
         system's store or name it in SSL_CERT_FILE"
            .to_owned()
    } else if says(&["proxy", "tunnel"]) {
        "Check HTTPS_PROXY and NO_PROXY".to_owned()
    } else if says(&["dns", "lookup"]) {
        format!(
            "The name {host} could not be looked up: check github.api_url (GITHUB_API_URL), the network's DNS, and \
             HTTPS_PROXY if names are looked up by a proxy"
        )
    } else if says(&["corrupt message", "invalidcontenttype", "handshake"]) {
        format!("{host} does not speak TLS: check github.api_url (GITHUB_API_URL), HTTPS_PROXY and NO_PROXY")
    } else {
        "Check github.api_url (GITHUB_API_URL), the firewall, and HTTPS_PROXY and NO_PROXY if there is a proxy"
            .to_owned()
    };
    (why, cure)
}
