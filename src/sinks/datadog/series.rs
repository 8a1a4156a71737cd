//! Points -> the JSON of series, by Datadog's rules for names, tags, units and time.
//!
//! Datadog answers 202 before it looks inside, and drops what breaks its rules without a word. So the rules are applied
//! here, where breaking them can be said.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;

use serde::Deserialize;
use serde::Serialize;

use crate::point::Point;

/// Age in seconds at which a point is given up. Datadog silently drops points older than an hour; five minutes are left
/// for the way there.
pub const MAX_AGE_S: i64 = 55 * 60;

/// How far ahead of the clock a point may be, in seconds; Datadog silently drops what is further.
pub const MAX_AHEAD_S: i64 = 10 * 60;

/// Longest metric name and longest tag, in characters.
const MAX_CHARS: usize = 200;

/// Datadog's number for a gauge. 0 ("unspecified") would leave a new metric without a type for good.
const GAUGE: u8 = 3;

/// Those units of the catalog that are on Datadog's list of units (docs, "Metrics Units"). Any other word would be
/// ignored at best, so a branch, a pull request or a GPU is sent as a bare number.
const UNITS: [&str; 18] = [
    "commit",
    "core",
    "day",
    "dollar",
    "error",
    "file",
    "gibibyte",
    "hour",
    "instance",
    "job",
    "millisecond",
    "minute",
    "node",
    "percent",
    "request",
    "second",
    "task",
    "user",
];

/// One series with its one point, as JSON.
///
/// One point each: a run has one instant, and a series of one point can always be packed and split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The element of `series` in the body.
    pub json: Box<str>,
    /// The point's instant, in seconds since the Unix epoch.
    pub timestamp: i64,
}

/// Points made ready.
#[derive(Debug, Default)]
pub struct Prepared {
    /// Sorted by name, then tags.
    pub series: Vec<Series>,
    /// Points that cannot be sent.
    pub refused: u64,
    /// Points older than [`MAX_AGE_S`].
    pub too_old: u64,
    /// What was wrong or had to be changed: one sentence a kind, with a count and an example.
    pub warnings: Vec<String>,
}

#[derive(Serialize)]
struct Gauge<'a> {
    metric: &'a str,
    r#type: u8,
    points: [Value; 1],
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
}

#[derive(Serialize, Deserialize)]
struct Value {
    timestamp: i64,
    #[serde(skip_deserializing)]
    value: f64,
}

/// What is read back from a series: not the value, whose digits must not pass through a parser and change.
#[derive(Deserialize)]
struct Glance {
    metric: String,
    points: Vec<Value>,
}

impl Series {
    /// The series that `json`, an element of a body's `series`, stands for.
    ///
    /// # Errors
    /// When it is not a series of one point.
    pub fn read(json: &str) -> io::Result<Series> {
        let glance: Glance = serde_json::from_str(json)?;
        match glance.points.as_slice() {
            [point] => Ok(Series { json: json.into(), timestamp: point.timestamp }),
            points => Err(io::Error::other(format!("{} has {} points instead of one", glance.metric, points.len()))),
        }
    }

    /// The metric's name.
    pub fn metric(&self) -> String {
        serde_json::from_str(&self.json).map_or_else(|_| "an unnamed metric".to_owned(), |glance: Glance| glance.metric)
    }
}

/// Makes points ready to be sent at `now`, in seconds since the Unix epoch.
pub fn prepare(points: Vec<Point>, now: i64) -> Prepared {
    let mut prepared = Prepared::default();
    let mut notes = Notes::default();
    let mut ready = BTreeMap::new();
    for point in points {
        if point.timestamp < now - MAX_AGE_S {
            prepared.too_old += 1;
            continue;
        }
        match clean(&point, now, &mut notes) {
            Ok((metric, tags)) => match ready.entry((metric, tags, point.timestamp)) {
                Entry::Vacant(place) => {
                    place.insert((point.value, unit(point.unit)));
                }
                Entry::Occupied(_) => {
                    prepared.refused += 1;
                    notes.add(Note::Duplicate, || describe(&point));
                }
            },
            Err(note) => {
                prepared.refused += 1;
                notes.add(note, || describe(&point));
            }
        }
    }
    prepared.series.reserve_exact(ready.len());
    for ((metric, tags, timestamp), (value, unit)) in ready {
        let gauge = Gauge { metric: &metric, r#type: GAUGE, points: [Value { timestamp, value }], tags: &tags, unit };
        match serde_json::to_string(&gauge) {
            Ok(json) => prepared.series.push(Series { json: json.into(), timestamp }),
            Err(error) => {
                prepared.refused += 1;
                notes.add(Note::NotJson, || format!("{metric}: {error}"));
            }
        }
    }
    prepared.warnings = notes.sentences();
    prepared
}

/// What Datadog knows a point by: name, tags and time. Points that have these in common are one point there.
pub fn identity(point: &Point) -> (String, Vec<String>, i64) {
    (clean_name(point.metric), clean_tags(&point.tags), point.timestamp)
}

/// The word for a unit on Datadog's list; none when it has no such unit.
pub fn unit(unit: &str) -> Option<&'static str> {
    UNITS.into_iter().find(|known| *known == unit)
}

