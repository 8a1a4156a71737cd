//! The text of a `.env`: lines of `NAME=value`, as shells and their like read them.
//!
//! Own code, since the crate for it ends a variable's name at the first underscore, takes one that is not set for an empty
//! text, and tells of a mistake neither its line nor its variable: `hot,$DD_ENV` became `hot,_ENV` in silence.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// A mistake. It never repeats a value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Line, counted from 1.
    pub line: usize,
    /// The variable; empty where none is known.
    pub name: String,
    /// What is wrong.
    pub why: &'static str,
    /// What to write instead.
    pub cure: &'static str,
}

type Wrong = (&'static str, &'static str);

const FORM: Wrong = ("a line is not of the form NAME=value", "");
const SPACE: Wrong = ("text follows a space in the value", "Quote values with spaces");
const OPEN: Wrong = ("a quote is not closed", "Close it, or put a backslash before a quote that is meant literally");
const ESCAPE: Wrong = (
    "a backslash stands before another character than \\ ' \" $ n or a space",
    "Put a value with backslashes into single quotes",
);
const DOLLAR: Wrong = (
    "a $ outside single quotes names no variable that is set in the environment or on an earlier line",
    "Put a $ that is meant literally into single quotes",
);

/// The variables, and the mistakes beside them. `$NAME` and `${NAME}` stand for a variable of the environment, else for
/// one of an earlier line; not so within single quotes. A quoted value may have several lines.
pub fn read(text: &str, environment: &BTreeMap<String, String>) -> (BTreeMap<String, String>, Vec<Mistake>) {
    let mut variables = BTreeMap::new();
    let mut mistakes = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while !rest.is_empty() {
        let (first, below) = rest.split_once('\n').unwrap_or((rest, ""));
        let mut after = below;
        let content = first.trim();
        if !content.is_empty() && !content.starts_with('#') {
            let found = assignment(first).ok_or((String::new(), FORM)).and_then(|(name, begin)| {
                let mut value = Value { rest: rest[begin..].chars().peekable(), text: String::new() };
                let look = |name: &str| environment.get(name).or_else(|| variables.get(name)).cloned();
                let read = value.read(&look).map_err(|wrong| (name.to_owned(), wrong));
                read.map(|()| (name.to_owned(), value))
            });
            match found {
                Ok((name, value)) => {
                    let left: usize = value.rest.map(char::len_utf8).sum();
                    after = &rest[rest.len() - left..];
                    variables.insert(name, value.text);
                }
                Err((name, (why, cure))) => {
                    mistakes.push(Mistake { line, name, why, cure });
                    if why == OPEN.0 {
                        // Whatever stands below may belong to the value.
                        break;
                    }
                }
            }
        }
        line += rest[..rest.len() - after.len()].matches('\n').count();
        rest = after;
    }
    (variables, mistakes)
}

/// The name in `NAME=...` or `export NAME=...`, and where its value begins.
fn assignment(line: &str) -> Option<(&str, usize)> {
    let (before, _) = line.split_once('=')?;
    let name = before.trim();
    let name = name.strip_prefix("export ").map_or(name, str::trim);
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    // What stands before the = may be more than a name: many tokens end with one.
    let good = name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit() || c == '.');
    good.then_some((name, before.len() + 1))
}

/// A value as it is read, up to the end of its line.
struct Value<'a> {
    rest: Peekable<Chars<'a>>,
    text: String,
}

