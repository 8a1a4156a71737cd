//! Workflows, their runs and the runs' jobs.

use super::Call;
use super::Page;
use super::render;
use crate::github::range::Range;
use crate::github::reply::Answer;
use crate::github::reply::Reply;
use crate::organisation::HeadRepository;
use crate::organisation::Job;
use crate::organisation::Run;
use serde_json::Value;
use serde_json::json;

/// A filtered listing shows no more than this, however many it says there are.
const FILTERED_CAP: usize = 1_000;

const STATUSES: [&str; 14] = [
    "completed",
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "skipped",
    "stale",
    "success",
    "timed_out",
    "in_progress",
    "queued",
    "requested",
    "waiting",
    "pending",
];

pub fn workflows(call: &Call) -> Answer {
    call.only(&[])?;
    let all = &call.repository.workflows;
    let page = Page::of(&call.query, all.len());
    let render = |w: &crate::organisation::Workflow| {
        json!({
            "id": w.id, "node_id": format!("W_{}", w.id), "name": w.name, "path": w.path, "state": "active",
            "created_at": call.repository.created_at.to_string(), "updated_at": call.repository.created_at.to_string(),
            "url": call.url(&format!("actions/workflows/{}", w.id)), "html_url": format!("https://github.com/{}", w.path),
            "badge_url": format!("https://github.com/{}/badge.svg", w.path),
        })
    };
    let items: Vec<Value> = all[page.range()].iter().map(render).collect();
    let reply = Reply::json(200, &json!({ "total_count": all.len(), "workflows": items }));
    Ok(page.linked(reply, call.state, &call.path, &call.query))
}

pub fn of_workflow(call: &Call, id: &str) -> Answer {
    let by = |w: &crate::organisation::Workflow| w.id.to_string() == id || w.path.rsplit('/').next() == Some(id);
    let workflow = call.repository.workflows.iter().position(by).ok_or_else(Reply::not_found)?;
    list(call, Some(workflow))
}

/// The runs, newest first.
pub fn list(call: &Call, workflow: Option<usize>) -> Answer {
    call.only(&["created", "status", "branch", "event", "head_sha", "actor", "exclude_pull_requests"])?;
    let created = call
        .parameter("created")
        .map(|c| Range::parse(c).ok_or_else(|| Reply::invalid("WorkflowRun", "created", c)))
        .transpose()?;
    let status = call.parameter("status");
    if let Some(unknown) = status.filter(|s| !STATUSES.contains(s)) {
        return Err(Reply::invalid("WorkflowRun", "status", unknown));
    }
    let (branch, event, sha, actor) =
        (call.parameter("branch"), call.parameter("event"), call.parameter("head_sha"), call.parameter("actor"));
    let runs = &call.repository.runs;
    // Runs lie in the order of their creation, so that a range of instants is a range of positions.
    let slice = match created {
        None => 0..runs.len(),
        Some(range) => {
            let start = runs.partition_point(|r| r.created_at.as_second() < range.start);
            start..runs.partition_point(|r| r.created_at.as_second() <= range.end).max(start)
        }
    };
    let fits = |run: &&Run| {
        let login = |r: &Run| r.actor.map(|a| call.state.organisation.rest_login(a));
        workflow.is_none_or(|w| run.workflow == w)
            && status.is_none_or(|s| run.status == s || run.conclusion.as_deref() == Some(s))
            && branch.is_none_or(|b| run.head_branch.as_deref() == Some(b))
            && event.is_none_or(|e| run.event == e)
            && sha.is_none_or(|s| run.head_sha == s)
            && actor.is_none_or(|a| login(run).as_deref() == Some(a))
    };
    let found: Vec<&Run> = runs[slice].iter().rev().filter(fits).collect();
    let filtered = created.is_some() || [status, branch, event, sha, actor].iter().any(Option::is_some);
    let shown = if filtered { found.len().min(FILTERED_CAP) } else { found.len() };
    let page = Page::of(&call.query, shown);
    let items: Vec<String> = found[page.range()].iter().map(|run| render_run(call, run)).collect();
    let body = format!("{{\"total_count\":{},\"workflow_runs\":[{}]}}", found.len(), items.join(","));
    Ok(page.linked(Reply::text(200, body), call.state, &call.path, &call.query))
}

pub fn show(call: &Call, id: &str) -> Answer {
    Ok(Reply::text(200, render_run(call, find(call, id)?)))
}

/// The jobs of one attempt, or of the latest, or of all where `filter` says so.
pub fn jobs(call: &Call, id: &str, attempt: Option<&str>) -> Answer {
    call.only(&["filter"])?;
    let run = find(call, id)?;
    let jobs: Vec<Job> = match (attempt, call.parameter("filter")) {
        (Some(attempt), _) => {
            let attempt =
                attempt.parse().ok().filter(|a| (1..=run.attempt).contains(a)).ok_or_else(Reply::not_found)?;
            call.repository.jobs(run, attempt)
        }
        (None, Some("all")) => (1..=run.attempt).flat_map(|a| call.repository.jobs(run, a)).collect(),
        (None, None | Some("latest")) => call.repository.jobs(run, run.attempt),
        (None, Some(other)) => return Err(Reply::invalid("WorkflowJob", "filter", other)),
    };
    let page = Page::of(&call.query, jobs.len());
    let items: Vec<Value> = jobs[page.range()].iter().map(|job| render_job(call, run, job)).collect();
    let reply = Reply::json(200, &json!({ "total_count": jobs.len(), "jobs": items }));
    Ok(page.linked(reply, call.state, &call.path, &call.query))
}

