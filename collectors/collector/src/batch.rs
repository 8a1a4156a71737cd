//! What a collector returns: gauges, and what is missing with the reason.

use std::borrow::Cow;

use crate::Failure;
use crate::Gauge;
use crate::MetricDef;
use crate::Tags;

/// The result of one collection.
///
/// Three outcomes for each metric: a gauge; an [`Absence`], when the source was read and the metric has no value (an
/// average over nothing); a [`GroupFailure`], when the source could not be read.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    gauges: Vec<Gauge>,
    absences: Vec<Absence>,
    failures: Vec<GroupFailure>,
    warnings: Vec<String>,
}

/// A metric without a value although its source was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Absence {
    /// The metric.
    pub def: &'static MetricDef,
    /// The tags that its point would carry.
    pub tags: Tags,
    /// Why, in a few words without a full stop.
    pub why: Cow<'static, str>,
}

/// A group of metrics that could not be read.
#[derive(Debug, Clone)]
pub struct GroupFailure {
    /// [`MetricDef::group`] of the metrics that are missing.
    pub group: &'static str,
    /// What it failed for, e.g. one repository; empty when for the whole source.
    pub tags: Tags,
    /// Why.
    pub failure: Failure,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Batch::default()
    }

    /// Adds a gauge. A value that is no number of this metric (see [`Gauge::new`]) is left out with a warning.
    pub fn gauge(&mut self, def: &'static MetricDef, value: f64, tags: &Tags) {
        match Gauge::new(def, value, tags.clone()) {
            Ok(gauge) => self.gauges.push(gauge),
            Err(rejected) => self.warnings.push(rejected.to_string()),
        }
    }

    /// Adds a gauge, or notes that the metric has no value, for the reason of [`MetricDef::absent_when`].
    pub fn gauge_or_absent(&mut self, def: &'static MetricDef, value: Option<f64>, tags: &Tags) {
        match value {
            Some(value) => self.gauge(def, value, tags),
            None => self.absent(def, def.absent_when, tags),
        }
    }

    /// Notes that the metric has no value, where the collector knows better why than its definition.
    pub fn absent(&mut self, def: &'static MetricDef, why: impl Into<Cow<'static, str>>, tags: &Tags) {
        self.absences.push(Absence { def, tags: tags.clone(), why: why.into() });
    }

    /// Notes that a group could not be read. The caller adds none of its gauges.
    pub fn fail(&mut self, group: &'static str, tags: &Tags, failure: Failure) {
        self.failures.push(GroupFailure { group, tags: tags.clone(), failure });
    }

    /// Adds a sentence for whoever runs orgpulse: the numbers are right, but something deserves attention.
    pub fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    /// Adds all of another batch.
    pub fn append(&mut self, other: Batch) {
        self.gauges.extend(other.gauges);
        self.absences.extend(other.absences);
        self.failures.extend(other.failures);
        self.warnings.extend(other.warnings);
    }

    /// The gauges.
    pub fn gauges(&self) -> &[Gauge] {
        &self.gauges
    }

    /// Metrics that were read and have no value.
    pub fn absences(&self) -> &[Absence] {
        &self.absences
    }

    /// Groups that could not be read.
    pub fn failures(&self) -> &[GroupFailure] {
        &self.failures
    }

    /// What deserves attention.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
