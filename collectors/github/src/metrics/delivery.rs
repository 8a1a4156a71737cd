//! Delivery: deployments, and how long a change takes to reach one.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use collector::Batch;
use collector::Tags;
use collector::Window;
use collector::stats;
use jiff::Timestamp;

use super::ci;
use super::hours;
use super::pulls;
use crate::catalog;
use crate::records::ClosedPull;
use crate::records::Commit;
use crate::records::Conclusion;
use crate::records::Deployment;
use crate::records::DeploymentStatus;
use crate::records::Run;

/// A deployment that counts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Deployed {
    pub at: Timestamp,
    pub oid: String,
    /// GitHub's id of the commit; none where only its oid is known, or it is gone.
    pub id: Option<String>,
}

/// The successful deployments of 7 days to `environment`.
pub(crate) fn deployments(all: &[Deployment], environment: &str, now: Timestamp) -> Vec<Deployed> {
    let window = Window::days(now, 7);
    all.iter()
        .filter(|deployment| window.contains(deployment.created_at))
        // GitHub takes names of environments that differ in case alone for one.
        .filter(|deployment| deployment.environment.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(environment)))
        .filter(|deployment| succeeded(deployment))
        .map(|deployment| Deployed {
            at: deployment.created_at,
            oid: deployment.commit_oid.clone(),
            id: deployment.commit.as_ref().map(|commit| commit.id.clone()),
        })
        .collect()
}

/// The successful runs of 7 days of the deploy workflow, as deployments.
pub(crate) fn deploy_runs(runs: &[Run], workflow: &str, now: Timestamp) -> Vec<Deployed> {
    ci::in_window(runs, now)
        .filter(|run| &*run.name == workflow && run.conclusion == Conclusion::Success)
        .map(|run| Deployed { at: run.created_at, oid: run.head_sha.to_string(), id: None })
        .collect()
}

/// The gauge of the number of deployments; none where the repository deploys in no way that is known.
pub(crate) fn count(deployed: Option<&[Deployed]>, tags: &Tags) -> Batch {
    let mut batch = Batch::new();
    batch.gauge_or_absent(&catalog::DEPLOYMENTS, deployed.map(|deployed| deployed.len() as f64), tags);
    batch
}

/// What a deployed commit contains, as far as the window goes.
pub(crate) type Contents = BTreeMap<String, BTreeSet<String>>;

/// Commits whose contents the records do not tell, and GitHub's ids of them: deployed ones that are not in `commits`,
/// and the parents of `commits` that are not. The latter were committed before the window, but what they contain can
/// still lie in it: a committer's clock is set by whoever commits.
pub(crate) fn unknown<'a>(deployed: &'a [Deployed], commits: &'a [Commit]) -> BTreeMap<&'a str, Option<&'a str>> {
    let known: BTreeSet<&str> = commits.iter().map(|commit| commit.oid.as_str()).collect();
    let parents = commits.iter().flat_map(|commit| &commit.parents.nodes);
    let parents = parents.map(|parent| (parent.oid.as_str(), Some(parent.id.as_str())));
    let deployed = deployed.iter().map(|deployed| (deployed.oid.as_str(), deployed.id.as_deref()));
    deployed.chain(parents).filter(|(oid, _)| !known.contains(oid)).collect()
}

/// `oids` and all their ancestors as far as `commits` tells.
pub(crate) fn closure<'a>(
    oids: impl Iterator<Item = &'a str>,
    commits: &BTreeMap<&'a str, &'a Commit>,
) -> BTreeSet<&'a str> {
    let mut ahead: Vec<&str> = oids.collect();
    let mut reached: BTreeSet<&str> = ahead.iter().copied().collect();
    while let Some(oid) = ahead.pop() {
        for parent in commits.get(oid).iter().flat_map(|commit| &commit.parents.nodes) {
            if commits.contains_key(parent.oid.as_str()) && reached.insert(&parent.oid) {
                ahead.push(&parent.oid);
            }
        }
    }
    reached
}

/// The commits by oid.
pub(crate) fn by_oid(commits: &[Commit]) -> BTreeMap<&str, &Commit> {
    commits.iter().map(|commit| (commit.oid.as_str(), commit)).collect()
}

