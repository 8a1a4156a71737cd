//! A check: a metric, a target, and whether it is met.

use std::fmt;

use collector::Tags;

use super::input::Combine;
use super::input::Input;
use super::input::Value;
use super::known::Fold;
use super::known::Gap;
use super::known::Known;
use super::known::Metric;

/// A check, as it was declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Its one name, the value of its tag.
    pub name: String,
    /// The metric that is looked at.
    pub metric: Metric,
    /// Only series with these tags count.
    pub tags: Vec<(&'static str, String)>,
    /// How the value must relate to the target.
    pub comparison: Comparison,
    /// The target.
    pub target: f64,
    /// The value up to which a missed target is only a warning.
    pub warn: Option<f64>,
    /// How several series become one value; none = the worst of them counts.
    pub combine: Option<Combine>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// Where to read on.
    pub link: Option<String>,
}

/// How a value must relate to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The target is met.
    Met,
    /// Missed, but not beyond the warning.
    Warn,
    /// Nobody knows.
    Unknown,
    /// Missed.
    Missed,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The value, or why there is none.
    pub value: Result<Value, Gap>,
    /// The judgement.
    pub state: State,
}

impl Comparison {
    /// All of them.
    pub const ALL: [Comparison; 4] = [Comparison::Below, Comparison::AtMost, Comparison::Above, Comparison::AtLeast];

    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Comparison::Below => "<",
            Comparison::AtMost => "<=",
            Comparison::Above => ">",
            Comparison::AtLeast => ">=",
        }
    }

    /// Whether a value relates so to a bound.
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Comparison::Below => value < bound,
            Comparison::AtMost => value <= bound,
            Comparison::Above => value > bound,
            Comparison::AtLeast => value >= bound,
        }
    }

    /// Whether less is better.
    pub fn wants_less(self) -> bool {
        matches!(self, Comparison::Below | Comparison::AtMost)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign())
    }
}

impl State {
    /// The value of `orgpulse.check.ok`.
    pub fn ok(self) -> Option<f64> {
        match self {
            State::Met => Some(1.0),
            State::Warn => Some(0.5),
            State::Missed => Some(0.0),
            State::Unknown => None,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            State::Met => "met",
            State::Warn => "warn",
            State::Missed => "missed",
            State::Unknown => "unknown",
        }
    }
}

impl Check {
    /// What it looks at, as an input.
    pub fn input(&self) -> Input {
        let worst = if self.comparison.wants_less() { Combine::Max } else { Combine::Min };
        Input {
            metrics: vec![self.metric],
            over: Vec::new(),
            tags: self.tags.clone(),
            combine: Some(self.combine.unwrap_or(worst)),
        }
    }

    /// Judges it.
    pub fn evaluate(&self, known: &Known, fold: Fold) -> Verdict {
        let value = self.input().index(known, &[], fold).value(&[]);
        let state = value.as_ref().map_or(State::Unknown, |value| self.judge(value.value));
        Verdict { value, state }
    }

    /// The judgement of a value.
    pub fn judge(&self, value: f64) -> State {
        match self.warn {
            _ if self.comparison.holds(value, self.target) => State::Met,
            Some(warn) if self.comparison.holds(value, warn) => State::Warn,
            _ => State::Missed,
        }
    }

    /// The tag of its gauges.
    pub fn tag(&self) -> Tags {
        Tags::new().with("check", self.name.as_str())
    }
}
