use std::collections::BTreeSet;

use collector::GroupFailure;
use serde_json::Value;
use serde_json::json;

use crate::catalog::group;
use crate::metrics::sample::*;
use crate::testing::*;
use crate::world::*;

use super::*;

async fn collected(server: &Server, change: impl FnOnce(&mut Config)) -> Result<Batch, Failure> {
    let mut config = config(&server.url);
    change(&mut config);
    Github::new(config).collect_at(&context(), PACE).await
}

async fn of(world: World) -> Batch {
    collected(&world.serve().await, |_| ()).await.unwrap()
}

fn failed(batch: &Batch) -> Vec<(&'static str, Reason)> {
    let mut failed: Vec<_> =
        batch.failures().iter().map(|GroupFailure { group, failure, .. }| (*group, failure.reason)).collect();
    failed.sort();
    failed
}

/// Every metric is a gauge, an absence, or of a group that failed.
fn accounts_for_all(batch: &Batch) {
    let failed: BTreeSet<&str> = batch.failures().iter().map(|failure| failure.group).collect();
    for def in METRICS {
        let sent = batch.gauges().iter().filter(|gauge| gauge.def().name == def.name).count();
        let absent = batch.absences().iter().filter(|absence| absence.def.name == def.name).count();
        let missing = usize::from(failed.contains(def.group));
        assert_eq!(sent + absent + missing, 1, "{}", def.name);
    }
}

#[tokio::test]
async fn a_small_repository_takes_few_requests_and_every_number_is_right() {
    let server = World::small().serve().await;
    let batch = collected(&server, |_| ()).await.unwrap();
    assert_eq!(failed(&batch), []);
    assert_eq!(batch.warnings(), Vec::<String>::new());
    accounts_for_all(&batch);
    let expected = [
        ("github.prs.open", 1.0),
        ("github.prs.drafts", 1.0),
        ("github.prs.stale_count_14d", 1.0),
        ("github.prs.merged_7d", 1.0),
        ("github.prs.cycle_time_hours", 47.0),
        ("github.prs.with_review_comments_pct", 100.0),
        ("github.prs.time_to_first_review_hours.p50", 22.0),
        ("github.commits.total_7d", 2.0),
        ("github.developers.active_7d", 1.0),
        ("github.code.lines_added_7d", 14.0),
        ("github.code.files_changed_7d", 2.0),
        ("github.branches.total", 1.0),
        ("github.branches.active", 1.0),
        ("github.ci.workflow_runs_7d", 1.0),
        ("github.ci.tests_passing_on_main", 1.0),
        ("github.ci.queue_time_minutes.p50", 2.0),
        ("github.ci.runs_queued", 3.0),
        ("github.delivery.deployments_7d", 1.0),
        ("github.delivery.change_failure_rate_pct", 0.0),
    ];
    for (name, expected) in expected {
        assert_eq!(value(&batch, name), Some(expected), "{name}");
    }
    let lead = value(&batch, "github.delivery.lead_time_hours.p50").unwrap();
    assert!((lead - (48.0 - 60.0 / 3600.0)).abs() < 1e-9, "{lead}");
    assert_eq!(server.seen().len(), 14);
    assert!(batch.gauges().iter().all(|gauge| gauge.tags() == &tags()));
}

#[tokio::test]
async fn an_empty_repository_was_read_and_nothing_matched() {
    let server = World::empty().serve().await;
    let batch = collected(&server, |_| ()).await.unwrap();
    assert_eq!(failed(&batch), []);
    accounts_for_all(&batch);
    assert!(batch.gauges().iter().all(|gauge| gauge.value() == 0.0));
    assert_eq!(value(&batch, "github.commits.total_7d"), Some(0.0));
    assert_eq!(value(&batch, "github.delivery.deployments_7d"), None);
    assert!(server.seen().len() <= 10);
}