/// Name and tags as Datadog would keep them, or why the point cannot be sent.
fn clean(point: &Point, now: i64, notes: &mut Notes) -> Result<(String, Vec<String>), Note> {
    if !point.value.is_finite() {
        return Err(Note::NotFinite);
    }
    if point.timestamp > now + MAX_AHEAD_S {
        return Err(Note::Ahead);
    }
    if !point.metric.starts_with(|c: char| c.is_ascii_alphabetic()) || point.metric.chars().count() > MAX_CHARS {
        return Err(Note::BadName);
    }
    let metric = clean_name(point.metric);
    if metric != point.metric {
        notes.add(Note::NameChanged, || format!("{:?} as {metric}", point.metric));
    }
    for tag in &point.tags {
        let cleaned = clean_tag(tag);
        // Letter case is no news: Datadog keeps all tags in lower case.
        if cleaned != tag.to_lowercase() {
            notes.add(Note::TagChanged, || format!("{tag:?} of {metric} as {cleaned:?}"));
        }
    }
    Ok((metric, clean_tags(&point.tags)))
}

/// A metric's name as Datadog keeps it.
pub fn kept_name(metric: &str) -> String {
    clean_name(metric)
}

/// The value of a tag as Datadog keeps it.
pub fn kept_value(key: &str, value: &str) -> String {
    let tag = clean_tag(&format!("{key}:{value}"));
    tag.split_once(':').map_or_else(String::new, |(_, value)| value.to_owned())
}

fn clean_name(metric: &str) -> String {
    metric.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '.' { c } else { '_' }).collect()
}

/// Tags are a set: another order is not another series.
fn clean_tags(tags: &[String]) -> Vec<String> {
    let mut tags: Vec<String> = tags.iter().map(|tag| clean_tag(tag)).filter(|tag| !tag.is_empty()).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

fn clean_tag(tag: &str) -> String {
    let replaced: String = tag
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | '/') { c } else { '_' })
        .skip_while(|c| !c.is_alphabetic())
        .take(MAX_CHARS)
        .collect();
    replaced.trim_end_matches(':').to_owned()
}

fn describe(point: &Point) -> String {
    format!("{:?} [{}] = {} at {}", point.metric, point.tags.join(" "), point.value, point.timestamp)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Note {
    NotFinite,
    Ahead,
    BadName,
    NameChanged,
    TagChanged,
    Duplicate,
    NotJson,
}

/// How often each kind of trouble was met, and its first example: one sentence a kind, however many points.
#[derive(Default)]
struct Notes(BTreeMap<Note, (u64, String)>);

impl Notes {
    fn add(&mut self, note: Note, example: impl FnOnce() -> String) {
        self.0.entry(note).or_insert_with(|| (0, example())).0 += 1;
    }

    fn sentences(self) -> Vec<String> {
        let sentence = |(note, (count, example)): (Note, (u64, String))| match note {
            Note::NotFinite => format!("{count} points are not sent: their value is not a number ({example})"),
            Note::Ahead => format!(
                "{count} points are not sent: they lie more than 10 minutes ahead of this machine's clock, and Datadog \
                 would drop them silently ({example}); check the clock, and --now"
            ),
            Note::BadName => format!(
                "{count} points are not sent: a metric name starts with an ASCII letter and has at most {MAX_CHARS} \
                 characters ({example})"
            ),
            Note::NameChanged => {
                format!(
                    "{count} points have a metric name with characters that Datadog does not know, sent as _: {example}"
                )
            }
            Note::TagChanged => format!("{count} tags are not as Datadog keeps them, and are changed: {example}"),
            Note::Duplicate => {
                format!("{count} points are not sent: another one has the same name, tags and time ({example})")
            }
            Note::NotJson => format!("{count} points are not sent: they cannot be written as JSON ({example})"),
        };
        self.0.into_iter().map(sentence).collect()
    }
}
