//! The subtle rules, on organisations made by hand.

use super::*;
use crate::organisation::Comment;
use crate::organisation::Commit;
use crate::organisation::Deployment;
use crate::organisation::DeploymentStatus;
use crate::organisation::HeadRepository;
use crate::organisation::Person;
use crate::organisation::PullRequest;
use crate::organisation::Review;
use crate::organisation::Run;
use crate::organisation::Scale;
use crate::organisation::Thread;
use crate::organisation::Workflow;
use jiff::SignedDuration;

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn ago(minutes: i64) -> Timestamp {
    now().checked_sub(SignedDuration::from_mins(minutes)).unwrap()
}

/// One repository with nothing in it; user 0 is a person, the last one a bot.
fn bare() -> Organisation {
    let mut organisation = Organisation::generate(1, Scale { repositories: 2, ..Scale::small() }, now());
    // The second kind of repository is the empty one.
    organisation.repositories.remove(0);
    assert_eq!(organisation.repositories[0].head(), None);
    organisation
}

fn value(organisation: &Organisation, metric: &str) -> Option<f64> {
    let all = super::gauges(organisation, &Settings::default());
    all.iter().find(|e| e.metric == metric).unwrap_or_else(|| panic!("no {metric}")).value
}

fn commit(at: Timestamp, message: &str, parents: Vec<usize>) -> Commit {
    let person = Person { name: "Ada".into(), email: "Ada@Acme.example".into(), user: None };
    Commit {
        oid: format!("{:040x}", at.as_second()),
        parents,
        author: person.clone(),
        committer: person,
        authored_at: at,
        committed_at: at,
        message: message.into(),
        files: Vec::new(),
        pulls: Vec::new(),
    }
}

fn merged(created: Timestamp, at: Timestamp) -> PullRequest {
    PullRequest {
        number: 1,
        title: "t".into(),
        author: Some(0),
        is_draft: false,
        base: "main".into(),
        head: "work".into(),
        is_cross_repository: false,
        created_at: created,
        updated_at: at,
        closed_at: Some(at),
        merged_at: Some(at),
        merged_by: Some(0),
        merge_commit: None,
        labels: Vec::new(),
        commits: Vec::new(),
        files: Vec::new(),
        comments: Vec::new(),
        reviews: Vec::new(),
        threads: Vec::new(),
        ready_at: Vec::new(),
    }
}

fn review(author: Option<usize>, at: Option<Timestamp>, body: &str) -> Review {
    Review { author, state: "COMMENTED".into(), submitted_at: at, body: body.into() }
}

fn run(id: u64, at: Timestamp, event: &str, conclusion: &str) -> Run {
    Run {
        id,
        workflow: 0,
        name: Some("CI".into()),
        run_number: id,
        attempt: 1,
        event: event.into(),
        status: "completed".into(),
        conclusion: Some(conclusion.into()),
        head_branch: Some("main".into()),
        head_sha: String::new(),
        head_repository: HeadRepository::This,
        created_at: at,
        run_started_at: at,
        updated_at: at,
        actor: None,
    }
}

#[test]
fn an_empty_repository_counts_nothing_and_averages_nothing() {
    let organisation = bare();
    for metric in ["github.prs.open", "github.commits.total_7d", "github.branches.total", "github.ci.workflow_runs_7d"]
    {
        assert_eq!(value(&organisation, metric), Some(0.0), "{metric}");
    }
    for metric in [
        "github.prs.cycle_time_hours",
        "github.commits.per_developer_7d",
        "github.ci.workflow_success_rate_pct",
        "github.ci.tests_passing_on_main",
        "github.ci.queue_time_minutes.p50",
        "github.delivery.deployments_7d",
    ] {
        assert_eq!(value(&organisation, metric), None, "{metric}");
    }
}