#[tokio::test]
async fn a_renamed_repository_keeps_its_tag() {
    let world = World::empty()
        .with("Repository", repository("acme/gadgets"))
        .with("Commits", in_object(&page(&[], None, 0)))
        .with("/repos/acme/gadgets/actions/runs", json!({"total_count": 0, "workflow_runs": []}));
    let batch = of(world).await;
    assert_eq!(failed(&batch), []);
    assert!(batch.warnings()[0].contains("acme/gadgets"));
    assert!(batch.gauges().iter().all(|gauge| gauge.tags().get("repo") == Some("acme/widgets")));
}

#[tokio::test]
async fn a_repository_that_is_not_found_fails_alone() {
    let world = World::empty().answering("Repository", |seen| match seen.variable("name").as_str() {
        Some("widgets") => ok(repository("acme/widgets")),
        _ => {
            ok(json!({"data": {"repository": null}, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve"}]}))
        }
    });
    let server = world.with("Commits", in_object(&page(&[], None, 0))).serve().await;
    let both = |config: &mut Config| config.repositories.push("acme/gone".parse().unwrap());
    let batch = collected(&server, both).await.unwrap();
    assert_eq!(batch.failures().len(), group::ALL.len());
    assert!(
        batch
            .failures()
            .iter()
            .all(|f| f.tags.get("repo") == Some("acme/gone") && f.failure.reason == Reason::NotFound)
    );
    assert!(!batch.gauges().is_empty());

    let gone = |config: &mut Config| {
        config.repositories = vec!["acme/gone".parse().unwrap(), "acme/away".parse().unwrap()];
    };
    let batch = collected(&server, gone).await.unwrap();
    assert!(batch.gauges().is_empty() && batch.absences().is_empty());
    for name in ["acme/gone", "acme/away"] {
        let of = batch.failures().iter().filter(|f| f.tags.get("repo") == Some(name));
        let of: Vec<_> = of.filter(|f| f.failure.to_string().contains(name)).map(|f| f.group).collect();
        assert_eq!(of, group::ALL, "{name}");
    }
}

#[tokio::test]
async fn a_refused_credential_fails_the_whole_at_once() {
    let server = Server::start(|_, _| answer(401, &[], &json!({"message": "Bad credentials"}))).await;
    let many = |config: &mut Config| config.repositories.extend((0..20).map(|i| format!("acme/r{i}").parse().unwrap()));
    let batch = collected(&server, many).await.unwrap();
    assert_eq!(batch.failures().len(), 21 * group::ALL.len());
    assert!(batch.failures().iter().all(|failed| failed.failure.reason == Reason::Unauthorized));
    assert!(server.seen().len() <= 6, "only those in flight: {}", server.seen().len());
    assert!(!format!("{batch:?}").contains("SECRET"));
}

#[tokio::test]
async fn one_group_that_fails_leaves_the_others_whole() {
    let forbidden = Reason::Forbidden;
    let table = [
        ("OpenPulls", vec![("open_pull_requests", forbidden)]),
        ("ClosedPulls", vec![("closed_pull_requests", forbidden), ("lead_time", forbidden)]),
        (
            "Commits",
            vec![
                ("change_failure_rate", forbidden),
                ("commit_files", forbidden),
                ("commit_lines", forbidden),
                ("commits", forbidden),
                ("lead_time", forbidden),
            ],
        ),
        ("FilesOfPulls", vec![("commit_files", forbidden)]),
        ("/repos/acme/widgets/commits/c2", vec![("commit_files", forbidden)]),
        ("Branches", vec![("branches", forbidden)]),
        ("Deployments", vec![("change_failure_rate", forbidden), ("deployments", forbidden), ("lead_time", forbidden)]),
        ("/repos/acme/widgets/actions/runs?status", vec![("ci_queue", forbidden)]),
        ("/repos/acme/widgets/actions/runs?created", vec![("ci_jobs", forbidden), ("ci_runs", forbidden)]),
        ("/repos/acme/widgets/actions/runs/30000000000/jobs", vec![("ci_jobs", forbidden)]),
    ];
    for (key, groups) in table {
        let batch = of(World::small().failing(key, 403)).await;
        assert_eq!(failed(&batch), groups, "{key}");
        accounts_for_all(&batch);
    }
}

#[tokio::test]
async fn pages_are_put_together_by_cursor() {
    let branch = |i: usize| json!({"name": format!("b{i}"), "target": {"committedDate": when(DAY)}});
    let paged = move |total: usize| {
        move |seen: &Seen| {
            let at: usize = seen.variable("after").as_str().map_or(0, |cursor| cursor.parse().unwrap());
            let size = seen.variable("size").as_u64().unwrap() as usize;
            let end = (at + size).min(250);
            let nodes: Vec<Value> = (at..end).map(branch).collect();
            let next = end.to_string();
            ok(in_repository(&page(&nodes, (end < 250).then_some(&*next), total)))
        }
    };
    let batch = of(World::small().answering("Branches", paged(250))).await;
    assert_eq!(value(&batch, "github.branches.total"), Some(250.0));
    let server = World::small().answering("Branches", paged(251)).serve().await;
    let batch = collected(&server, |_| ()).await.unwrap();
    assert_eq!(failed(&batch), [("branches", Reason::BadReply)]);
    assert_eq!(server.seen().iter().filter(|seen| seen.operation() == "Branches").count(), 6, "read twice");
    let endless = in_repository(&page(&[branch(1)], Some("same"), 1));
    assert_eq!(failed(&of(World::small().with("Branches", endless)).await), [("branches", Reason::BadReply)]);
}

#[tokio::test]
async fn a_page_with_errors_is_a_failure_and_not_a_smaller_number() {
    let mut body = in_repository(&page(&[], None, 0));
    body["errors"] = json!([{"type": "FORBIDDEN", "message": "no", "path": ["repository", "page"]}]);
    let batch = of(World::small().with("OpenPulls", body)).await;
    assert_eq!(failed(&batch), [("open_pull_requests", Reason::Forbidden)]);
}

#[tokio::test]
async fn a_pull_request_is_completed_where_its_nested_pages_are_not_whole() {
    let silent = json!({"author": user("ann"), "submittedAt": when(3 * HOUR), "body": ""});
    let own = json!({"author": user("ann")});
    let pull = pull_node(
        1,
        json!({
            "reviews": page(&[silent], Some("r"), 2),
            "reviewThreads": page(&[json!({"id": "T1", "comments": page(std::slice::from_ref(&own), Some("c"), 2)})], Some("t"), 2),
            "ready": page(&[json!({"createdAt": when(20 * HOUR)})], Some("e"), 2),
        }),
    );
    let late = json!({"author": user("bob"), "submittedAt": when(2 * HOUR), "body": ""});
    let other = json!({"id": "T2", "comments": page(&[json!({"author": user("cy")})], None, 1)});
    let world = World::small()
        .with("ClosedPulls", in_repository(&page(&[pull], None, 1)))
        .with("PullReviews", in_node(&page(&[late], None, 2)))
        .with("PullReady", in_node(&page(&[json!({"createdAt": when(4 * HOUR)})], None, 2)))
        .with("ThreadComments", in_node(&page(&[own], None, 2)))
        .with("PullThreads", in_node(&page(&[other], None, 2)));
    let batch = of(world.clone()).await;
    assert_eq!(failed(&batch), []);
    assert_eq!(value(&batch, "github.prs.time_to_first_review_hours.p50"), Some(2.0));
    assert_eq!(value(&batch, "github.prs.with_review_comments_pct"), Some(100.0));
    for key in ["PullReviews", "PullReady", "ThreadComments", "PullThreads"] {
        let batch = of(world.clone().failing(key, 403)).await;
        assert!(failed(&batch).contains(&("closed_pull_requests", Reason::Forbidden)), "{key}");
    }
}

#[tokio::test]
async fn a_pull_request_that_is_touched_while_pages_are_read_is_not_lost() {
    let touched = std::sync::atomic::AtomicBool::new(false);
    let world = World::small().answering("ClosedPulls", move |seen| {
        let updated = |number: u64, s: i64| pull_node(number, json!({"updatedAt": when(s)}));
        // Number 100 moves to the top before the second page is read.
        let last = touched.load(std::sync::atomic::Ordering::SeqCst);
        let mut all: Vec<Value> = (0..102).filter(|i| !last || *i != 100).map(|i| updated(i, 100 + i as i64)).collect();
        if last {
            all.insert(0, updated(100, 0));
        }
        match seen.variable("after").as_str() {
            None => {
                touched.store(true, std::sync::atomic::Ordering::SeqCst);
                ok(in_repository(&page(&all[..100], Some("100"), 102)))
            }
            _ => ok(in_repository(&page(&all[101..], None, 102))),
        }
    });
    assert_eq!(value(&of(world).await, "github.prs.merged_7d"), Some(102.0));
}

#[tokio::test]
async fn commits_are_completed_where_their_nested_pages_are_not_whole() {
    let mut commit = commit_node("c1", &["c0"], Some(1), 2);
    commit["associatedPullRequests"]["nodes"][0]["labels"] = page(&[json!({"name": "x"})], Some("l"), 21);
    commit["associatedPullRequests"]["pageInfo"] = json!({"hasNextPage": true, "endCursor": "p"});
    let world = World::small()
        .with("Commits", in_object(&page(&[commit], None, 1)))
        .with("CommitPulls", in_object(&page(&[], None, 1)))
        .with("PullLabels", in_node(&page(&[json!({"name": "Hotfix"})], None, 21)));
    assert_eq!(value(&of(world).await, "github.commits.hotfix"), Some(1.0));
}

#[tokio::test]
async fn files_of_a_commit_are_paged_by_link_and_have_to_be_whole() {
    let world = World::small().answering("/repos/acme/widgets/commits/c2", |seen| {
        let host = seen.headers["host"].to_str().unwrap();
        let link = format!(
            "<http://{host}/repos/acme/widgets/commits/c2?page=2>; rel=\"next\", <http://{host}/x>; rel=\"last\""
        );
        match seen.path.contains("page=2") {
            false => answer(200, &[("link", &link)], &json!({"files": [{"filename": "x"}]})),
            true => ok(json!({"files": [{"filename": "y"}]})),
        }
    });
    let commits = |files: usize| {
        in_object(&page(&[commit_node("c2", &["c1"], None, files), commit_node("c1", &["c0"], Some(1), 2)], None, 2))
    };
    let batch = of(world.clone().with("Commits", commits(2))).await;
    assert_eq!(value(&batch, "github.code.files_changed_7d"), Some(4.0));
    let batch = of(world.clone().with("Commits", commits(3))).await;
    assert_eq!(failed(&batch), [("commit_files", Reason::BadReply)]);
    let server = world.with("Commits", commits(2)).serve().await;
    let batch = collected(&server, |config| config.max_commit_lookups = 0).await.unwrap();
    assert_eq!(failed(&batch), [("commit_files", Reason::Config)]);
    assert!(batch.failures()[0].failure.cure.contains("github.max_commit_lookups"));
}

#[tokio::test]
async fn files_of_a_pull_request_are_paged_and_have_to_be_whole() {
    let first = page(&[file_node("a")], Some("f"), 2);
    let world = World::small().with("FilesOfPulls", json!({"data": {"nodes": [{"id": "PR_1", "files": first}]}}));
    let whole = world.clone().with("PullFiles", in_node(&page(&[file_node("q")], None, 2)));
    assert_eq!(value(&of(whole).await, "github.code.files_changed_7d"), Some(3.0));
    let part = world.with("PullFiles", in_node(&page(&[], None, 2)));
    assert_eq!(failed(&of(part).await), [("commit_files", Reason::BadReply)]);
    let none = World::small().with("FilesOfPulls", json!({"data": {"nodes": [null]}}));
    assert_eq!(failed(&of(none).await), [("commit_files", Reason::BadReply)]);
}

#[tokio::test]
async fn deploy_runs_stand_in_where_the_repository_has_no_deployments() {
    let without = json!({"data": {"repository": {"page": page(&[], None, 0), "all": {"totalCount": 0}}}});
    let server = World::small().with("Deployments", without.clone()).serve().await;
    let batch = collected(&server, |_| ()).await.unwrap();
    assert_eq!(value(&batch, "github.delivery.deployments_7d"), None);
    assert_eq!(value(&batch, "github.delivery.change_failure_rate_pct"), None);
    let batch = collected(&server, |config| config.deploy_workflow = Some("CI".to_owned())).await.unwrap();
    assert_eq!(value(&batch, "github.delivery.deployments_7d"), Some(1.0));
    assert_eq!(value(&batch, "github.delivery.lead_time_hours.p50"), Some(47.0));
    let batch = collected(&server, |config| config.deploy_workflow = Some("Deploy".to_owned())).await.unwrap();
    assert_eq!(value(&batch, "github.delivery.deployments_7d"), Some(0.0));

    let elsewhere = in_repository(&page(&[], None, 0));
    let server = World::small().with("Deployments", elsewhere).serve().await;
    let batch = collected(&server, |config| config.deploy_workflow = Some("CI".to_owned())).await.unwrap();
    assert_eq!(value(&batch, "github.delivery.deployments_7d"), Some(0.0), "it deploys, but not this week");

    let server = World::small().with("Deployments", without).failing("/repos/acme/widgets/actions/runs?created", 403);
    let server = server.serve().await;
    let batch = collected(&server, |config| config.deploy_workflow = Some("CI".to_owned())).await.unwrap();
    assert!(failed(&batch).contains(&("deployments", Reason::Forbidden)));
}

#[tokio::test]
async fn a_deployment_from_another_branch_is_asked_for_what_it_contains() {
    let lead = "github.delivery.lead_time_hours.p50";
    let deployed = in_repository(&page(&[deployment_node(1, "release")], None, 1));
    let world = World::small().with("Deployments", deployed);
    let contains = contents(&[("release", &["release", "c1"])]);
    assert!(value(&of(world.clone().answering("Contents", contains)).await, lead).is_some());
    assert_eq!(value(&of(world.clone()).await, lead), None);
    let more = json!({"data": {"nodes": [
        {"id": "C_release", "oid": "release", "history": page(&[], Some("h"), 2)},
        {"id": "C_c0", "oid": "c0", "history": page(&[], None, 0)},
    ]}});
    let more = world.clone().with("Contents", more);
    let rest = more.with("MoreContents", in_node(&page(&[json!({"oid": "c1"})], None, 1)));
    assert!(value(&of(rest).await, lead).is_some());
    let gone = world.with("Contents", json!({"data": {"nodes": [null, null]}}));
    assert_eq!(failed(&of(gone).await), [("lead_time", Reason::BadReply)]);
}

#[tokio::test]
async fn a_run_from_another_branch_is_asked_for_its_history() {
    let lead = "github.delivery.lead_time_hours.p50";
    let without = json!({"data": {"repository": {"page": page(&[], None, 0), "all": {"totalCount": 0}}}});
    let runs = |count: u64| {
        let run = |i: u64| run_node(i + 1, json!({"head_sha": format!("release-{i}"), "status": "in_progress"}));
        json!({"total_count": count, "workflow_runs": (0..count).map(run).collect::<Vec<_>>()})
    };
    let created = "/repos/acme/widgets/actions/runs?created";
    let world = World::small().with("Deployments", without).with(created, runs(1));
    let by_run = async |world: World| {
        let server = world.serve().await;
        collected(&server, |config| config.deploy_workflow = Some("CI".to_owned())).await.unwrap()
    };
    let history = in_object(&page(&[json!({"oid": "release-0"}), json!({"oid": "c1"})], None, 2));
    assert!(value(&by_run(world.clone().with("Ancestors", history)).await, lead).is_some());
    let gone = json!({"data": {"repository": {"object": null}}});
    assert_eq!(failed(&by_run(world.clone().with("Ancestors", gone)).await), [("lead_time", Reason::NotFound)]);
    assert_eq!(failed(&by_run(world.with(created, runs(11))).await), [("lead_time", Reason::Other)]);
}

#[tokio::test]
async fn nothing_expensive_is_begun_without_the_quota_for_it() {
    let reset = (jiff::Timestamp::now().as_second() + 3000).to_string();
    let world = World::small().answering("/repos/acme/widgets/actions/runs", move |seen| {
        let headers = [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "5"), ("x-ratelimit-reset", &*reset)];
        let total = if seen.path.contains("status=") { 0 } else { 900 };
        answer(200, &headers, &json!({"total_count": total, "workflow_runs": []}))
    });
    let mut only = world;
    for key in ["/repos/acme/widgets/actions/runs?status", "/repos/acme/widgets/actions/runs?created"] {
        only.forget(key);
    }
    let server = only.serve().await;
    let batch = collected(&server, |_| ()).await.unwrap();
    assert_eq!(failed(&batch), [("ci_jobs", Reason::RateLimited), ("ci_runs", Reason::RateLimited)]);
    assert!(batch.failures()[0].failure.why.contains("5 of 5000 are left until"));
    assert_eq!(server.paths().iter().filter(|path| path.contains("created=2026")).count(), 1);
}

#[tokio::test]
async fn no_job_is_looked_up_when_that_is_switched_off() {
    let server = World::small().serve().await;
    let batch = collected(&server, |config| config.max_job_lookups = 0).await.unwrap();
    assert_eq!(value(&batch, "github.ci.queue_time_minutes.p50"), None);
    assert!(server.paths().iter().all(|path| !path.contains("/jobs")));
}

#[tokio::test]
async fn the_doctor_names_each_right() {
    let good = json!({"data": {"repository": {"pullRequests": {"totalCount": 1}}}});
    let world = World::small()
        .with("/rate_limit", json!({"resources": {"core": {"limit": 5000, "remaining": 4999}}}))
        .with("PullRights", good.clone())
        .with("CodeRights", good.clone())
        .with("DeliveryRights", good);
    let check = async |world: World| {
        let server = world.serve().await;
        Collector::check(&Github::new(config(&server.url)), &context()).await
    };
    let findings = check(world.clone()).await;
    assert_eq!(findings.len(), 6);
    assert!(findings.iter().all(|finding| finding.outcome.is_ok()), "{findings:?}");
    let without = world.clone().failing("/repos/acme/widgets/actions/runs?status", 403);
    let findings = check(without).await;
    let bad: Vec<_> = findings.iter().filter_map(|finding| finding.outcome.as_ref().err()).collect();
    assert_eq!(bad.len(), 1);
    assert!(bad[0].cure.contains("Actions: read"));
    // A plain web server answers 404 as well as an Enterprise Server without limits.
    let findings = check(world.clone().failing("/rate_limit", 404)).await;
    assert_eq!(findings.len(), 6);
    let credential = findings[0].outcome.as_ref().unwrap();
    assert!(!credential.contains("good") && credential.contains("cannot be told"), "{credential}");
    let findings = check(World::default().failing("/rate_limit", 404)).await;
    assert!(findings[1..].iter().all(|finding| finding.outcome.is_err()), "{findings:?}");
    for foreign in [json!({}), json!({"resources": {"core": {"limit": "many", "remaining": 1}}})] {
        let findings = check(world.clone().with("/rate_limit", foreign)).await;
        assert!(findings[0].outcome.as_ref().is_err_and(|failure| failure.reason == Reason::BadReply), "{findings:?}");
    }
    let findings = check(world.failing("/rate_limit", 401)).await;
    assert_eq!(findings.len(), 1);
    assert!(findings[0].outcome.as_ref().is_err_and(|failure| failure.reason == Reason::Unauthorized));
}
