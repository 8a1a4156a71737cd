//! Following page tokens to the end.

use std::collections::BTreeSet;

use collector::Failure;
use collector::Reason;

use crate::client::Ask;

/// The tokens of one listing. An absent or empty token ends it; a page without items does not.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    seen: BTreeSet<String>,
    next: Option<String>,
}

impl Tokens {
    /// What to ask the next page by.
    pub(crate) fn next(&self) -> Option<String> {
        self.next.clone()
    }

    /// Takes the token that a page ended with; whether there is another page.
    ///
    /// # Errors
    /// When the token was given before: following it would not end, and stopping would take a part for the whole.
    pub(crate) fn advance(&mut self, token: Option<&str>, ask: &Ask<'_>) -> Result<bool, Failure> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(false) };
        if !self.seen.insert(token.to_owned()) {
            let why = "AWS gave the same page token twice, so that the list has no end";
            return Err(Failure::new(Reason::BadReply, ask.doing.as_str(), why));
        }
        self.next = Some(token.to_owned());
        Ok(true)
    }
}