#[test]
fn words_are_told_from_near_misses() {
    for yes in ["hotfix: a", "A Hot-Fix", "Merge hotfix/login", "(HOTFIX)"] {
        assert!(text::says_hotfix(yes), "{yes}");
    }
    for no in ["hotfixes", "hot fix", "hotfixer", "shotfix"] {
        assert!(!text::says_hotfix(no), "{no}");
    }
    for yes in ["Force-merge it", "a\n\nforce pushed", "re: FORCE PUSH", "force-merged"] {
        assert!(text::says_forced(yes), "{yes}");
    }
    for no in ["reinforce merge", "workforce-merge", "forcefully merge", "enforce-push"] {
        assert!(!text::says_forced(no), "{no}");
    }
    let sha = "0123456789abcdef0123456789abcdef01234567";
    for yes in [
        "Revert \"a\"",
        "REVERT: a",
        "revert(api): a",
        &format!("Undo\n\nThis reverts commit {sha}."),
        "x\n\nThis reverts commit 0123456, reversing\nmore",
    ] {
        assert!(text::is_revert(yes), "{yes}");
    }
    for no in [
        "Revert to the default",
        "reverting a",
        &format!("Revert \"Revert \"a\"\"\n\nThis reverts commit {sha}."),
        &format!("Reapply \"a\"\n\nThis reverts commit {sha}."),
        "a\n\nThis reverts commit history",
        "a\n\nIt says: This reverts commit 0123456",
    ] {
        assert!(!text::is_revert(no), "{no}");
    }
    assert!(text::glob("*benchmark*", "Nightly Benchmark", true));
    assert!(
        !text::glob("*benchmark*", "Nightly Benchmark", false) && text::glob("*Bench*", "Nightly Benchmark", false)
    );
    assert!(!text::glob("benchmark", "benchmarks", true) && text::glob("b?nch*s", "Benchmarks", true));
}

#[test]
fn the_window_is_open_at_its_start_and_closed_at_now() {
    let mut organisation = bare();
    let second = SignedDuration::from_secs(1);
    let start = ago(7 * 24 * 60);
    let pulls = [start, start.checked_add(second).unwrap(), now(), now().checked_add(second).unwrap()];
    organisation.repositories[0].pulls = pulls.map(|at| merged(ago(20 * 24 * 60), at)).to_vec();
    assert_eq!(value(&organisation, "github.prs.merged_7d"), Some(2.0));
}

#[test]
fn what_is_opened_after_now_is_not_open() {
    let mut organisation = bare();
    let open = |created| PullRequest { merged_at: None, closed_at: None, ..merged(created, created) };
    organisation.repositories[0].pulls = vec![open(ago(1)), open(now()), open(ago(-1)), open(ago(15 * 24 * 60))];
    assert_eq!(value(&organisation, "github.prs.open"), Some(3.0));
    assert_eq!(value(&organisation, "github.prs.stale_count_14d"), Some(1.0));
}

#[test]
fn only_reviews_by_others_before_the_merge_count() {
    let mut organisation = bare();
    let bot = organisation.users.len() - 1;
    let mut pull = merged(ago(600), ago(60));
    pull.reviews = vec![
        review(Some(0), Some(ago(500)), "by the author"),
        review(Some(bot), Some(ago(490)), "by a bot"),
        review(Some(1), None, "pending"),
        review(Some(1), Some(ago(30)), "after the merge"),
    ];
    organisation.repositories[0].pulls = vec![pull];
    assert_eq!(value(&organisation, "github.prs.merged_without_review_7d"), Some(1.0));
    assert_eq!(value(&organisation, "github.prs.with_review_comments_pct"), Some(0.0));
    assert_eq!(value(&organisation, "github.prs.time_to_first_review_hours.p50"), None);
    let pull = &mut organisation.repositories[0].pulls[0];
    pull.reviews.push(review(None, Some(ago(180)), ""));
    pull.ready_at = vec![ago(300), ago(240), ago(120)];
    pull.comments = vec![Comment { author: Some(bot), created_at: ago(100), body: "b".into() }];
    // Someone whose account is gone is another person than the author; the last event before the review counts.
    assert_eq!(value(&organisation, "github.prs.merged_without_review_7d"), Some(0.0));
    assert_eq!(value(&organisation, "github.prs.time_to_first_review_hours.p50"), Some(1.0));
    assert_eq!(value(&organisation, "github.prs.with_review_comments_pct"), Some(0.0));
    assert_eq!(value(&organisation, "github.prs.avg_comments_per_pr"), Some(1.0));
    // Two whose accounts are gone are the same person.
    organisation.repositories[0].pulls[0].author = None;
    organisation.repositories[0].pulls[0].reviews.retain(|r| r.author.is_none());
    assert_eq!(value(&organisation, "github.prs.merged_without_review_7d"), Some(1.0));
    let on_line = Comment { author: Some(1), created_at: ago(90), body: "b".into() };
    organisation.repositories[0].pulls[0].threads = vec![Thread { is_resolved: true, comments: vec![on_line] }];
    assert_eq!(value(&organisation, "github.prs.with_review_comments_pct"), Some(100.0));
}

