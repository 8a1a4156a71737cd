//! A request's parameters.

use super::reply::Reply;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Name and value of each, decoded, in their order.
#[derive(Debug, Clone)]
pub struct Query(Vec<(String, String)>);

/// Which completed tasks to leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// None.
    Ever,
    /// All of them.
    Now,
    /// Those completed before.
    At(Timestamp),
}

impl Query {
    pub fn parse(text: &str) -> Query {
        let pair = |text: &str| {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            (decoded(name), decoded(value))
        };
        Query(text.split('&').filter(|p| !p.is_empty()).map(pair).collect())
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }

    /// A parameter's last value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(n, _)| n.as_str())
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, Reply> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(Reply::bad_request(&format!("{name}: Not a boolean: {other}"))),
        }
    }

    /// How many items a page may have; none when the whole listing is asked for.
    pub fn limit(&self) -> Result<Option<usize>, Reply> {
        let Some(text) = self.get("limit") else { return Ok(None) };
        let limit = text.parse().ok().filter(|n| (1..=100).contains(n));
        limit.map(Some).ok_or_else(|| Reply::bad_request("limit: Must be between 1 and 100 inclusive"))
    }

    pub fn instant(&self, name: &str) -> Result<Option<Timestamp>, Reply> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|z| z.timestamp());
        let at = text.parse::<Timestamp>().ok().or_else(day);
        at.map(Some).ok_or_else(|| Reply::bad_request(&format!("{name}: Not a valid date-time: {text}")))
    }

    pub fn completed_since(&self) -> Result<Since, Reply> {
        match self.get("completed_since") {
            Some("now") => Ok(Since::Now),
            _ => Ok(self.instant("completed_since")?.map_or(Since::Ever, Since::At)),
        }
    }

    /// The fields that are asked for; none where the parameter is not there.
    pub fn fields(&self) -> Option<Vec<&str>> {
        self.get("opt_fields").map(|text| text.split(',').filter(|field| !field.is_empty()).collect())
    }

    /// The query of a listing without its place in it: an offset is good for this one alone.
    pub fn listing(&self, path: &str) -> String {
        let mut pairs: Vec<_> = self.0.iter().filter(|(n, _)| n != "offset" && n != "opt_pretty").collect();
        pairs.sort();
        format!("{path}?{pairs:?}")
    }

    /// The same query with another offset, encoded.
    pub fn at_offset(&self, offset: &str) -> String {
        let kept = self.0.iter().filter(|(n, _)| n != "offset");
        let mut text: String = kept.map(|(n, v)| format!("{}={}&", encoded(n), encoded(v))).collect();
        text.push_str("offset=");
        text + &encoded(offset)
    }
}

/// A path's segments, decoded.
pub fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|s| !s.is_empty()).map(decoded).collect()
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(byte) = hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { (b as char).to_string() } else { format!("%{b:02X}") }).collect()
}