fn find<'a>(call: &Call<'a>, id: &str) -> Result<&'a Run, Reply> {
    let id: u64 = id.parse().map_err(|_| Reply::not_found())?;
    let at = call.repository.runs.binary_search_by_key(&id, |r| r.id).map_err(|_| Reply::not_found())?;
    Ok(&call.repository.runs[at])
}

fn render_run(call: &Call, run: &Run) -> String {
    let state = call.state;
    let workflow = &call.repository.workflows[run.workflow];
    let url = call.url(&format!("actions/runs/{}", run.id));
    let commit = call.index.commit_by_oid.get(&run.head_sha).map(|id| &call.repository.commits[*id]);
    let head_commit = commit.map(|c| {
        let person = |p: &crate::organisation::Person| json!({ "name": p.name, "email": p.email });
        json!({ "id": c.oid, "tree_id": c.oid, "message": c.message, "timestamp": c.committed_at.to_string(), "author": person(&c.author), "committer": person(&c.committer) })
    });
    let without = call.parameter("exclude_pull_requests") == Some("true");
    let pulls =
        commit.map(|c| c.pulls.as_slice()).filter(|_| !without && run.event == "pull_request").unwrap_or_default();
    let open = pulls.iter().map(|id| &call.repository.pulls[*id]).filter(|p| p.state() == "OPEN");
    let repo = json!({ "id": call.repository.id, "url": call.url(""), "name": call.repository.name });
    let side = |name: &str| json!({ "ref": name, "sha": run.head_sha, "repo": repo });
    let pull = |p: &crate::organisation::PullRequest| json!({ "id": p.number, "number": p.number, "url": call.url(&format!("pulls/{}", p.number)), "head": side(&p.head), "base": side(&p.base) });
    let actor = render::user(state, run.actor);
    let own = json!({
        "id": run.id, "node_id": format!("WFR_{}", run.id), "name": run.name, "display_title": commit.map_or("A run", |c| c.headline()),
        "check_suite_id": run.id + 5, "check_suite_node_id": format!("CS_{}", run.id + 5), "head_branch": run.head_branch,
        "head_sha": run.head_sha, "path": workflow.path, "run_number": run.run_number, "run_attempt": run.attempt, "event": run.event,
        "status": run.status, "conclusion": run.conclusion, "workflow_id": workflow.id, "url": url,
        "html_url": format!("https://github.com/{}/actions/runs/{}", call.repository.full_name(), run.id),
        "pull_requests": open.map(pull).collect::<Vec<Value>>(), "created_at": run.created_at.to_string(), "updated_at": run.updated_at.to_string(),
        "run_started_at": run.run_started_at.to_string(), "actor": actor, "triggering_actor": actor, "referenced_workflows": [],
        "jobs_url": format!("{url}/jobs"), "logs_url": format!("{url}/logs"), "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"), "rerun_url": format!("{url}/rerun"), "head_commit": head_commit,
        "previous_attempt_url": (run.attempt > 1).then(|| format!("{url}/attempts/{}", run.attempt - 1)),
        "check_suite_url": call.url(&format!("check-suites/{}", run.id + 5)),
        "workflow_url": call.url(&format!("actions/workflows/{}", workflow.id)),
    });
    let here = render::minimal(state, call.repository, call.index);
    let head = match run.head_repository {
        HeadRepository::This => here.to_owned(),
        HeadRepository::Fork(user) => render::fork(call, user),
        HeadRepository::Deleted => "null".to_owned(),
    };
    // The two repositories are put in as the text that they were made into once: rendering them for each of a
    // hundred runs would take most of the time of a page.
    let own = own.to_string();
    let body = own.strip_suffix('}').unwrap_or(&own);
    format!("{body},\"repository\":{here},\"head_repository\":{head}}}")
}

fn render_job(call: &Call, run: &Run, job: &Job) -> Value {
    let url = call.url(&format!("actions/jobs/{}", job.id));
    json!({
        "id": job.id, "node_id": format!("CR_{}", job.id), "run_id": run.id, "run_attempt": job.attempt,
        "run_url": call.url(&format!("actions/runs/{}", run.id)), "head_sha": run.head_sha, "head_branch": run.head_branch,
        "workflow_name": run.name, "name": job.name, "url": url, "html_url": format!("https://github.com/job/{}", job.id),
        "status": job.status, "conclusion": job.conclusion, "created_at": job.created_at.to_string(), "started_at": job.started_at.to_string(),
        "completed_at": job.completed_at.map(|t| t.to_string()), "labels": ["ubuntu-latest"], "runner_id": 1, "runner_name": "GitHub Actions 1",
        "runner_group_id": 0, "runner_group_name": "GitHub Actions", "check_run_url": call.url(&format!("check-runs/{}", job.id)),
        "steps": [],
    })
}