/// The gauge of the lead time. `asked` holds what [`unknown`] commits contain.
pub(crate) fn lead_time(
    merged: &[ClosedPull],
    deployed: &[Deployed],
    commits: &[Commit],
    asked: &Contents,
    now: Timestamp,
    tags: &Tags,
) -> Batch {
    let parents = by_oid(commits);
    let mut deployed: Vec<&Deployed> = deployed.iter().collect();
    deployed.sort_by_key(|deployed| deployed.at);
    // Oldest deployment first: the first one to contain a commit is the one that delivered it, so that a walk can
    // stop wherever an earlier one has been.
    let mut delivered: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for deployment in deployed {
        let mut ahead: Vec<&str> = vec![&deployment.oid];
        while let Some(oid) = ahead.pop() {
            if delivered.contains_key(oid) {
                continue;
            }
            delivered.insert(oid, deployment.at);
            if let Some(commit) = parents.get(oid) {
                ahead.extend(commit.parents.nodes.iter().map(|parent| parent.oid.as_str()));
            }
            if let Some(contents) = asked.get(oid) {
                ahead.extend(contents.iter().map(String::as_str));
            }
        }
    }
    let times: Vec<f64> = pulls::merged(merged, now)
        .filter_map(|(pull, _)| {
            let at = delivered.get(pull.merge_commit.as_ref()?.oid.as_str())?;
            Some(hours(pulls::first_authored(pull)?, *at))
        })
        .collect();
    let mut batch = Batch::new();
    batch.gauge_or_absent(&catalog::LEAD_TIME_P50, stats::percentile(&times, 50.0), tags);
    batch
}

