//! Series -> payloads that keep to the limits of the intake, split before they are sent.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::compress::Compression;
use super::series::Series;

const HEAD: &str = "{\"series\":[";
const TAIL: &str = "]}";

/// Most that one request may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body on the wire.
    pub compressed: usize,
    /// Bytes of the body before compression.
    pub raw: usize,
    /// Points.
    pub points: usize,
}

impl Limits {
    /// The intake's: 512,000 bytes, and raw "less than" 5,242,880 bytes (POST /api/v2/series); 10,000 points is what the
    /// Datadog Agent keeps to.
    pub const DATADOG: Limits = Limits { compressed: 512_000, raw: 5_242_880 - 1, points: 10_000 };
}

/// The body of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The body as it goes over the wire.
    pub body: Bytes,
    /// How it is compressed.
    pub compression: Compression,
    /// Its length before compression.
    pub raw_bytes: usize,
    /// Points in it.
    pub points: u64,
    /// Timestamp of its oldest point, in seconds since the Unix epoch.
    pub oldest: i64,
    /// Timestamp of its newest point.
    pub newest: i64,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    series: Vec<&'a RawValue>,
}

impl Payload {
    /// The series in it, each the very bytes that were packed.
    ///
    /// # Errors
    /// When the body is not what an [`Encoder`] makes.
    pub fn series(&self) -> io::Result<Vec<Series>> {
        let raw = self.compression.expand(&self.body, self.raw_bytes)?;
        let body: Body<'_> = serde_json::from_slice(&raw)?;
        body.series.into_iter().map(|series| Series::read(series.get())).collect()
    }

    /// The first metric in it, for messages.
    pub fn first_metric(&self) -> String {
        let first = self.series().ok().and_then(|series| series.first().map(Series::metric));
        first.unwrap_or_else(|| "an unreadable series".to_owned())
    }

    /// The same series in two payloads; none when there is but one series.
    ///
    /// # Errors
    /// When the body is not what an [`Encoder`] makes.
    pub fn halves(&self, limits: Limits) -> io::Result<Option<Vec<Payload>>> {
        let mut first = self.series()?;
        if first.len() < 2 {
            return Ok(None);
        }
        let second = first.split_off(first.len() / 2);
        let mut halves = encode_all(first, self.compression, limits)?;
        halves.extend(encode_all(second, self.compression, limits)?);
        Ok(Some(halves))
    }

    /// The series that are not older than `cutoff`, in as many payloads as they need.
    ///
    /// # Errors
    /// When the body is not what an [`Encoder`] makes.
    pub fn newer_than(&self, cutoff: i64, limits: Limits) -> io::Result<Vec<Payload>> {
        let mut series = self.series()?;
        series.retain(|series| series.timestamp >= cutoff);
        encode_all(series, self.compression, limits)
    }
}

/// What the encoder yields.
#[derive(Debug, PartialEq, Eq)]
pub enum Encoded {
    /// A body within the limits.
    Payload(Payload),
    /// What no request can carry.
    Unsendable {
        /// The metric, the first one if there are several.
        metric: String,
        /// Points in it.
        points: u64,
        /// Why, as a clause.
        why: String,
    },
}

/// Packs series into payloads, one at a time, so that only one of them is in memory.
#[derive(Debug)]
pub struct Encoder {
    series: Vec<Series>,
    compression: Compression,
    limits: Limits,
    /// Index of the first series that is in no payload and in no range yet.
    next: usize,
    /// Parts of a batch that was too large when compressed.
    parts: Vec<Range<usize>>,
    returned: VecDeque<Payload>,
}

impl Encoder {
    /// An encoder of `series`, in their order.
    pub fn new(series: Vec<Series>, compression: Compression, limits: Limits) -> Encoder {
        Encoder { series, compression, limits, next: 0, parts: Vec::new(), returned: VecDeque::new() }
    }

    /// Takes a payload back: it is yielded again, before those not encoded yet.
    pub fn take_back(&mut self, payload: Payload) {
        self.returned.push_front(payload);
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.returned.is_empty() && self.parts.is_empty() && self.next == self.series.len()
    }

    /// The next batch by raw size and number of points: these two can be counted before compression.
    fn fill(&mut self) -> Option<Range<usize>> {
        // An uncompressed body is bound by the wire's limit alone.
        let raw_limit = match self.compression {
            Compression::None => self.limits.raw.min(self.limits.compressed),
            Compression::Gzip | Compression::Zstd => self.limits.raw,
        };
        let start = self.next;
        let mut size = HEAD.len() + TAIL.len();
        for series in self.series.get(start..)?.iter().take(self.limits.points) {
            let comma = usize::from(self.next > start);
            size += series.json.len() + comma;
            if size > raw_limit && self.next > start {
                break;
            }
            self.next += 1;
        }
        (self.next > start).then_some(start..self.next)
    }

    fn encode(&mut self, range: Range<usize>) -> Encoded {
        let series = self.series.get(range).unwrap_or_default();
        let size = series.iter().map(|series| series.json.len() + 1).sum::<usize>() + HEAD.len() + TAIL.len();
        let mut raw = String::with_capacity(size);
        raw.push_str(HEAD);
        for (i, series) in series.iter().enumerate() {
            if i > 0 {
                raw.push(',');
            }
            raw.push_str(&series.json);
        }
        raw.push_str(TAIL);
        let body = match self.compression.compress(raw.as_bytes()) {
            Ok(body) => body,
            Err(error) => return unsendable(series, format!("it cannot be compressed: {error}")),
        };
        let times = || series.iter().map(|series| series.timestamp);
        Encoded::Payload(Payload {
            body: body.into(),
            compression: self.compression,
            raw_bytes: raw.len(),
            points: series.len() as u64,
            oldest: times().min().unwrap_or_default(),
            newest: times().max().unwrap_or_default(),
        })
    }
}

impl Iterator for Encoder {
    type Item = Encoded;

    fn next(&mut self) -> Option<Encoded> {
        if let Some(payload) = self.returned.pop_front() {
            return Some(Encoded::Payload(payload));
        }
        loop {
            let range = match self.parts.pop() {
                Some(part) => part,
                None => self.fill()?,
            };
            let payload = match self.encode(range.clone()) {
                Encoded::Payload(payload) => payload,
                unsendable @ Encoded::Unsendable { .. } => return Some(unsendable),
            };
            if payload.body.len() <= self.limits.compressed && payload.raw_bytes <= self.limits.raw {
                return Some(Encoded::Payload(payload));
            }
            if range.len() <= 1 {
                let why = format!(
                    "its one series takes {} bytes, {} compressed; Datadog takes {} and {}",
                    payload.raw_bytes,
                    payload.body.len(),
                    self.limits.raw,
                    self.limits.compressed
                );
                return Some(unsendable(self.series.get(range).unwrap_or_default(), why));
            }
            let middle = range.start + range.len() / 2;
            self.parts.push(middle..range.end);
            self.parts.push(range.start..middle);
        }
    }
}

fn unsendable(series: &[Series], why: String) -> Encoded {
    let metric = series.first().map(Series::metric).unwrap_or_default();
    Encoded::Unsendable { metric, points: series.len() as u64, why }
}

fn encode_all(series: Vec<Series>, compression: Compression, limits: Limits) -> io::Result<Vec<Payload>> {
    let one = |encoded| match encoded {
        Encoded::Payload(payload) => Ok(payload),
        Encoded::Unsendable { metric, why, .. } => Err(io::Error::other(format!("{metric} cannot be sent: {why}"))),
    };
    Encoder::new(series, compression, limits).map(one).collect()
}
