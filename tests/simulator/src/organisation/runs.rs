//! Workflows and their runs.

use super::HeadRepository;
use super::Repository;
use super::Run;
use super::User;
use super::Workflow;
use super::people;
use super::time::HOUR;
use super::time::MINUTE;
use super::time::WEEK;
use super::time::before_week;
use super::time::between;
use super::time::in_week;
use super::time::plus;
use fastrand::Rng;
use jiff::Timestamp;

/// Name, file, and the events that start it. The last three are neither tests by default nor benchmarks.
const WORKFLOWS: [(&str, &str, &[&str]); 8] = [
    ("CI", "ci", &["push", "pull_request", "pull_request"]),
    ("Lint", "lint", &["push", "pull_request"]),
    ("Nightly Benchmark", "nightly-benchmark", &["schedule"]),
    ("benchmarks on push", "bench", &["push", "workflow_dispatch"]),
    ("Deploy", "deploy", &["push", "workflow_dispatch"]),
    ("Stale", "stale", &["schedule"]),
    ("Release notes", "notes", &["workflow_dispatch", "release"]),
    ("Triage", "triage", &["issues", "schedule", "pull_request"]),
];

pub fn fill(rng: &mut Rng, users: &[User], week: usize, now: Timestamp, repository: &mut Repository) {
    repository.workflows = WORKFLOWS
        .iter()
        .zip(0..)
        .map(|((name, file, _), i)| Workflow {
            id: repository.id * 10 + i,
            name: (*name).to_owned(),
            path: format!(".github/workflows/{file}.yml"),
        })
        .collect();
    let mut instants = in_week(rng, now, week);
    instants.extend(before_week(rng, now, week / 2, 12 * WEEK));
    if week > 0 {
        instants.extend([1, 2, 60].map(|s| plus(now, s)));
    }
    // Several in the same second, as a push that starts many workflows makes them.
    let pairs = instants.len();
    for i in (3..pairs).step_by(9) {
        if instants[i] > plus(now, -WEEK)
            && instants[i - 1] > plus(now, -WEEK)
            && instants[i] <= now
            && instants[i - 1] <= now
        {
            instants[i] = instants[i - 1];
        }
    }
    instants.sort();
    // Some workflows are reliable, some are not.
    let trouble: Vec<u8> = WORKFLOWS.iter().map(|_| [0, 3, 30][rng.usize(..3)]).collect();
    let mut numbers = [0; WORKFLOWS.len()];
    let mut runs = Vec::with_capacity(instants.len());
    for (i, created_at) in instants.into_iter().enumerate() {
        let workflow = [0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 5, 6, 7, 7][rng.usize(..14)];
        numbers[workflow] += 1;
        let id = 9_800_000_000 + 17 * i as u64;
        runs.push(run(
            rng,
            users,
            repository,
            Start { id, workflow, run_number: numbers[workflow], created_at, now },
            trouble[workflow],
        ));
    }
    repository.runs = runs;
}

struct Start {
    id: u64,
    workflow: usize,
    run_number: u64,
    created_at: Timestamp,
    now: Timestamp,
}

fn run(rng: &mut Rng, users: &[User], repository: &Repository, start: Start, trouble: u8) -> Run {
    let Start { id, workflow, run_number, created_at, now } = start;
    let (name, _, events) = WORKFLOWS[workflow];
    let event = events[rng.usize(..events.len())];
    let (head_branch, head_sha, head_repository) = head(rng, users, repository, event);
    let (mut status, mut conclusion, mut took) = outcome(rng, trouble);
    let mut attempt = 1;
    let mut run_started_at = created_at;
    let past = now.as_second() - created_at.as_second();
    if rng.u8(..12) == 0 && past > 2 * MINUTE {
        attempt = rng.u64(2..=4);
        run_started_at = plus(created_at, between(rng, MINUTE, (30 * HOUR).min(past)));
    }
    let left = now.as_second() - run_started_at.as_second();
    if took > left {
        // It cannot have ended yet.
        took = left.max(0);
        status = if left <= 0 { "queued" } else { "in_progress" };
    } else if status == "in_progress" && left > 8 * HOUR {
        // Nothing runs for days; but something may wait for days.
        status = "waiting";
    }
    if status != "completed" {
        conclusion = None;
    }
    let on_default = head_branch.as_deref() == Some(&repository.default_branch);
    let named = on_default || rng.u8(..60) != 0;
    let actor = people::anyone(rng, users);
    Run {
        id,
        workflow,
        name: named.then(|| name.to_owned()),
        run_number,
        attempt,
        event: event.to_owned(),
        status: status.to_owned(),
        conclusion: conclusion.map(str::to_owned),
        head_branch,
        head_sha,
        head_repository,
        created_at,
        run_started_at,
        updated_at: plus(run_started_at, took),
        actor: people::or_deleted(rng, actor),
    }
}