/// Whether the latest status other than inactive is success. Among statuses of the same second, one that ends a
/// deployment comes after one that does not.
fn succeeded(deployment: &Deployment) -> bool {
    let ends = |status: &DeploymentStatus| ["SUCCESS", "FAILURE", "ERROR"].contains(&status.state.as_str());
    deployment
        .statuses
        .nodes
        .iter()
        .filter(|status| status.state != "INACTIVE")
        .max_by_key(|status| (status.created_at, ends(status), &status.state))
        .is_some_and(|status| status.state == "SUCCESS")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::super::sample::*;
    use super::*;

    fn deployment(seconds: i64, environment: Value, statuses: &[(&str, i64)]) -> Deployment {
        let statuses: Vec<Value> =
            statuses.iter().map(|(state, s)| json!({"state": state, "createdAt": when(*s)})).collect();
        serde_json::from_value(paged(json!({
            "id": "D", "environment": environment, "createdAt": when(seconds), "commitOid": "c1",
            "commit": {"id": "C_c1"}, "statuses": {"nodes": statuses},
        })))
        .unwrap()
    }

    #[test]
    fn a_deployment_counts_by_its_latest_status_other_than_inactive() {
        let table: [(&[(&str, i64)], usize); 6] = [
            (&[("SUCCESS", 10)], 1),
            (&[("INACTIVE", 5), ("SUCCESS", 10)], 1),
            (&[("SUCCESS", 10), ("FAILURE", 5)], 0),
            (&[("FAILURE", 10), ("SUCCESS", 5)], 1),
            (&[("IN_PROGRESS", 10), ("SUCCESS", 10)], 1),
            (&[], 0),
        ];
        for (statuses, counts) in table {
            let all = [deployment(HOUR, json!("production"), statuses)];
            assert_eq!(deployments(&all, "production", now()).len(), counts, "{statuses:?}");
        }
    }

    #[test]
    fn window_edges_and_other_environments() {
        let good: &[(&str, i64)] = &[("SUCCESS", 0)];
        let all = [
            deployment(-1, json!("production"), good),
            deployment(0, json!("production"), good),
            deployment(7 * DAY - 1, json!("production"), good),
            deployment(7 * DAY, json!("production"), good),
            deployment(0, json!("staging"), good),
            deployment(0, json!("Production"), good),
            deployment(0, Value::Null, good),
        ];
        assert_eq!(deployments(&all, "production", now()).len(), 3);
        assert_eq!(value(&count(Some(&[]), &tags()), "github.delivery.deployments_7d"), Some(0.0));
        assert_eq!(value(&count(None, &tags()), "github.delivery.deployments_7d"), None);
    }

    fn at(oid: &str, seconds: i64) -> Deployed {
        Deployed { at: ago(seconds), oid: oid.to_owned(), id: Some(format!("C_{oid}")) }
    }

    fn node(oid: &str, parents: &[&str]) -> Commit {
        let parents: Vec<Value> = parents.iter().map(|oid| json!({"id": format!("C_{oid}"), "oid": oid})).collect();
        commit(json!({"oid": oid, "parents": {"nodes": parents}}))
    }

    fn merged(oid: &str, authored: i64) -> ClosedPull {
        pull(json!({
            "mergeCommit": {"oid": oid},
            "firstCommit": {"nodes": [{"commit": {"authoredDate": when(authored)}}]},
        }))
    }

    fn lead(pulls: &[ClosedPull], deployed: &[Deployed], asked: &Contents) -> Option<f64> {
        // c0 <- c1 <- c2 <- m, with m also joining s1 <- s2
        let graph = [
            node("m", &["c2", "s2"]),
            node("c2", &["c1"]),
            node("c1", &["c0"]),
            node("s2", &["s1"]),
            node("s1", &["c0"]),
        ];
        let batch = lead_time(pulls, deployed, &graph, asked, now(), &tags());
        value(&batch, "github.delivery.lead_time_hours.p50")
    }

    #[test]
    fn the_earliest_deployment_that_contains_the_merge_commit_delivers_it() {
        let none = Contents::new();
        let pulls = [merged("c1", 10 * HOUR)];
        assert_eq!(lead(&pulls, &[at("c2", 2 * HOUR), at("m", HOUR)], &none), Some(8.0));
        assert_eq!(lead(&pulls, &[at("m", HOUR), at("c2", 2 * HOUR)], &none), Some(8.0), "order of deployments");
        assert_eq!(lead(&pulls, &[at("c0", 3 * HOUR), at("c1", 2 * HOUR)], &none), Some(8.0));
        assert_eq!(lead(&pulls, &[at("s2", 3 * HOUR)], &none), None, "the other line of history");
        assert_eq!(lead(&[merged("s1", 5 * HOUR)], &[at("m", HOUR)], &none), Some(4.0), "by the second parent");
        assert_eq!(lead(&[merged("elsewhere", 5 * HOUR)], &[at("m", HOUR)], &none), None);
        assert_eq!(lead(&pulls, &[], &none), None);
        assert_eq!(
            lead(&[pull(json!({"mergeCommit": {"oid": "c1"}}))], &[at("c1", 0)], &none),
            None,
            "no commit listed"
        );
    }

    #[test]
    fn a_release_branch_contains_what_it_was_asked_to_tell() {
        let asked = Contents::from([("r".to_owned(), BTreeSet::from(["r".to_owned(), "c1".to_owned()]))]);
        assert_eq!(lead(&[merged("c1", 10 * HOUR)], &[at("r", 2 * HOUR)], &asked), Some(8.0));
        assert_eq!(lead(&[merged("c2", 10 * HOUR)], &[at("r", 2 * HOUR)], &asked), None);
    }

    #[test]
    fn only_what_the_history_cannot_tell_is_asked_for() {
        let graph = [node("c2", &["c1"]), node("c1", &["c0"])];
        let deployed = [at("c1", HOUR), at("r", HOUR), Deployed { id: None, ..at("x", HOUR) }];
        let expected = BTreeMap::from([("c0", Some("C_c0")), ("r", Some("C_r")), ("x", None)]);
        assert_eq!(unknown(&deployed, &graph), expected);
    }

    #[test]
    fn ancestors_as_far_as_they_are_known() {
        let graph = [node("m", &["c1", "s1"]), node("c1", &["c0"]), node("s1", &["c0"])];
        let of = |oid: &'static str| closure([oid].into_iter(), &by_oid(&graph)).len();
        assert_eq!((of("m"), of("c1"), of("elsewhere")), (3, 1, 1));
    }

    #[test]
    fn an_old_looking_commit_in_between_hides_nothing() {
        let asked = Contents::from([("c0".to_owned(), BTreeSet::from(["newer".to_owned()]))]);
        assert_eq!(lead(&[merged("newer", 10 * HOUR)], &[at("m", 2 * HOUR)], &asked), Some(8.0));
        assert_eq!(lead(&[merged("newer", 10 * HOUR)], &[at("m", 2 * HOUR)], &Contents::new()), None);
    }

    #[test]
    fn lead_time_is_the_median_over_pull_requests() {
        let pulls = [merged("c1", 10 * HOUR), merged("c2", 4 * HOUR), merged("s1", 6 * HOUR)];
        assert_eq!(lead(&pulls, &[at("m", 2 * HOUR)], &Contents::new()), Some(4.0));
    }
}
