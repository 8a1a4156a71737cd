//! Words of others in our messages: short, in one line, and without the credential.

use std::error::Error;
use std::sync::Mutex;
use std::sync::PoisonError;

use secrecy::ExposeSecret;
use secrecy::SecretString;

/// The longest text of others that is repeated, in characters.
const LONGEST: usize = 200;
/// So much of a secret is not in a text by chance, in characters.
const TELLING: usize = 8;

/// The texts that no message may hold: tokens, keys, passwords, also as they are encoded in a header. A server, or a
/// proxy before it, may repeat the header that it was sent.
#[derive(Debug, Default)]
pub struct Secrets {
    texts: Mutex<Vec<SecretString>>,
}

impl Secrets {
    /// Notes a text that is sent as a credential.
    pub fn keep(&self, text: &str) {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if !text.is_empty() && texts.iter().all(|known| known.expose_secret() != text) {
            texts.push(SecretString::from(text));
        }
    }

    /// The first line of a text, 200 characters at most, without credentials, control characters, colours of terminals
    /// and the last full stop.
    pub fn clip(&self, text: &str) -> String {
        let mut plain = String::new();
        let mut chars = text.trim().lines().next().unwrap_or_default().chars();
        while let Some(c) = chars.next() {
            if c == '\u{1b}' {
                // A colour: ESC [ numbers letter.
                let _ = chars.find(|c| c.is_ascii_alphabetic());
            } else if !c.is_control() {
                plain.push(c);
            }
        }
        // After what is left out, which could part one, and before the cut, which could leave half of one.
        self.mask(&plain).chars().take(LONGEST).collect::<String>().trim().trim_end_matches('.').to_owned()
    }

    /// The text with `***` for every credential, also for the beginning of one that somebody has cut short.
    pub fn mask(&self, text: &str) -> String {
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.iter().fold(text.to_owned(), |text, secret| mask(&text, secret.expose_secret()))
    }
}

fn mask(text: &str, secret: &str) -> String {
    let mut masked = String::new();
    let start = secret.char_indices().nth(TELLING).map_or(secret, |(end, _)| &secret[..end]);
    let mut rest = text;
    while let Some(at) = rest.find(start) {
        masked.push_str(&rest[..at]);
        masked.push_str("***");
        let same = rest[at..].chars().zip(secret.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8());
        rest = &rest[at + same.sum::<usize>()..];
    }
    masked.push_str(rest);
    masked
}

/// Why `host` could not be asked, and what to do about it. `setting` names what holds the address:
/// "github.api_url (GITHUB_API_URL)".
pub fn no_connection(error: &(dyn Error + 'static), host: &str, setting: &str, secrets: &Secrets) -> (String, String) {
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
            "The name {host} could not be looked up: check {setting}, the network's DNS, and HTTPS_PROXY if names are \
             looked up by a proxy"
        )
    } else if says(&["corrupt message", "invalidcontenttype", "handshake"]) {
        format!("{host} does not speak TLS: check {setting}, HTTPS_PROXY and NO_PROXY")
    } else {
        format!("Check {setting}, the firewall, and HTTPS_PROXY and NO_PROXY if there is a proxy")
    };
    (why, cure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_masked_whole_and_cut_short() {
        let secrets = Secrets::default();
        secrets.keep("sky_0123456789abcdef");
        secrets.keep("hunter2");
        secrets.keep("");
        for (text, masked) in [
            ("Bad Bearer sky_0123456789abcdef here", "Bad Bearer *** here"),
            ("cut at sky_0123456789", "cut at ***"),
            ("twice sky_0123456789abcdef sky_0123456789abcdef", "twice *** ***"),
            ("the word hunter2", "the word ***"),
            ("nothing of it: sky_", "nothing of it: sky_"),
        ] {
            assert_eq!(secrets.mask(text), masked);
        }
        let far = format!("{}sky_0123456789abcdef", "x".repeat(190));
        assert!(!secrets.clip(&far).contains("sky_"));
    }

    #[test]
    fn words_of_others_are_one_plain_line() {
        let secrets = Secrets::default();
        assert_eq!(secrets.clip("  \u{1b}[31mNo such\u{7} thing.\u{1b}[0m\nsecond line"), "No such thing");
        assert_eq!(secrets.clip(&"ä".repeat(300)).chars().count(), LONGEST);
        assert_eq!(secrets.clip(""), "");
    }

    #[test]
    fn a_credential_is_masked_also_where_what_is_left_out_parts_it() {
        let secrets = Secrets::default();
        secrets.keep("sky_0123456789abcdef");
        for text in ["sky_01\u{7}23456789abcdef", "sky_01\u{1b}[31m23456789abcdef", "\u{0}sky_0123456789abc\ndef"] {
            assert_eq!(secrets.clip(text), "***", "{text:?}");
        }
    }
}
