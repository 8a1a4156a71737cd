//! GitHub's search syntax for instants: `A..B`, `*..B`, `A..*`, `>=A`, `>A`, `<=B`, `<B`, `A`.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A range of instants, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub start: i64,
    pub end: i64,
}

impl Range {
    /// None when the text is no such range.
    pub fn parse(text: &str) -> Option<Range> {
        let all = Range { start: i64::MIN, end: i64::MAX };
        if let Some((a, b)) = text.split_once("..") {
            let start = if a == "*" { i64::MIN } else { instant(a)?.start };
            let end = if b == "*" { i64::MAX } else { instant(b)?.end };
            return Some(Range { start, end });
        }
        if let Some(rest) = text.strip_prefix(">=") {
            return Some(Range { start: instant(rest)?.start, ..all });
        }
        if let Some(rest) = text.strip_prefix("<=") {
            return Some(Range { end: instant(rest)?.end, ..all });
        }
        if let Some(rest) = text.strip_prefix('>') {
            return Some(Range { start: instant(rest)?.end + 1, ..all });
        }
        if let Some(rest) = text.strip_prefix('<') {
            return Some(Range { end: instant(rest)?.start - 1, ..all });
        }
        instant(text)
    }

    pub fn contains(&self, at: Timestamp) -> bool {
        (self.start..=self.end).contains(&at.as_second())
    }
}

/// One instant, or the whole day where only a day is given.
fn instant(text: &str) -> Option<Range> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(Range { start: at.as_second(), end: at.as_second() });
    }
    let day: Date = text.parse().ok()?;
    if text.len() != "2026-01-01".len() {
        return None;
    }
    let start = day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    Some(Range { start, end: start + 86_399 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_and_includes_both_ends() {
        let range = |text| Range::parse(text).map(|r| (r.start, r.end));
        let (day, noon) = (1_767_225_600, 1_767_268_800);
        assert_eq!(range("2026-01-01"), Some((day, day + 86_399)));
        assert_eq!(range("2026-01-01..2026-01-02"), Some((day, day + 2 * 86_400 - 1)));
        assert_eq!(range("2026-01-01T12:00:00Z..*"), Some((noon, i64::MAX)));
        assert_eq!(range("*..2026-01-01T12:00:00Z"), Some((i64::MIN, noon)));
        assert_eq!(range(">=2026-01-01T12:00:00Z"), Some((noon, i64::MAX)));
        assert_eq!(range(">2026-01-01T12:00:00Z"), Some((noon + 1, i64::MAX)));
        assert_eq!(range(">2026-01-01"), Some((day + 86_400, i64::MAX)));
        assert_eq!(range("<=2026-01-01"), Some((i64::MIN, day + 86_399)));
        assert_eq!(range("<2026-01-01"), Some((i64::MIN, day - 1)));
        assert_eq!(range("2026-01-01T12:00:00+00:00"), Some((noon, noon)));
        assert_eq!(range("yesterday"), None);
        assert_eq!(range("2026-01-01..tomorrow"), None);
    }
}
