//! The gauge of the runs created in the last 7 days.

use std::collections::BTreeSet;

use collector::Batch;
use collector::Window;
use jiff::Timestamp;

use super::tags;
use crate::catalog;
use crate::config::Project;
use crate::records::Created;

/// The gauge of `runs`: every run created in the last 7 days, and any others.
pub(crate) fn compute(runs: &[Created], project: &Project, now: Timestamp) -> Batch {
    let mut batch = Batch::new();
    let week = Window::days(now, 7);
    let created: Vec<&Created> = runs.iter().filter(|run| week.contains(run.created_at)).collect();
    let users: BTreeSet<&str> =
        created.iter().filter_map(|run| run.user.as_ref()).map(|user| user.id.as_str()).collect();
    let each = (!users.is_empty()).then(|| created.len() as f64 / users.len() as f64);
    batch.gauge_or_absent(&catalog::RUNS_PER_USER, each, &tags(project));
    batch
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::sample::*;
    use super::*;

    fn each(runs: &[(i64, Option<&str>)]) -> Option<f64> {
        let runs: Vec<Created> = runs
            .iter()
            .map(|(created, user)| {
                let user = user.map(|id| json!({"id": id}));
                serde_json::from_value(
                    json!({"id": "a", "createdAt": ago(*created), "heartbeatAt": null, "user": user}),
                )
                .unwrap()
            })
            .collect();
        value(&compute(&runs, &config().projects[0], now()), "wandb.training.runs_per_user")
    }

    #[test]
    fn runs_of_unknown_users_count_and_unknown_users_do_not() {
        assert_eq!(each(&[]), None);
        assert_eq!(each(&[(HOUR, None)]), None);
        assert_eq!(each(&[(HOUR, Some("ann"))]), Some(1.0));
        assert_eq!(each(&[(HOUR, Some("ann")), (DAY, Some("ann")), (DAY, None)]), Some(3.0));
        assert_eq!(each(&[(HOUR, Some("ann")), (DAY, Some("bob")), (DAY, None)]), Some(1.5));
    }

    #[test]
    fn only_runs_created_in_the_window_count() {
        let runs = [(7 * DAY, Some("bob")), (-1, Some("eve")), (7 * DAY - 1, Some("ann")), (0, Some("ann"))];
        assert_eq!(each(&runs), Some(2.0));
    }

    proptest! {
        #[test]
        fn it_lies_between_one_and_the_number_of_runs(users in prop::collection::vec(prop::option::of("[ab]"), 1..20)) {
            let mut runs: Vec<(i64, Option<&str>)> = users.iter().map(|user| (HOUR, user.as_deref())).collect();
            let found = each(&runs);
            prop_assert_eq!(found.is_none(), users.iter().all(Option::is_none));
            prop_assert!(found.is_none_or(|each| (1.0..=runs.len() as f64).contains(&each)));
            runs.reverse();
            prop_assert_eq!(each(&runs), found);
        }
    }
}
