//! One spool file: its name, its header line, its body.
//!
//! The name begins with the oldest timestamp, so that the order of names is the order of age. The header line is
//! `orgpulse-spool 1 <points> <oldest> <newest> <compression> <raw bytes> <CRC-32>`; the checksum covers the fields
//! before it and the body, so that a file cut short or damaged anywhere is recognised.

use std::io;

use bytes::Bytes;
use flate2::Crc;

use crate::sinks::datadog::compress::Compression;
use crate::sinks::datadog::encode::Limits;
use crate::sinks::datadog::encode::Payload;

/// Ends the name of a payload that waits.
pub const WAITING: &str = ".payload";
/// Ends the name of a payload that Datadog refused for good.
pub const REFUSED: &str = ".refused";
/// Ends the name of a file that cannot be read.
pub const CORRUPT: &str = ".corrupt";
/// Begins the name of a file that is being written.
pub const TEMPORARY: &str = ".new-";

/// Longer than any header: eight fields of at most 20 digits.
pub const MAX_HEADER: usize = 256;

const MAGIC: &str = "orgpulse-spool";
const VERSION: &str = "1";

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Points in the payload.
    pub points: u64,
    /// Timestamp of the oldest point, in seconds since the Unix epoch.
    pub oldest: i64,
    /// Timestamp of the newest point.
    pub newest: i64,
    /// How the body is compressed.
    pub compression: Compression,
    /// Length of the body before compression.
    pub raw_bytes: usize,
    /// CRC-32 of the fields before it and of the body.
    pub checksum: u32,
}

/// A name that no other payload has. `sequence` keeps the payloads of one instant in order.
pub fn name(payload: &Payload, sequence: u32) -> String {
    format!("{:012}-{sequence:05}-{:016x}{WAITING}", payload.oldest.max(0), fastrand::u64(..))
}

/// Name of a part of a payload: it begins like the whole's, so that who wrote the whole can find it.
pub fn part_name(whole: &str, number: usize) -> String {
    format!("{}.{number}{WAITING}", stem(whole))
}

/// What the names of a payload, of its parts, and of either when set aside begin with, followed by a dot.
pub fn stem(name: &str) -> &str {
    name.strip_suffix(WAITING).unwrap_or(name)
}

/// The header line, with its line break.
pub fn header(payload: &Payload) -> String {
    let fields = fields(payload.points, payload.oldest, payload.newest, payload.compression, payload.raw_bytes);
    let checksum = checksum(&fields, &payload.body);
    format!("{fields} {checksum:08x}\n")
}

/// Length of a payload's file.
pub fn size(payload: &Payload) -> u64 {
    (header(payload).len() + payload.body.len()) as u64
}

/// Reads a header from the beginning of a file; also how long it is.
pub fn read_header(content: &[u8]) -> io::Result<(Header, usize)> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let end = content.iter().take(MAX_HEADER).position(|b| *b == b'\n').ok_or_else(|| bad("it has no header"))?;
    let line = content
        .get(..end)
        .and_then(|line| std::str::from_utf8(line).ok())
        .ok_or_else(|| bad("its header is not text"))?;
    let fields: Vec<&str> = line.split(' ').collect();
    let [MAGIC, version, points, oldest, newest, compression, raw_bytes, checksum] = fields[..] else {
        return Err(bad("its header is not one of a spool file"));
    };
    if version != VERSION {
        return Err(bad("it was written by another version of orgpulse"));
    }
    let header = || {
        Some(Header {
            points: points.parse().ok()?,
            oldest: oldest.parse().ok()?,
            newest: newest.parse().ok()?,
            compression: Compression::from_word(compression)?,
            // No payload is larger: a broken number must not make the reader reserve memory.
            raw_bytes: raw_bytes.parse().ok().filter(|bytes| *bytes <= Limits::DATADOG.raw)?,
            checksum: u32::from_str_radix(checksum, 16).ok()?,
        })
    };
    Ok((header().ok_or_else(|| bad("its header has a field that makes no sense"))?, end + 1))
}

/// Reads a whole file.
pub fn read(content: Vec<u8>) -> io::Result<Payload> {
    let (header, length) = read_header(&content)?;
    let body = Bytes::from(content).slice(length..);
    let Header { points, oldest, newest, compression, raw_bytes, .. } = header;
    if checksum(&fields(points, oldest, newest, compression, raw_bytes), &body) != header.checksum {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is wrong: it is damaged or cut short"));
    }
    Ok(Payload { body, compression, raw_bytes, points, oldest, newest })
}

fn fields(points: u64, oldest: i64, newest: i64, compression: Compression, raw_bytes: usize) -> String {
    format!("{MAGIC} {VERSION} {points} {oldest} {newest} {} {raw_bytes}", compression.as_str())
}

fn checksum(fields: &str, body: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(fields.as_bytes());
    crc.update(body);
    crc.sum()
}
