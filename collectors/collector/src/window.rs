//! Time windows that end at the run's instant.

use jiff::SignedDuration;
use jiff::Timestamp;

/// The half-open window (now - length, now]. What lies after now is in no window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    start: Timestamp,
    end: Timestamp,
}

impl Window {
    /// The window of so many hours up to `now`. A day is 24 hours.
    pub fn hours(now: Timestamp, hours: i64) -> Self {
        let start = now.saturating_sub(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN);
        Window { start, end: now }
    }

    /// The window of so many times 24 hours up to `now`.
    pub fn days(now: Timestamp, days: i64) -> Self {
        Window::hours(now, days * 24)
    }

    /// Whether `at` is in the window.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start < at && at <= self.end
    }

    /// The instant that the window begins after; not in it.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The instant that the window ends at; in it.
    pub fn end(&self) -> Timestamp {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_open_at_its_start_and_closed_at_its_end() {
        let now = Timestamp::from_second(1_800_000_000).unwrap_or_default();
        let window = Window::days(now, 7);
        let second = SignedDuration::from_secs(1);
        assert!(window.contains(now));
        assert!(!window.contains(now + second));
        assert!(!window.contains(window.start()));
        assert!(window.contains(window.start() + second));
        assert_eq!(now.duration_since(window.start()), SignedDuration::from_hours(168));
    }
}