/// Commits on main, the last of them the tip.
fn with_commits(commits: Vec<Commit>) -> Organisation {
    let mut organisation = bare();
    let repository = &mut organisation.repositories[0];
    repository.default_branch = "main".into();
    repository.branches = vec![crate::organisation::Branch { name: "main".into(), tip: commits.len() - 1 }];
    repository.commits = commits;
    organisation
}

#[test]
fn developers_are_told_by_login_or_address() {
    let mut commits: Vec<Commit> =
        (0..5).map(|i| commit(ago(100 - i), "m", (i > 0).then(|| i as usize - 1).into_iter().collect())).collect();
    commits[1].author.email = "ADA@acme.EXAMPLE".into();
    commits[2].author.name = "tool[bot]".into();
    commits[3].author.user = Some(1);
    let mut organisation = with_commits(commits);
    organisation.repositories[0].commits[4].author.user = Some(organisation.users.len() - 1);
    assert_eq!(value(&organisation, "github.developers.active_7d"), Some(2.0));
    assert_eq!(value(&organisation, "github.commits.per_developer_7d"), Some(2.5));
}

#[test]
fn a_label_counts_on_a_merged_pull_request_into_the_default_branch() {
    let mut organisation = with_commits(vec![commit(ago(100), "m", Vec::new())]);
    let repository = &mut organisation.repositories[0];
    repository.commits[0].pulls = vec![0];
    let mut pull = merged(ago(600), ago(60));
    (pull.base, pull.labels) = ("release".into(), vec!["HotFix".into()]);
    repository.pulls = vec![pull];
    assert_eq!(value(&organisation, "github.commits.hotfix"), Some(0.0));
    organisation.repositories[0].pulls[0].base = "main".into();
    assert_eq!(value(&organisation, "github.commits.hotfix"), Some(1.0));
    organisation.repositories[0].pulls[0].labels = vec!["hotfix-candidate".into()];
    assert_eq!(value(&organisation, "github.commits.hotfix"), Some(0.0));
}

#[test]
fn the_latest_decided_run_of_each_workflow_decides() {
    let mut organisation = bare();
    let repository = &mut organisation.repositories[0];
    repository.default_branch = "main".into();
    let workflow = |name: &str| Workflow { id: 1, name: name.into(), path: String::new() };
    repository.workflows = vec![workflow("CI"), workflow("Bench: BENCHMARKS"), workflow("Stale")];
    let mut fork = run(5, ago(10), "push", "success");
    fork.head_repository = HeadRepository::Deleted;
    let of = |workflow: usize, run: Run| Run { workflow, ..run };
    repository.runs = vec![
        run(1, ago(50), "push", "success"),
        run(2, ago(40), "schedule", "failure"),
        run(3, ago(40), "schedule", "success"),
        run(4, ago(20), "push", "cancelled"),
        fork,
        of(1, run(6, ago(30), "push", "failure")),
        of(2, run(7, ago(30), "schedule", "timed_out")),
    ];
    assert_eq!(value(&organisation, "github.ci.tests_passing_on_main"), Some(1.0), "ties go to the greater id");
    assert_eq!(value(&organisation, "github.ci.benchmarks_passing"), Some(0.0));
    assert_eq!(value(&organisation, "github.ci.workflows_failing_on_main"), Some(1.0));
    organisation.repositories[0].runs.retain(|r| r.id == 4 || r.id == 5);
    assert_eq!(value(&organisation, "github.ci.tests_passing_on_main"), None);
}

#[test]
fn a_cancellation_is_a_timeout_from_six_hours_on() {
    let mut organisation = bare();
    organisation.repositories[0].workflows = vec![Workflow { id: 1, name: "CI".into(), path: String::new() }];
    let lasting =
        |id, minutes: i64| Run { updated_at: ago(1_000 - minutes), ..run(id, ago(1_000), "push", "cancelled") };
    organisation.repositories[0].runs = vec![lasting(1, 359), lasting(2, 360), lasting(3, 361)];
    assert_eq!(value(&organisation, "github.ci.timeout_cancellations_7d"), Some(2.0));
    assert_eq!(value(&organisation, "github.ci.avg_workflow_duration_minutes"), None);
}