impl Value<'_> {
    fn read(&mut self, look: &dyn Fn(&str) -> Option<String>) -> Result<(), Wrong> {
        if self.rest.next_if(|c| [' ', '\t'].contains(c)).is_some() {
            while self.rest.next_if(|c| [' ', '\t'].contains(c)).is_some() {}
            if self.rest.peek() == Some(&'#') {
                return self.end();
            }
        }
        loop {
            match self.rest.next() {
                None | Some('\n') => return Ok(()),
                Some('\r') if matches!(self.rest.peek(), None | Some('\n')) => {}
                Some(' ' | '\t') => return self.end(),
                Some('\'') => self.literal()?,
                Some('"') => self.quoted(look)?,
                Some('\\') => self.escaped()?,
                Some('$') => self.variable(look)?,
                Some(c) => self.text.push(c),
            }
        }
    }

    /// Behind the value only a remark may follow.
    fn end(&mut self) -> Result<(), Wrong> {
        while self.rest.next_if(|c| [' ', '\t', '\r'].contains(c)).is_some() {}
        match self.rest.next() {
            None | Some('\n') => Ok(()),
            Some('#') => {
                let _ = self.rest.find(|c| *c == '\n');
                Ok(())
            }
            Some(_) => Err(SPACE),
        }
    }

    fn literal(&mut self) -> Result<(), Wrong> {
        loop {
            match self.rest.next().ok_or(OPEN)? {
                '\'' => return Ok(()),
                c => self.text.push(c),
            }
        }
    }

    fn quoted(&mut self, look: &dyn Fn(&str) -> Option<String>) -> Result<(), Wrong> {
        loop {
            match self.rest.next().ok_or(OPEN)? {
                '"' => return Ok(()),
                '\\' => self.escaped()?,
                '$' => self.variable(look)?,
                c => self.text.push(c),
            }
        }
    }

    fn escaped(&mut self) -> Result<(), Wrong> {
        match self.rest.next() {
            Some('n') => self.text.push('\n'),
            Some(c @ ('\\' | '\'' | '"' | '$' | ' ')) => self.text.push(c),
            _ => return Err(ESCAPE),
        }
        Ok(())
    }

    fn variable(&mut self, look: &dyn Fn(&str) -> Option<String>) -> Result<(), Wrong> {
        let braces = self.rest.next_if_eq(&'{').is_some();
        let mut name = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
        }
        if braces && self.rest.next() != Some('}') {
            return Err(DOLLAR);
        }
        self.text.push_str(&look(&name).ok_or(DOLLAR)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        let environment = BTreeMap::from([("OUTER_NAME".to_owned(), "o".to_owned())]);
        let (variables, mistakes) = read(text, &environment);
        assert_eq!(mistakes, [], "{text}");
        variables.into_iter().collect()
    }

    #[test]
    fn values_as_a_shell_reads_them() {
        for (text, value) in [
            ("A=b", "b"),
            ("  export A = b  # remark\r\n", "b"),
            ("A=b#c", "b#c"),
            ("A=", ""),
            ("A= # remark", ""),
            ("A=#b", "#b"),
            ("A='a $X \\ b' # remark", "a $X \\ b"),
            ("A=\"a \\\"b\\\" \\$X\"", "a \"b\" $X"),
            ("A=\"two\nlines\"\n", "two\nlines"),
            ("A='two\r\nlines'\n", "two\r\nlines"),
            ("A=a\"b c\"'d'e\\ f", "ab cde f"),
            ("A=$OUTER_NAME.${OUTER_NAME}x", "o.ox"),
            ("A=\"$OUTER_NAME\"", "o"),
            ("A=a==", "a=="),
        ] {
            assert_eq!(values(text), [("A".to_owned(), value.to_owned())], "{text}");
        }
        let two = values("# first\n\nA_B=x\nC='1\n2'\nD=$A_B-${C}\n");
        assert_eq!(two.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["x", "1\n2", "x-1\n2"]);
    }

    #[test]
    fn a_variable_of_the_environment_beats_the_earlier_line() {
        let found = values("OUTER_NAME=inner\nX=$OUTER_NAME");
        assert_eq!(found.last().map(|(_, value)| value.as_str()), Some("o"));
    }

    #[test]
    fn a_mistake_has_its_line_and_variable_and_no_value() {
        let text = "# first\nA='1\n2'\nB=two words\ns3cret\ns3 cret==\nC=a$s3cret\nD=${A\nE=a\\s\nF=$\nG=$1\nH=ok\nI=\"s3cret\nJ=1";
        let (variables, mistakes) = read(text, &BTreeMap::new());
        let found: Vec<_> = mistakes.iter().map(|one| (one.line, one.name.as_str(), one.why)).collect();
        let expected = [
            (4, "B", SPACE.0),
            (5, "", FORM.0),
            (6, "", FORM.0),
            (7, "C", DOLLAR.0),
            (8, "D", DOLLAR.0),
            (9, "E", ESCAPE.0),
            (10, "F", DOLLAR.0),
            (11, "G", DOLLAR.0),
            (13, "I", OPEN.0),
        ];
        assert_eq!(found, expected);
        assert_eq!(variables.keys().collect::<Vec<_>>(), ["A", "H"]);
        assert!(!format!("{mistakes:?}").contains("s3"));
    }
}
