//! A gauge: a definition, a finite value within its bounds, and tags.

use std::fmt;

use crate::Bounds;
use crate::MetricDef;

/// Tags of a gauge, in the order in which they were added.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tags(Vec<(&'static str, String)>);

impl Tags {
    /// No tags.
    pub fn new() -> Self {
        Tags::default()
    }

    /// These tags and one more.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.0.push((key, value.into()));
        self
    }

    /// Key and value of each tag.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(key, value)| (*key, value.as_str()))
    }

    /// The value of a tag.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(k, _)| *k == key).map(|(_, value)| value)
    }

    /// Whether there is no tag.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Tags {
    /// `org:acme repo:acme/widgets`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (key, value)) in self.iter().enumerate() {
            let space = if i == 0 { "" } else { " " };
            write!(f, "{space}{key}:{value}")?;
        }
        Ok(())
    }
}

/// One value of one metric. It cannot hold NaN, infinity, or a value outside its definition's bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    def: &'static MetricDef,
    value: f64,
    tags: Tags,
}

/// Why a value did not become a gauge.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    /// The metric.
    pub metric: &'static str,
    /// What is wrong with the value or the tags.
    pub why: String,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not sent: {}", self.metric, self.why)
    }
}

impl std::error::Error for Rejected {}

impl Gauge {
    /// A gauge.
    ///
    /// # Errors
    /// When the value is not finite, is outside the definition's bounds, or the tag keys are not the definition's.
    pub fn new(def: &'static MetricDef, value: f64, tags: Tags) -> Result<Self, Rejected> {
        let rejected = |why: String| Rejected { metric: def.name, why };
        if !value.is_finite() {
            return Err(rejected(format!("its value is {value}")));
        }
        if !def.bounds.contains(value) {
            let Bounds { min, max } = def.bounds;
            let range = if max == f64::MAX { format!("below {min}") } else { format!("outside {min} to {max}") };
            return Err(rejected(format!("its value {value} is {range}")));
        }
        if !tags.iter().map(|(key, _)| key).eq(def.tags.iter().copied()) {
            return Err(rejected(format!("its tags ({tags}) are not {:?}", def.tags)));
        }
        // -0.0 equals 0.0 but prints differently.
        Ok(Gauge { def, value: value + 0.0, tags })
    }

    /// The metric's definition.
    pub fn def(&self) -> &'static MetricDef {
        self.def
    }

    /// The value: finite and within the definition's bounds.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The tags, with exactly the definition's keys.
    pub fn tags(&self) -> &Tags {
        &self.tags
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    static SHARE: MetricDef = MetricDef {
        name: "test.share",
        group: "test",
        unit: "percent",
        kind: Kind::Gauge,
        bounds: Bounds::PERCENT,
        tags: &["repo"],
        description: "",
        absent_when: "",
    };

    fn tags() -> Tags {
        Tags::new().with("repo", "acme/widgets")
    }

    #[test]
    fn refuses_what_is_not_a_number_of_the_metric() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.1, 100.1] {
            assert!(Gauge::new(&SHARE, value, tags()).is_err(), "{value}");
        }
        for value in [0.0, 100.0, 33.3] {
            assert_eq!(Gauge::new(&SHARE, value, tags()).map(|g| g.value()), Ok(value));
        }
    }

    #[test]
    fn refuses_other_tags_than_the_definition_names() {
        assert!(Gauge::new(&SHARE, 1.0, Tags::new()).is_err());
        assert!(Gauge::new(&SHARE, 1.0, Tags::new().with("org", "acme")).is_err());
        assert!(Gauge::new(&SHARE, 1.0, tags().with("org", "acme")).is_err());
    }

    #[test]
    fn minus_zero_is_zero() {
        let gauge = Gauge::new(&SHARE, -0.0, tags()).map(|g| g.value().to_string());
        assert_eq!(gauge.as_deref(), Ok("0"));
    }
}
