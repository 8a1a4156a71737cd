//! One input of a score or check: which series it is made of, and how they become one value for each thing.

use std::collections::HashMap;
use std::fmt;

use collector::Tags;

use super::known::Cause;
use super::known::Fold;
use super::known::Gap;
use super::known::Known;
use super::known::Metric;
use super::known::Origin;
use super::known::Series;

/// How several series of one thing become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combine {
    /// Their sum; none where one of them is unknown.
    Sum,
    /// Their mean.
    Mean,
    /// The greatest.
    Max,
    /// The least.
    Min,
}

/// What a value is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Metrics that are added up; all have the same tag keys.
    pub metrics: Vec<Metric>,
    /// What their sum is divided by, added up likewise; nothing when it is not a ratio.
    pub over: Vec<Metric>,
    /// Only series with these tags count.
    pub tags: Vec<(&'static str, String)>,
    /// How several series of one thing become one. Without it several are none, but for a ratio: there the sums are
    /// divided.
    pub combine: Option<Combine>,
}

/// A value, and what it was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// The value.
    pub value: f64,
    /// The sum of each metric's series, first those that are added up, then those of the divisor.
    pub terms: Vec<f64>,
    /// How many series of each metric there were.
    pub series: usize,
    /// The tags of the series that decided, where it was one.
    pub tags: Option<Tags>,
    /// The history, if any of it came from there.
    pub origin: Origin,
}

/// The series of one thing.
#[derive(Debug, Default)]
struct Slot<'a> {
    /// For each metric.
    series: Vec<Vec<&'a Series>>,
    gaps: Vec<&'a Gap>,
}

/// An input's series by the values of the keys that it is divided by.
#[derive(Debug)]
pub struct Indexed<'a> {
    input: &'a Input,
    slots: HashMap<Vec<String>, Slot<'a>>,
    /// Gaps that lack some of the keys, and so may concern several things.
    loose: Vec<&'a Gap>,
    fold: Fold,
    keys: Vec<&'static str>,
}

impl Input {
    /// The keys that its metrics have in common, which is all of them.
    pub fn keys(&self) -> &'static [&'static str] {
        self.metrics.first().map_or(&[], |metric| metric.def.tags)
    }

    /// Every metric, first those that are added up.
    pub fn all(&self) -> impl Iterator<Item = &Metric> {
        self.metrics.iter().chain(&self.over)
    }

    /// Divides its series by those of `by` that it has.
    pub fn index<'a>(&'a self, known: &'a Known, by: &[&'static str], fold: Fold) -> Indexed<'a> {
        let keys: Vec<&'static str> = by.iter().copied().filter(|key| self.keys().contains(key)).collect();
        let places: Vec<usize> = keys.iter().filter_map(|key| self.keys().iter().position(|own| own == key)).collect();
        let count = self.all().count();
        let mut indexed = Indexed { input: self, slots: HashMap::new(), loose: Vec::new(), fold, keys };
        let new = || Slot { series: vec![Vec::new(); count], gaps: Vec::new() };
        for (at, metric) in self.all().enumerate() {
            let Some(facts) = known.of(metric.def.name) else { continue };
            for series in facts.series.iter().filter(|series| self.wants(&series.tags, fold)) {
                let key = places.iter().filter_map(|place| series.key.get(*place).cloned()).collect();
                indexed.slots.entry(key).or_insert_with(new).series[at].push(series);
            }
            for gap in facts.gaps.iter().filter(|gap| self.may_want(&gap.tags, fold)) {
                let key: Option<Vec<String>> =
                    indexed.keys.iter().map(|key| Some(fold(key, gap.tags.get(key)?))).collect();
                // That a source was not collected at all says of no thing that it is there.
                match key.filter(|_| gap.cause == Cause::None || !gap.tags.is_empty()) {
                    Some(key) => indexed.slots.entry(key).or_insert_with(new).gaps.push(gap),
                    None => indexed.loose.push(gap),
                }
            }
        }
        indexed
    }

    fn wants(&self, tags: &Tags, fold: Fold) -> bool {
        self.tags.iter().all(|(key, value)| tags.get(key).is_some_and(|own| fold(key, own) == fold(key, value)))
    }

    /// Whether a gap of these tags, which may be fewer than the metric's, concerns it.
    fn may_want(&self, tags: &Tags, fold: Fold) -> bool {
        self.tags.iter().all(|(key, value)| tags.get(key).is_none_or(|own| fold(key, own) == fold(key, value)))
    }
}