fn head(
    rng: &mut Rng,
    users: &[User],
    repository: &Repository,
    event: &str,
) -> (Option<String>, String, HeadRepository) {
    let default = Some(repository.default_branch.clone());
    let main = repository.head().map(|id| repository.commits[id].oid.clone()).unwrap_or_default();
    let any = |rng: &mut Rng| repository.commits[rng.usize(..repository.commits.len())].oid.clone();
    match event {
        "push" if rng.u8(..3) == 0 => {
            let branch = &repository.branches[rng.usize(..repository.branches.len())];
            (Some(branch.name.clone()), repository.commits[branch.tip].oid.clone(), HeadRepository::This)
        }
        "push" => (default, any(rng), HeadRepository::This),
        "pull_request" => match rng.u8(..10) {
            // A fork's branch may have the default branch's name without being it.
            0 => (default, any(rng), HeadRepository::Fork(people::person(rng, users))),
            1 => (default, any(rng), HeadRepository::Deleted),
            _ if repository.pulls.is_empty() => (Some("work/gone".into()), any(rng), HeadRepository::This),
            _ => {
                let pull = &repository.pulls[rng.usize(..repository.pulls.len())];
                let sha = pull.commits.last().map(|id| repository.commits[*id].oid.clone()).unwrap_or_default();
                let place = match pull.author {
                    Some(author) if pull.is_cross_repository => HeadRepository::Fork(author),
                    None if pull.is_cross_repository => HeadRepository::Deleted,
                    _ => HeadRepository::This,
                };
                (Some(pull.head.clone()), sha, place)
            }
        },
        "release" => (rng.bool().then(|| "v1.2.3".to_owned()), main, HeadRepository::This),
        "issues" if rng.u8(..4) == 0 => (None, main, HeadRepository::This),
        _ => (default, main, HeadRepository::This),
    }
}

/// Status, conclusion and seconds from the start to the last change.
fn outcome(rng: &mut Rng, trouble: u8) -> (&'static str, Option<&'static str>, i64) {
    let took = between(rng, 20, 80 * MINUTE);
    if rng.u8(..100) < trouble {
        return ("completed", Some("failure"), took);
    }
    match rng.u8(..200) {
        0..=3 => ("completed", Some("timed_out"), 6 * HOUR + between(rng, 0, 90)),
        4..=6 => ("completed", Some("cancelled"), 6 * HOUR + [0, -1, 1, 300][rng.usize(..4)]),
        7..=18 => ("completed", Some("cancelled"), took),
        19..=26 => ("completed", Some("skipped"), between(rng, 0, 5)),
        27..=30 => ("completed", Some("startup_failure"), between(rng, 0, 5)),
        31..=33 => ("completed", Some("action_required"), between(rng, 0, 5)),
        34..=35 => ("completed", Some("neutral"), took),
        36 => ("completed", Some("stale"), 14 * 24 * HOUR),
        37..=41 => ("completed", Some("failure"), took),
        42..=45 => ("queued", None, 0),
        46..=48 => ("in_progress", None, took),
        49..=50 => ("waiting", None, 0),
        51..=52 => ("pending", None, 0),
        53 => ("requested", None, 0),
        _ => ("completed", Some("success"), took),
    }
}
