//! Deployments.

use super::CommitId;
use super::Deployment;
use super::DeploymentStatus;
use super::Repository;
use super::User;
use super::people;
use super::time::MINUTE;
use super::time::WEEK;
use super::time::before_week;
use super::time::between;
use super::time::in_week;
use super::time::plus;
use fastrand::Rng;
use jiff::Timestamp;

pub fn fill(rng: &mut Rng, users: &[User], week: usize, now: Timestamp, repository: &mut Repository) {
    let mut instants = in_week(rng, now, week);
    instants.extend(before_week(rng, now, week, 5 * WEEK));
    if week > 0 {
        instants.push(plus(now, 45));
    }
    instants.sort();
    let reached = repository.ancestry(repository.head());
    let main: Vec<CommitId> = (0..reached.len()).filter(|id| reached[*id]).collect();
    let releases: Vec<_> = repository.branches.iter().filter(|b| b.name.starts_with("release/")).cloned().collect();
    // The latest date up to each commit: what is deployed must be wholly there by then, also where a commit bears an
    // older date than its parents.
    let mut latest = Timestamp::MIN;
    let there: Vec<(CommitId, Timestamp)> = main
        .iter()
        .map(|id| {
            latest = latest.max(repository.commits[*id].committed_at);
            (*id, latest)
        })
        .collect();
    let whole = |tip: CommitId| {
        let reached = repository.ancestry(Some(tip));
        let dates = repository.commits.iter().zip(reached).filter(|(_, r)| *r).map(|(c, _)| c.committed_at);
        dates.max().unwrap_or(Timestamp::MAX)
    };
    let release_whole: Vec<Timestamp> = releases.iter().map(|b| whole(b.tip)).collect();
    let mut made = Vec::new();
    for (i, at) in instants.into_iter().enumerate() {
        let before = there.partition_point(|(_, latest)| *latest <= at);
        let Some((mut commit, _)) = before.checked_sub(1).map(|i| there[i]) else { continue };
        let mut reference = repository.default_branch.clone();
        let release = releases.iter().zip(&release_whole).find(|(_, whole)| **whole <= at).map(|(b, _)| b);
        if let Some(release) = release
            && rng.u8(..4) == 0
        {
            (commit, reference) = (release.tip, release.name.clone());
        }
        let environment = ["production", "production", "Production", "staging", "preview"][rng.usize(..5)].to_owned();
        let creator = people::anyone(rng, users);
        let creator = people::or_deleted(rng, creator);
        let statuses = statuses(rng, at, now);
        made.push(Deployment {
            id: 1_900_000_000 + 7 * i as u64,
            commit,
            reference,
            environment,
            created_at: at,
            creator,
            statuses,
        });
    }
    repository.deployments = made;
}

/// Steps at growing instants that do not pass `now`, unless the deployment itself does.
fn statuses(rng: &mut Rng, created: Timestamp, now: Timestamp) -> Vec<DeploymentStatus> {
    let steps: &[&str] = match rng.u8(..20) {
        0 => &[],
        1 => &["queued"],
        2 => &["queued", "in_progress"],
        3..=4 => &["in_progress", "failure"],
        5 => &["error"],
        6 => &["in_progress", "success", "failure"],
        7 => &["failure", "inactive"],
        8 => &["inactive"],
        9..=14 => &["queued", "in_progress", "success", "inactive"],
        _ => &["in_progress", "success"],
    };
    let mut at = created;
    let mut out = Vec::new();
    for state in steps {
        let next = plus(at, between(rng, 1, 20 * MINUTE));
        if created < now && next > now {
            break;
        }
        at = next;
        out.push(DeploymentStatus { state: (*state).to_owned(), created_at: at });
    }
    out
}
