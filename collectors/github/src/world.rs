//! A small GitHub for the tests of whole collections: one repository, any answer of which a test can replace.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::Response;
use serde_json::Value;
use serde_json::json;

use crate::metrics::sample::*;
use crate::testing::Seen;
use crate::testing::Server;
use crate::testing::answer;
use crate::testing::ok;
use crate::testing::page;

type Reply = Arc<dyn Fn(&Seen) -> Response + Send + Sync>;

/// Answers by GraphQL operation, or by the start of a REST path.
#[derive(Clone, Default)]
pub(crate) struct World {
    replies: BTreeMap<String, Reply>,
}

/// The data of a document whose page is right under the repository.
pub(crate) fn in_repository(page: &Value) -> Value {
    json!({"data": {"repository": {"page": page, "all": {"totalCount": 1}}}})
}

/// The data of a document whose page is under a git object.
pub(crate) fn in_object(page: &Value) -> Value {
    json!({"data": {"repository": {"object": {"page": page}}}})
}

/// The data of a document whose page is under a node.
pub(crate) fn in_node(page: &Value) -> Value {
    json!({"data": {"node": {"page": page}}})
}

pub(crate) fn repository(name: &str) -> Value {
    json!({"data": {"repository": {
        "nameWithOwner": name, "defaultBranchRef": {"name": "trunk", "target": {"oid": "c2"}},
        "branches": {"totalCount": 2},
    }}})
}

pub(crate) fn pull_node(number: u64, with: Value) -> Value {
    let mut pull = json!({
        "id": format!("PR_{number}"), "number": number, "createdAt": when(DAY), "updatedAt": when(HOUR),
        "mergedAt": when(HOUR), "closedAt": when(HOUR), "additions": 10, "deletions": 5, "totalCommentsCount": 2,
        "author": user("ann"), "mergeCommit": {"oid": "c1"},
        "firstCommit": {"nodes": [{"commit": {"authoredDate": when(2 * DAY)}}]},
        "reviews": page(&[json!({"author": user("bob"), "submittedAt": when(2 * HOUR), "body": "Well done"})], None, 1),
        "reviewThreads": page(&[], None, 0), "ready": page(&[], None, 0),
    });
    for (key, value) in with.as_object().unwrap() {
        pull[key] = value.clone();
    }
    pull
}

pub(crate) fn commit_node(oid: &str, parents: &[&str], pull: Option<u64>, files: usize) -> Value {
    let parents: Vec<Value> = parents.iter().map(|oid| json!({"id": format!("C_{oid}"), "oid": oid})).collect();
    let pulls: Vec<Value> = pull
        .iter()
        .map(|number| {
            json!({
                "id": format!("PR_{number}"), "baseRefName": "trunk",
                "baseRepository": {"nameWithOwner": "acme/widgets"}, "changedFiles": files,
                "commits": {"totalCount": 3}, "mergeCommit": {"oid": oid}, "labels": page(&[], None, 0),
            })
        })
        .collect();
    json!({
        "oid": oid, "message": format!("Change {oid}\n\nBecause."), "committedDate": when(HOUR), "additions": 7,
        "deletions": 2, "changedFilesIfAvailable": files, "parents": page(&parents, None, parents.len()),
        "author": {"name": "Ann", "email": "ann@example.com", "user": user("ann")},
        "associatedPullRequests": page(&pulls, None, pulls.len()),
    })
}

/// A file of a pull request.
pub(crate) fn file_node(path: &str) -> Value {
    json!({"path": path, "changeType": "MODIFIED"})
}

pub(crate) fn run_node(id: u64, with: Value) -> Value {
    let mut run = json!({
        "id": id, "workflow_id": 7, "name": "CI", "path": ".github/workflows/ci.yml", "event": "push",
        "status": "completed", "conclusion": "success", "run_attempt": 1, "head_branch": "trunk", "head_sha": "c2",
        "created_at": when(HOUR), "run_started_at": when(HOUR), "updated_at": when(HOUR - 600),
        "repository": {"id": 1, "full_name": "acme/widgets"}, "head_repository": {"id": 1}, "actor": {"login": "ann"},
    });
    for (key, value) in with.as_object().unwrap() {
        run[key] = value.clone();
    }
    run
}

/// A job of an hour ago that waited 2 minutes.
pub(crate) fn job_node(id: u64, with: Value) -> Value {
    let mut job = json!({
        "id": id, "conclusion": "success", "created_at": when(HOUR), "started_at": when(HOUR - 120),
        "completed_at": when(HOUR - 600),
    });
    for (key, value) in with.as_object().unwrap() {
        job[key] = value.clone();
    }
    job
}

