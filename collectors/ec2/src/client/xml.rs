//! Whether an answer of the query protocols is whole.
//!
//! The SDK reads XML without looking for its end: of a list that is cut in the middle it gives the first part, without a
//! token, as if it were all.

use std::fmt;

use xmlparser::ElementEnd;
use xmlparser::Token;
use xmlparser::Tokenizer;

/// An answer that is cut short, or is no XML.
#[derive(Debug)]
pub(crate) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer is cut short or is no XML")
    }
}

impl std::error::Error for Broken {}

/// Whether each element that begins also ends, in the right order, and there is one.
pub(crate) fn is_whole(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return false };
    let (mut open, mut any) = (Vec::new(), false);
    for token in Tokenizer::from(text) {
        match token {
            Ok(Token::ElementStart { prefix, local, .. }) => {
                open.push((prefix.as_str(), local.as_str()));
                any = true;
            }
            Ok(Token::ElementEnd { end: ElementEnd::Empty, .. }) => drop(open.pop()),
            Ok(Token::ElementEnd { end: ElementEnd::Close(prefix, local), .. }) => {
                if open.pop() != Some((prefix.as_str(), local.as_str())) {
                    return false;
                }
            }
            Ok(_) => (),
            Err(_) => return false,
        }
    }
    any && open.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str =
        "<?xml version=\"1.0\"?>\n<R xmlns=\"u\"><set><item><a>1 &amp; 2</a><b/></item></set><n:t/></R>\n";

    #[test]
    fn an_answer_is_whole_or_it_is_not() {
        assert!(is_whole(WHOLE.as_bytes()));
        assert!(is_whole(b"<R/>"));
        let end = WHOLE.trim_end().len();
        for cut in 0..end {
            assert!(!is_whole(&WHOLE.as_bytes()[..cut]), "{}", &WHOLE[..cut]);
        }
        for body in ["", "{}", "text", "<a></b>", "<a><b></a></b>", "</a>", "<html><br><p>Sign in</html>"] {
            assert!(!is_whole(body.as_bytes()), "{body}");
        }
        assert!(!is_whole(b"<a>\xff</a>"));
    }
}
