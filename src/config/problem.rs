//! Mistakes in the configuration, gathered so that all are told at once.

use std::fmt;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// File or "environment".
    pub place: String,
    /// Key or variable.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
    /// What to write instead.
    pub suggestion: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.name.is_empty() {
            write!(f, "{}: ", self.name)?;
        }
        write!(f, "{}", self.why)?;
        if !self.suggestion.is_empty() {
            write!(f, ". {}", self.suggestion)?;
        }
        Ok(())
    }
}

/// All mistakes of a configuration; the error that ends a command with exit code 2.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a mistake.
    pub fn add(
        &mut self,
        place: impl Into<String>,
        name: impl Into<String>,
        why: impl Into<String>,
        suggestion: impl Into<String>,
    ) {
        let problem =
            Problem { place: place.into(), name: name.into(), why: why.into(), suggestion: suggestion.into() };
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds those of another list.
    pub fn extend(&mut self, other: Problems) {
        for problem in other.0 {
            self.add(problem.place, problem.name, problem.why, problem.suggestion);
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "the configuration has a mistake: {one}"),
            many => {
                write!(f, "the configuration has {} mistakes:", many.len())?;
                for problem in many {
                    write!(f, "\n  - {problem}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Problems {}

/// "Did you mean x?" when one of `known` is close to `text`, else nothing.
pub fn did_you_mean<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|candidate| (strsim::jaro_winkler(text, candidate), candidate))
        // Below this, suggestions are noise ("ec2" for "github").
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, candidate)| format!("Did you mean {candidate}?"))
}

/// The text with a capital first letter.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