/// What commits contain; those that are asked for and are not named here contain nothing.
pub(crate) fn contents(commits: &[(&str, &[&str])]) -> impl Fn(&Seen) -> Response + Send + Sync + 'static {
    let commits: BTreeMap<String, Vec<Value>> = commits
        .iter()
        .map(|(oid, of)| (format!("C_{oid}"), of.iter().map(|oid| json!({ "oid": oid })).collect()))
        .collect();
    move |seen| {
        let node = |id: &Value| {
            let history = commits.get(id.as_str().unwrap()).cloned().unwrap_or_default();
            json!({"id": id, "oid": id.as_str().unwrap().trim_start_matches("C_"), "history": page(&history, None, 0)})
        };
        let nodes: Vec<Value> = seen.variable("ids").as_array().unwrap().iter().map(node).collect();
        ok(json!({"data": {"nodes": nodes}}))
    }
}

pub(crate) fn deployment_node(id: u64, oid: &str) -> Value {
    json!({
        "id": format!("D{id}"), "environment": "production", "createdAt": when(60), "commitOid": oid,
        "commit": {"id": format!("C_{oid}")},
        "statuses": page(&[json!({"state": "SUCCESS", "createdAt": when(30)})], None, 1),
    })
}

impl World {
    /// One open pull request, one merged and deployed one, two commits, two branches, one run with one job.
    pub fn small() -> World {
        let open = json!({"number": 3, "isDraft": true, "createdAt": when(20 * DAY)});
        let commits = [commit_node("c2", &["c1"], None, 1), commit_node("c1", &["c0"], Some(1), 2)];
        let branches: Vec<Value> =
            ["idea", "trunk"].iter().map(|name| json!({"name": name, "target": {"committedDate": when(0)}})).collect();
        World::default()
            .with("Repository", repository("acme/widgets"))
            .with("OpenPulls", in_repository(&page(&[open], None, 1)))
            .with("ClosedPulls", in_repository(&page(&[pull_node(1, json!({}))], None, 1)))
            .with("Commits", in_object(&page(&commits, None, 2)))
            .with("Branches", in_repository(&page(&branches, None, 2)))
            .with("Deployments", in_repository(&page(&[deployment_node(1, "c2")], None, 1)))
            .with(
                "FilesOfPulls",
                json!({"data": {"nodes": [{"id": "PR_1", "files": page(&[file_node("a"), file_node("b")], None, 2)}]}}),
            )
            .answering("Contents", contents(&[]))
            .with("/repos/acme/widgets/commits/c2", json!({"files": [{"filename": "b"}]}))
            .with("/repos/acme/widgets/actions/runs?status", json!({"total_count": 1, "workflow_runs": []}))
            .with(
                "/repos/acme/widgets/actions/runs?created",
                json!({"total_count": 1, "workflow_runs": [run_node(30_000_000_000, json!({}))]}),
            )
            .with(
                "/repos/acme/widgets/actions/runs/30000000000/jobs",
                json!({"total_count": 1, "jobs": [job_node(1, json!({}))]}),
            )
    }

    /// A repository without a commit.
    pub fn empty() -> World {
        let nothing = page(&[], None, 0);
        World::default()
            .with(
                "Repository",
                json!({"data": {"repository": {
                    "nameWithOwner": "acme/widgets", "defaultBranchRef": null, "branches": {"totalCount": 0},
                }}}),
            )
            .with("OpenPulls", in_repository(&nothing))
            .with("ClosedPulls", in_repository(&nothing))
            .with("Branches", in_repository(&nothing))
            .with("Deployments", json!({"data": {"repository": {"page": nothing, "all": {"totalCount": 0}}}}))
            .with("/repos/acme/widgets/actions/runs", json!({"total_count": 0, "workflow_runs": []}))
    }

    pub fn with(self, key: &str, body: Value) -> World {
        self.answering(key, move |_| ok(body.clone()))
    }

    pub fn failing(self, key: &str, status: u16) -> World {
        self.answering(key, move |_| answer(status, &[], &json!({"message": "No"})))
    }

    pub fn answering(mut self, key: &str, reply: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> World {
        self.replies.insert(key.to_owned(), Arc::new(reply));
        self
    }

    /// Leaves a question without an answer of its own.
    pub fn forget(&mut self, key: &str) {
        self.replies.remove(key);
    }

    /// A server that answers so, and 404 to anything else.
    pub async fn serve(self) -> Server {
        Server::start(move |seen, _| {
            let operation = seen.operation();
            let found = match operation {
                "" => self.replies.iter().rev().find(|(key, _)| key.starts_with('/') && seen.path.starts_with(*key)),
                operation => self.replies.get_key_value(operation),
            };
            match found {
                Some((_, reply)) => reply(seen),
                None => answer(404, &[], &json!({"message": format!("no answer for {operation} {}", seen.path)})),
            }
        })
        .await
    }
}
