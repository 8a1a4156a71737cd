//! Branches.

use collector::Batch;
use collector::Tags;
use collector::Window;
use jiff::Timestamp;

use crate::catalog;
use crate::records::Branch;

/// Age in days of its newest commit up to which a branch is active.
const ACTIVE_DAYS: i64 = 90;

/// The gauges of the branches.
pub(crate) fn compute(branches: &[Branch], default: Option<&str>, now: Timestamp, tags: &Tags) -> Batch {
    let window = Window::days(now, ACTIVE_DAYS);
    let others: Vec<&Branch> = branches.iter().filter(|branch| Some(branch.name.as_str()) != default).collect();
    let active = others
        .iter()
        .filter(|branch| branch.target.as_ref().is_some_and(|tip| window.contains(tip.committed_date)))
        .count();
    let mut batch = Batch::new();
    batch.gauge(&catalog::BRANCHES_ACTIVE, active as f64, tags);
    batch.gauge(&catalog::BRANCHES_TOTAL, others.len() as f64, tags);
    batch
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample::*;
    use super::*;

    #[test]
    fn the_default_branch_is_left_out_and_activity_has_edges() {
        let branch = |name: &str, s: i64| -> Branch {
            serde_json::from_value(json!({"name": name, "target": {"committedDate": when(s)}})).unwrap()
        };
        let all = [
            branch("trunk", 0),
            branch("main", 0),
            branch("edge", 90 * DAY - 1),
            branch("old", 90 * DAY),
            branch("future", -1),
        ];
        let batch = compute(&all, Some("trunk"), now(), &tags());
        assert_eq!(value(&batch, "github.branches.total"), Some(4.0));
        assert_eq!(value(&batch, "github.branches.active"), Some(2.0));
        assert_eq!(value(&compute(&[], None, now(), &tags()), "github.branches.total"), Some(0.0));
    }
}
