//! Limits on how often and on how many at once.

use std::collections::VecDeque;
use std::time::Duration;
use std::time::Instant;

/// How many GETs may be under way at once.
pub const CONCURRENT: usize = 50;

/// So many requests in any stretch of time so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests.
    pub requests: usize,
    /// The stretch of time.
    pub window: Duration,
}

impl Rate {
    /// The limit of a paid plan: 1,500 requests a minute.
    pub fn paid() -> Rate {
        Rate { requests: 1_500, window: Duration::from_secs(60) }
    }

    /// The limit without a plan: 150 requests a minute.
    pub fn free() -> Rate {
        Rate { requests: 150, ..Rate::paid() }
    }
}

/// The next requests are refused with 429, whatever the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// Seconds in `Retry-After`, if it is sent.
    pub retry_after: Option<u64>,
    /// How many requests.
    pub requests: u64,
}

/// When requests came.
#[derive(Debug)]
pub struct Arrivals {
    pub rate: Rate,
    at: VecDeque<Instant>,
}

impl Arrivals {
    pub fn new(rate: Rate) -> Arrivals {
        Arrivals { rate, at: VecDeque::new() }
    }

    /// Counts a request. Beyond the rate it says in how many seconds one would be within it; a refused request counts
    /// as well.
    pub fn arrive(&mut self, now: Instant) -> Result<(), u64> {
        while self.at.front().is_some_and(|at| now.duration_since(*at) >= self.rate.window) {
            self.at.pop_front();
        }
        self.at.push_back(now);
        let surplus = self.at.len().saturating_sub(self.rate.requests);
        if surplus == 0 {
            return Ok(());
        }
        // So many of the oldest must have left the window before one more is within the rate.
        let leaves = self.at.get(surplus).or(self.at.back()).copied().unwrap_or(now) + self.rate.window;
        Err(leaves.saturating_duration_since(now).as_secs_f64().ceil().max(1.0) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_rate_it_says_how_long_to_wait() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut arrivals = Arrivals::new(Rate { requests: 2, window: Duration::from_secs(10) });
        assert_eq!(arrivals.arrive(at(0)), Ok(()));
        assert_eq!(arrivals.arrive(at(4_000)), Ok(()));
        // With this one three are within the window; one is allowed when the one of 4 s has left it.
        assert_eq!(arrivals.arrive(at(5_000)), Err(9));
        // The refused one counts.
        assert_eq!(arrivals.arrive(at(10_500)), Err(5));
        assert_eq!(arrivals.arrive(at(15_100)), Ok(()));
    }
}
