//! Pages of lists, and the tokens between them.

use super::failure::Failure;

/// How lists are cut, beside what a request asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pages {
    /// As many as were asked for.
    #[default]
    Full,
    /// Fewer than were asked for, on every page.
    Short,
    /// Every other page is empty, the first and the last among them.
    Empty,
    /// A list that ends says so by an empty token, not by none.
    EmptyToken,
    /// The first page over and over, always with the same token.
    Repeated,
    /// Each page begins with what the one before ended with, as when something is added meanwhile; of EC2 alone.
    Overlapping,
}

impl Pages {
    /// The same, but nothing twice.
    pub(super) fn without_overlap(self) -> Pages {
        if self == Pages::Overlapping { Pages::Full } else { self }
    }
}

/// One page: which part of the list, and the token of the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub range: std::ops::Range<usize>,
    pub token: Option<String>,
}

/// A list that is to be cut.
#[derive(Debug, Clone, Copy)]
pub struct Cut<'a> {
    /// How many there are.
    pub len: usize,
    /// At most so many on a page.
    pub size: usize,
    /// What a token is valid for, as a number.
    pub fingerprint: u64,
    /// The token of the request.
    pub token: Option<&'a str>,
    /// How pages are cut.
    pub pages: Pages,
}

impl Cut<'_> {
    /// The page; none when the token is not one that was given out for this list.
    pub fn page(self) -> Option<Page> {
        let (step, from) = match self.token {
            None => (0, 0),
            Some(token) => self.place(token)?,
        };
        let size = match self.pages {
            // Never as many as asked for, and not always as few.
            Pages::Short => (self.size * 2 / 3).saturating_sub(step % 2).max(1),
            _ => self.size.max(1),
        };
        let end = match self.pages {
            Pages::Empty if step % 2 == 0 => from,
            _ => (from + size).min(self.len),
        };
        let is_last = match self.pages {
            // The last one is an empty one, even of a list that is empty altogether.
            Pages::Empty => end == self.len && step % 2 == 0 && step > 0,
            Pages::Repeated => false,
            _ => end == self.len,
        };
        let next = match self.pages {
            Pages::Repeated => (0, 0),
            Pages::Overlapping if size > 1 => (step + 1, end.saturating_sub(1)),
            _ => (step + 1, end),
        };
        let token = match (is_last, self.pages) {
            (true, Pages::EmptyToken) => Some(String::new()),
            (true, _) => None,
            (false, _) => Some(self.token_of(next)),
        };
        Some(Page { range: from..end, token })
    }

    fn token_of(self, (step, from): (usize, usize)) -> String {
        let seal = hash([self.fingerprint.to_string().as_str(), &step.to_string(), &from.to_string()]);
        // Opaque to a client, though not to a curious one.
        format!("eyJ2Ijoi{seal:016x}{step:06x}{from:08x}==")
    }

    fn place(self, token: &str) -> Option<(usize, usize)> {
        let digits = token.strip_prefix("eyJ2Ijoi")?.strip_suffix("==")?;
        let step = usize::from_str_radix(digits.get(16..22)?, 16).ok()?;
        let from = usize::from_str_radix(digits.get(22..30)?, 16).ok()?;
        (from <= self.len && self.token_of((step, from)) == token).then_some((step, from))
    }
}

/// A number for some texts (FNV-1a), with their bounds.
pub fn hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for text in texts {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

/// The published refusal of a token that was not given out.
pub fn invalid_token(code: &str) -> Failure {
    Failure::new(400, code, "The value for parameter NextToken is not valid: it was not given out for this request.")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths of all pages of a list, and whether they are the list.
    fn lengths(len: usize, size: usize, pages: Pages) -> Vec<usize> {
        let (mut out, mut token, mut at) = (Vec::new(), None::<String>, 0);
        loop {
            let cut = Cut { len, size, fingerprint: 7, token: token.as_deref(), pages };
            let page = cut.page().unwrap();
            assert_eq!(page.range.start, at);
            at = page.range.end;
            out.push(page.range.len());
            token = page.token.filter(|token| !token.is_empty());
            if token.is_none() {
                assert_eq!(at, len);
                return out;
            }
        }
    }

    #[test]
    fn pages_are_the_list_however_they_are_cut() {
        assert_eq!(lengths(7, 3, Pages::Full), [3, 3, 1]);
        assert_eq!(lengths(6, 3, Pages::EmptyToken), [3, 3]);
        assert_eq!(lengths(0, 3, Pages::Full), [0]);
        assert_eq!(lengths(7, 6, Pages::Short), [4, 3]);
        assert_eq!(lengths(7, 3, Pages::Empty), [0, 3, 0, 3, 0, 1, 0]);
        assert_eq!(lengths(0, 3, Pages::Empty), [0, 0, 0]);
    }

    #[test]
    fn a_token_holds_for_its_own_list_alone() {
        let cut = Cut { len: 9, size: 4, fingerprint: 7, token: None, pages: Pages::Full };
        let token = cut.page().unwrap().token.unwrap();
        assert!(Cut { token: Some(&token), ..cut }.page().is_some());
        assert!(Cut { token: Some(&token), fingerprint: 8, ..cut }.page().is_none());
        for other in ["", "garbage", "eyJ2Ijoi==", &token.replace("000001", "000002")] {
            assert!(Cut { token: Some(other), ..cut }.page().is_none(), "{other}");
        }
    }

    #[test]
    fn a_repeated_token_never_ends() {
        let cut = Cut { len: 2, size: 4, fingerprint: 7, token: None, pages: Pages::Repeated };
        let first = cut.page().unwrap();
        let second = Cut { token: first.token.as_deref(), ..cut }.page().unwrap();
        assert_eq!(first, second);
        assert_eq!(first.range, 0..2);
    }
}