#[test]
fn jobs_of_an_earlier_attempt_and_other_clocks_do_not_wait() {
    let mut organisation = bare();
    organisation.repositories[0].workflows = vec![Workflow { id: 1, name: "CI".into(), path: String::new() }];
    let again = |id| Run { attempt: 2, run_started_at: ago(500), ..run(id, ago(5_000), "push", "success") };
    organisation.repositories[0].runs = (1..=20).map(again).collect();
    let repository = &organisation.repositories[0];
    let jobs: Vec<_> = repository.runs.iter().flat_map(|run| repository.jobs(run, 2)).collect();
    let passed = jobs.iter().filter(|j| j.conclusion.as_deref() == Some("success"));
    assert!(passed.clone().any(|j| j.completed_at < Some(j.created_at)), "none was taken over");
    assert!(
        passed.clone().any(|j| j.started_at < j.created_at && j.completed_at > Some(j.created_at)),
        "no other clock"
    );
    let own: Vec<f64> = passed
        .filter(|j| j.completed_at > Some(j.created_at))
        .map(|j| if j.started_at < j.created_at { 0.0 } else { minutes(j.created_at, j.started_at) })
        .collect();
    assert_eq!(value(&organisation, "github.ci.queue_time_minutes.p90"), percentile(&own, 90.0));
}

#[test]
fn globs_of_tests_are_taken_as_written() {
    let mut organisation = bare();
    let repository = &mut organisation.repositories[0];
    repository.default_branch = "main".into();
    repository.workflows = vec![Workflow { id: 1, name: "CI".into(), path: String::new() }];
    repository.runs = vec![run(1, ago(50), "push", "success")];
    for (glob, passing) in [("C*", Some(1.0)), ("c*", None)] {
        let settings = Settings { test_workflows: Some(vec![glob.into()]), ..Settings::default() };
        let all = super::gauges(&organisation, &settings);
        let tests = all.iter().find(|e| e.metric == "github.ci.tests_passing_on_main").unwrap();
        assert_eq!(tests.value, passing, "{glob}");
    }
}

#[test]
fn delivery_follows_ancestry_and_the_last_status_but_inactive() {
    // main: 0 - 1 - 3, release: 0 - 2; the pull request's merge commit is 1.
    let day = 24 * 60;
    let commits = vec![
        commit(ago(6 * day), "m", Vec::new()),
        commit(ago(5 * day), "hotfix", vec![0]),
        commit(ago(4 * day), "m", vec![0]),
        commit(ago(3 * day), "Revert \"hotfix\"", vec![1]),
    ];
    let mut organisation = with_commits(commits);
    let repository = &mut organisation.repositories[0];
    let mut pull = merged(ago(6 * day), ago(5 * day));
    (pull.merge_commit, pull.commits) = (Some(1), vec![0]);
    repository.pulls = vec![pull];
    let deployment = |id, commit, at, states: &[&str]| Deployment {
        id,
        commit,
        reference: "main".into(),
        environment: "production".into(),
        created_at: at,
        creator: None,
        statuses: states
            .iter()
            .zip(1..)
            .map(|(s, i)| DeploymentStatus {
                state: (*s).into(),
                created_at: at.checked_add(SignedDuration::from_secs(i)).unwrap(),
            })
            .collect(),
    };
    repository.deployments = vec![
        deployment(1, 2, ago(4 * day), &["success"]),
        deployment(2, 3, ago(3 * day), &["success", "failure"]),
        deployment(3, 3, ago(2 * day), &["success", "inactive"]),
        deployment(4, 3, ago(day), &["in_progress"]),
    ];
    assert_eq!(value(&organisation, "github.delivery.deployments_7d"), Some(2.0));
    assert_eq!(value(&organisation, "github.delivery.lead_time_hours.p50"), Some(4.0 * 24.0));
    assert_eq!(value(&organisation, "github.delivery.change_failure_rate_pct"), Some(100.0));
    organisation.repositories[0].deployments[0].environment = "Production".into();
    assert_eq!(value(&organisation, "github.delivery.deployments_7d"), Some(2.0));
    for deployment in &mut organisation.repositories[0].deployments {
        deployment.environment = "staging".into();
    }
    assert_eq!(value(&organisation, "github.delivery.deployments_7d"), Some(0.0));
    assert_eq!(value(&organisation, "github.delivery.change_failure_rate_pct"), None);
}

#[test]
fn percentiles_interpolate_between_the_closest_ranks() {
    assert_eq!(percentile(&[], 50.0), None);
    assert_eq!(percentile(&[3.0], 90.0), Some(3.0));
    assert_eq!(percentile(&[4.0, 1.0, 3.0, 2.0], 50.0), Some(2.5));
    assert!((percentile(&[1.0, 2.0, 3.0, 4.0], 90.0).unwrap() - 3.7).abs() < 1e-12);
}
