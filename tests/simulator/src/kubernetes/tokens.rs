//! Tokens that lead to the next page of a list.

use std::collections::HashMap;

/// Those that were given out, and how they behave.
#[derive(Debug, Default)]
pub struct Tokens {
    issued: HashMap<String, Issued>,
    count: u64,
    /// So many uses to come meet a token that is too old.
    pub expired: usize,
}

#[derive(Debug, Clone)]
struct Issued {
    list: String,
    start: usize,
}

/// Why a token leads nowhere.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// It was not given out for this list.
    Invalid,
    /// What it was given out for is forgotten; this one goes on with what there is now.
    Expired(String),
}

impl Tokens {
    /// A token for the page that starts there, of the list that these words stand for.
    pub fn issue(&mut self, list: &str, start: usize) -> String {
        self.count += 1;
        let mut rng = fastrand::Rng::with_seed(self.count);
        // Opaque to clients; a URL must encode what is at its end.
        let token = format!("eyJ2IjoibWV0YS5rOHMuaW8v{:016x}{:016x}+{:x}==", rng.u64(..), rng.u64(..), self.count);
        self.issued.insert(token.clone(), Issued { list: list.to_owned(), start });
        token
    }

    /// Where the page starts that the token leads to.
    pub fn redeem(&mut self, token: &str, list: &str) -> Result<usize, Refused> {
        let issued = self.issued.get(token).filter(|issued| issued.list == list).cloned().ok_or(Refused::Invalid)?;
        if self.expired > 0 {
            self.expired -= 1;
            self.issued.remove(token);
            return Err(Refused::Expired(self.issue(list, issued.start)));
        }
        Ok(issued.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_on_within_its_list_until_it_is_too_old() {
        let mut tokens = Tokens::default();
        let (a, b) = (tokens.issue("/api/v1/pods", 2), tokens.issue("/api/v1/pods", 4));
        assert_ne!(a, b);
        assert_eq!(tokens.redeem(&a, "/api/v1/pods"), Ok(2));
        assert_eq!(tokens.redeem(&a, "/api/v1/nodes"), Err(Refused::Invalid));
        tokens.expired = 1;
        let Err(Refused::Expired(fresh)) = tokens.redeem(&b, "/api/v1/pods") else { panic!("not expired") };
        assert_eq!(tokens.redeem(&b, "/api/v1/pods"), Err(Refused::Invalid));
        assert_eq!(tokens.redeem(&fresh, "/api/v1/pods"), Ok(4));
    }
}
