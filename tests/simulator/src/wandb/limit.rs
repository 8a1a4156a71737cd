//! The rate limit, as its headers tell it.

use jiff::Timestamp;

/// Both numbers are scaled to a thousand, whatever the plan; each request takes some of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is left; with nothing left, requests are refused with 429.
    pub remaining: u64,
    /// What a request takes.
    pub cost: u64,
    /// After how many seconds there is all of it again.
    pub window: u64,
    /// Whether replies other than 429 tell it too.
    pub on_every_reply: bool,
    /// When there is all of it again, in seconds since the epoch by the real clock; none before the first request.
    pub resets_at: Option<i64>,
}

impl Limit {
    /// All of it.
    pub const FULL: u64 = 1_000;

    /// With so much left, for a minute.
    pub fn of(remaining: u64) -> Limit {
        Limit { remaining, cost: 1, window: 60, on_every_reply: true, resets_at: None }
    }

    /// Takes a request's cost off; false when nothing was left.
    pub(super) fn charge(&mut self) -> bool {
        let now = Timestamp::now().as_second();
        if self.resets_at.is_some_and(|at| at <= now) {
            *self = Limit { remaining: Limit::FULL, resets_at: None, ..*self };
        }
        self.resets_at.get_or_insert(now.saturating_add_unsigned(self.window));
        let left = self.remaining > 0;
        self.remaining = self.remaining.saturating_sub(self.cost);
        left
    }

    /// Seconds until there is all of it again, at least one.
    pub(super) fn resets_in(&self) -> i64 {
        self.resets_at.map_or(1, |at| (at - Timestamp::now().as_second()).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_shrinks_to_nothing_and_comes_back() {
        let mut limit = Limit { cost: 2, ..Limit::of(3) };
        assert!(limit.charge() && limit.charge());
        assert_eq!(limit.remaining, 0);
        assert!(!limit.charge());
        assert!((1..=60).contains(&limit.resets_in()));
        limit.resets_at = Some(Timestamp::now().as_second() - 1);
        assert!(limit.charge());
        assert_eq!(limit.remaining, Limit::FULL - 2);
    }
}
