//! From a query and the stored series to groups of points.

use std::collections::BTreeMap;

use super::query::MetricQuery;
use super::query::Space;
use super::store::Stored;

/// One group's points.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// Values of the keys that the query groups by, in their order.
    pub(super) values: Vec<String>,
    /// By timestamp in seconds.
    pub(super) points: BTreeMap<i64, f64>,
}

impl Group {
    /// `key:value` for each key.
    pub(super) fn tags(&self, query: &MetricQuery) -> Vec<String> {
        query.by.iter().zip(&self.values).map(|(key, value)| format!("{key}:{value}")).collect()
    }
}

/// The groups that have a point at or after `from` and before `to`, in seconds, by their values.
///
/// # Errors
/// When the answer is not defined.
pub(super) fn run(query: &MetricQuery, series: &[Stored], from: i64, to: i64) -> Result<Vec<Group>, String> {
    let mut gathered: BTreeMap<Vec<String>, BTreeMap<i64, Vec<f64>>> = BTreeMap::new();
    for one in series.iter().filter(|one| query.conditions.iter().all(|condition| condition.holds(&one.tags))) {
        for values in groups_of(&one.tags, &query.by) {
            for (timestamp, value) in one.points.iter().filter(|(at, _)| (from..to).contains(at)) {
                gathered.entry(values.clone()).or_default().entry(*timestamp).or_default().push(*value);
            }
        }
    }
    let mut groups = Vec::new();
    for (values, instants) in gathered {
        let mut points = BTreeMap::new();
        for (timestamp, found) in instants {
            points.insert(timestamp, across(query.space, &found)?);
        }
        groups.push(Group { values, points });
    }
    Ok(groups)
}

/// A group's points brought together by intervals of so many seconds: the mean of each, at its start. This is the
/// vendor's default for gauges.
pub(super) fn by_interval(points: &BTreeMap<i64, f64>, seconds: i64) -> BTreeMap<i64, f64> {
    let mut buckets: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for (timestamp, value) in points {
        buckets.entry(timestamp - timestamp.rem_euclid(seconds)).or_default().push(*value);
    }
    buckets.into_iter().map(|(start, values)| (start, mean(&values))).collect()
}

/// One value of a group's points, which are not empty.
///
/// # Errors
/// When the aggregator is not simulated.
pub(super) fn over_time(aggregator: &str, points: &BTreeMap<i64, f64>) -> Result<Option<f64>, String> {
    let values: Vec<f64> = points.values().copied().collect();
    Ok(match aggregator {
        _ if values.is_empty() => None,
        "avg" | "mean" => Some(mean(&values)),
        "min" => values.into_iter().reduce(f64::min),
        "max" => values.into_iter().reduce(f64::max),
        "sum" => Some(values.into_iter().sum()),
        "last" => values.last().copied(),
        "l2norm" => Some(values.into_iter().map(|value| value * value).sum::<f64>().sqrt()),
        other => return Err(format!("the aggregator {other:?} is not simulated")),
    })
}

fn across(space: Space, values: &[f64]) -> Result<f64, String> {
    match (space, values) {
        (_, [one]) => Ok(*one),
        (Space::Avg, _) => Ok(mean(values)),
        (Space::Max, _) => Ok(values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        (Space::Min, _) => Ok(values.iter().copied().fold(f64::INFINITY, f64::min)),
        (Space::Sum, _) => Ok(values.iter().sum()),
        (Space::Last, _) => Err("last: of several series at one instant is not simulated".to_owned()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "no group has 2^52 values")]
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The groups that a series belongs to: one for each combination of its values of the keys. A key that it lacks has the
/// value `N/A`.
fn groups_of(tags: &[String], by: &[String]) -> Vec<Vec<String>> {
    let mut groups = vec![Vec::new()];
    for key in by {
        let mut values: Vec<&str> =
            tags.iter().filter_map(|tag| tag.strip_prefix(key.as_str())?.strip_prefix(':')).collect();
        if values.is_empty() {
            values.push("N/A");
        }
        groups = groups
            .into_iter()
            .flat_map(|group: Vec<String>| {
                values.iter().map(move |value| [group.clone(), vec![(*value).to_owned()]].concat())
            })
            .collect();
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::super::payload::MetricType;
    use super::super::query::parse;
    use super::*;

    fn series(tags: &[&str], points: &[(i64, f64)]) -> Stored {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let points = points.iter().copied().collect();
        Stored { metric: "a".to_owned(), kind: MetricType::Gauge, unit: None, tags, points }
    }

    fn sample() -> Vec<Stored> {
        vec![
            series(&["env:x", "repo:one"], &[(10, 1.0), (20, 2.0)]),
            series(&["env:x", "repo:two"], &[(10, 4.0)]),
            series(&["repo:one", "repo:two"], &[(10, 8.0)]),
        ]
    }

    type Found = (Vec<String>, Vec<(i64, f64)>);

    fn answer(text: &str, from: i64, to: i64) -> Vec<Found> {
        let groups = run(&parse(text).unwrap(), &sample(), from, to).unwrap();
        groups.into_iter().map(|group| (group.values, group.points.into_iter().collect())).collect()
    }

    #[test]
    fn brings_series_together_at_each_instant() {
        for (space, at_ten) in [("avg", 13.0 / 3.0), ("max", 8.0), ("min", 1.0), ("sum", 13.0)] {
            assert_eq!(
                answer(&format!("{space}:a{{*}}"), 0, 100),
                [(vec![], vec![(10, at_ten), (20, 2.0)])],
                "{space}"
            );
        }
        assert!(run(&parse("last:a{*}").unwrap(), &sample(), 0, 100).is_err());
        assert_eq!(answer("last:a{repo:two,env:x}", 0, 100), [(vec![], vec![(10, 4.0)])]);
    }

    #[test]
    fn groups_by_every_value_of_a_key() {
        let one = (vec!["one".to_owned()], vec![(10, 9.0), (20, 2.0)]);
        let two = (vec!["two".to_owned()], vec![(10, 12.0)]);
        assert_eq!(answer("sum:a{*} by {repo}", 0, 100), [one, two]);
        assert_eq!(answer("sum:a{*} by {env}", 0, 100)[0], (vec!["N/A".to_owned()], vec![(10, 8.0)]));
    }

    #[test]
    fn from_is_in_and_to_is_not() {
        assert_eq!(answer("sum:a{*}", 10, 20), [(vec![], vec![(10, 13.0)])]);
        assert_eq!(answer("sum:a{*}", 11, 21), [(vec![], vec![(20, 2.0)])]);
        assert_eq!(answer("sum:a{*}", 21, 30), []);
    }

    #[test]
    fn one_value_over_time() {
        let points: BTreeMap<i64, f64> = [(1, 3.0), (2, -4.0), (7, 0.0)].into();
        for (aggregator, value) in [
            ("avg", -1.0 / 3.0),
            ("mean", -1.0 / 3.0),
            ("min", -4.0),
            ("max", 3.0),
            ("sum", -1.0),
            ("last", 0.0),
            ("l2norm", 5.0),
        ] {
            assert_eq!(over_time(aggregator, &points), Ok(Some(value)), "{aggregator}");
        }
        assert!(over_time("percentile", &points).is_err());
        assert_eq!(by_interval(&points, 5), [(0, -0.5), (5, 0.0)].into());
    }
}
