//! Tokens that lead to a listing's next page.

use super::reply::Reply;
use std::collections::HashMap;

/// The tokens that were given out, and how they behave.
#[derive(Debug, Default)]
pub struct Offsets {
    issued: HashMap<String, Issued>,
    count: u64,
    /// How often each may be used; none for any number.
    pub uses: Option<usize>,
    /// So many uses to come are refused as expired.
    pub refusals: usize,
}

#[derive(Debug)]
struct Issued {
    query: String,
    start: usize,
    used: usize,
}

impl Offsets {
    /// A token for the page that starts there, of the listing that this query asks for.
    pub fn issue(&mut self, query: &str, start: usize) -> String {
        self.count += 1;
        let mut rng = fastrand::Rng::with_seed(self.count);
        // Three parts like a JSON web token; the count keeps them apart.
        let token =
            format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.{:x}_{:016x}.{:016x}", self.count, rng.u64(..), rng.u64(..));
        self.issued.insert(token.clone(), Issued { query: query.to_owned(), start, used: 0 });
        token
    }

    /// Where the page starts that the token leads to.
    pub fn redeem(&mut self, token: &str, query: &str) -> Result<usize, Reply> {
        let invalid = || Reply::bad_request("offset: Your pagination token is invalid.");
        let expired = || Reply::bad_request("offset: Your pagination token has expired.");
        let issued = self.issued.get_mut(token).filter(|issued| issued.query == query).ok_or_else(invalid)?;
        if self.refusals > 0 {
            self.refusals -= 1;
            self.issued.remove(token);
            return Err(expired());
        }
        if self.uses.is_some_and(|uses| issued.used >= uses) {
            return Err(expired());
        }
        issued.used += 1;
        Ok(issued.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_on_within_its_query_until_it_expires() {
        let mut offsets = Offsets::default();
        let (a, b) = (offsets.issue("/projects?limit=2", 2), offsets.issue("/projects?limit=2", 4));
        assert_ne!(a, b);
        assert_eq!(offsets.redeem(&a, "/projects?limit=2").unwrap(), 2);
        assert_eq!(offsets.redeem(&a, "/projects?limit=2").unwrap(), 2);
        let message = |reply: Reply| reply.body["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(message(offsets.redeem(&a, "/projects?limit=3").unwrap_err()).contains("invalid"));
        assert!(message(offsets.redeem("2", "/projects?limit=2").unwrap_err()).contains("invalid"));
        offsets.uses = Some(2);
        assert!(message(offsets.redeem(&a, "/projects?limit=2").unwrap_err()).contains("expired"));
        offsets.refusals = 1;
        assert!(message(offsets.redeem(&b, "/projects?limit=2").unwrap_err()).contains("expired"));
        assert!(message(offsets.redeem(&b, "/projects?limit=2").unwrap_err()).contains("invalid"), "it was forgotten");
    }
}