impl Indexed<'_> {
    /// The keys that it is divided by.
    pub fn keys(&self) -> &[&'static str] {
        &self.keys
    }

    /// Each thing that something is known of, by its folded values, with the values as they were written.
    pub fn things(&self) -> impl Iterator<Item = (&Vec<String>, Tags)> {
        self.slots.iter().map(|(key, slot)| {
            let tags = slot.series.iter().flatten().map(|series| &series.tags);
            let tags = tags.chain(slot.gaps.iter().map(|gap| &gap.tags)).next();
            let own = self.keys.iter().filter_map(|key| Some((*key, tags?.get(key)?)));
            (key, own.fold(Tags::new(), |tags, (key, value)| tags.with(key, value)))
        })
    }

    /// A gap that concerns no thing by name.
    pub fn unnamed_gap(&self) -> Option<&Gap> {
        self.loose.first().copied()
    }

    /// The value for one thing, whose values of [`Indexed::keys`] these are.
    ///
    /// # Errors
    /// Why there is none.
    pub fn value(&self, key: &[String]) -> Result<Value, Gap> {
        let slot = self.slots.get(key);
        let touching = |gap: &&&Gap| {
            let own = self.keys.iter().zip(key);
            own.into_iter()
                .all(|(name, value)| gap.tags.get(name).is_none_or(|other| (self.fold)(name, other) == *value))
        };
        let keyed = slot.map_or(&[][..], |slot| &slot.gaps);
        let gaps = || keyed.iter().chain(self.loose.iter().filter(touching)).copied();
        let missing = |why: String| Gap { tags: Tags::new(), cause: Cause::None, why };
        // What could not be read may be anything. What has no value by its definition is no part of a mean or of an
        // extreme, but a sum without it would pass for the whole.
        let whole = matches!(self.input.combine, None | Some(Combine::Sum));
        let empty = slot.is_none_or(|slot| slot.series.iter().any(Vec::is_empty));
        let blocking = gaps().find(|gap| gap.cause != Cause::None).or_else(|| gaps().next().filter(|_| whole || empty));
        if let Some(gap) = blocking {
            return Err(gap.clone());
        }
        let Some(slot) = slot.filter(|_| !empty) else {
            return Err(missing("its source gave no value".to_owned()));
        };
        self.combined(slot).map_err(missing)
    }

    fn combined(&self, slot: &Slot<'_>) -> Result<Value, String> {
        let [first, rest @ ..] = slot.series.as_slice() else { return Err("it has no metric".to_owned()) };
        let sorted = |series: &[&Series]| {
            let mut keys: Vec<Vec<String>> = series.iter().map(|series| series.key.clone()).collect();
            keys.sort();
            keys
        };
        // One thing, one series: the common case, without copies.
        let same = |other: &Vec<&Series>| match (first.as_slice(), other.as_slice()) {
            ([one], [other]) => one.key == other.key,
            (one, other) => sorted(one) == sorted(other),
        };
        if !rest.iter().all(same) {
            return Err("its metrics are not there for the same things".to_owned());
        }
        let terms: Vec<f64> = slot.series.iter().map(|series| series.iter().map(|one| one.value).sum()).collect();
        let (above, below) = terms.split_at(self.input.metrics.len());
        let (above, below): (f64, f64) = (above.iter().sum(), below.iter().sum());
        let value = match (self.input.over.is_empty(), first.len(), self.input.combine) {
            (false, _, _) if below == 0.0 => return Err("there is nothing to divide by".to_owned()),
            (false, _, _) => above / below,
            (true, 1, _) | (true, _, Some(Combine::Sum)) => above,
            (true, count, Some(Combine::Mean)) => above / count as f64,
            (true, _, Some(combine)) => return Ok(self.extreme(slot, combine, terms)),
            (true, count, None) => {
                let tags: Vec<String> = first.iter().take(3).map(|series| series.tags.to_string()).collect();
                return Err(format!(
                    "{count} series fall together ({}, ...) and the declaration does not say how: give it combine or by",
                    tags.join("; ")
                ));
            }
        };
        if !value.is_finite() {
            return Err(format!("its value is {value}"));
        }
        let tags = if let [one] = first.as_slice() { Some(one.tags.clone()) } else { None };
        Ok(Value { value, terms, series: first.len(), tags, origin: origin(slot) })
    }

    fn extreme(&self, slot: &Slot<'_>, combine: Combine, terms: Vec<f64>) -> Value {
        let mut sums: HashMap<&[String], (f64, &Tags)> = HashMap::new();
        for series in slot.series.iter().flatten() {
            sums.entry(&series.key).or_insert((0.0, &series.tags)).0 += series.value;
        }
        let mut sums: Vec<(&[String], (f64, &Tags))> = sums.into_iter().collect();
        // Of equals the first by name, whatever the order of the map.
        sums.sort_by(|(one_key, (one, _)), (other_key, (other, _))| {
            let order = if combine == Combine::Max { other.total_cmp(one) } else { one.total_cmp(other) };
            order.then_with(|| one_key.cmp(other_key))
        });
        let (value, tags) = sums.first().map_or((0.0, None), |(_, (value, tags))| (*value, Some((*tags).clone())));
        Value { value, terms, series: sums.len(), tags, origin: origin(slot) }
    }
}

fn origin(slot: &Slot<'_>) -> Origin {
    slot.series.iter().flatten().map(|series| series.origin).max().unwrap_or(Origin::Run)
}

impl fmt::Display for Input {
    /// `(k8s.pods.failed + k8s.pods.crash_looping) / k8s.pods.total`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = |metrics: &[Metric]| {
            let names = metrics.iter().map(|metric| metric.def.name).collect::<Vec<_>>().join(" + ");
            if metrics.len() > 1 && !self.over.is_empty() { format!("({names})") } else { names }
        };
        let combine = match self.combine {
            Some(Combine::Sum) if self.over.is_empty() => "sum of ",
            Some(Combine::Mean) => "mean of ",
            Some(Combine::Max) => "greatest ",
            Some(Combine::Min) => "least ",
            Some(Combine::Sum) | None => "",
        };
        write!(f, "{combine}{}", sum(&self.metrics))?;
        if !self.over.is_empty() {
            write!(f, " / {}", sum(&self.over))?;
        }
        if !self.tags.is_empty() {
            let tags: Vec<String> = self.tags.iter().map(|(key, value)| format!("{key}:{value}")).collect();
            write!(f, " of {}", tags.join(", "))?;
        }
        Ok(())
    }
}
