//! Checks: workflow runs as GraphQL shows them, by the commit that they ran for.

use super::connection;
use super::connection::Connection;
use super::connection::Extra;
use super::object::Object;
use super::object::Outcome;
use super::object::Repo;
use super::object::Resolved;
use super::object::instant;
use super::object::leaf;
use super::object::object;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use crate::organisation::CommitId;
use crate::organisation::Job;
use std::collections::BTreeMap;
use std::rc::Rc;

fn runs(repo: Repo<'_>, commit: CommitId) -> &[usize] {
    repo.index.runs_by_sha.get(&repo.is.commits[commit].oid).map_or(&[], Vec::as_slice)
}

fn jobs(repo: Repo<'_>, run: usize) -> Vec<Rc<Job>> {
    let run = &repo.is.runs[run];
    repo.is.jobs(run, run.attempt).into_iter().map(Rc::new).collect()
}

/// The verdict over a commit; none without any check.
pub fn rollup<'a>(repo: Repo<'a>, commit: CommitId) -> Option<Object<'a>> {
    (!runs(repo, commit).is_empty()).then_some(Object::Rollup(repo, commit))
}

pub fn resolve_rollup<'a>(repo: Repo<'a>, commit: CommitId, field: &str, arguments: &Arguments) -> Outcome<'a> {
    let runs = runs(repo, commit);
    match field {
        "id" => leaf(format!("SCR_{}_{}", repo.is.id, repo.is.commits[commit].oid)),
        "state" => {
            let conclusions = || runs.iter().map(|r| repo.is.runs[*r].conclusion.as_deref());
            let bad = ["failure", "timed_out", "cancelled", "startup_failure", "action_required", "stale"];
            let state = if conclusions().flatten().any(|c| bad.contains(&c)) {
                "FAILURE"
            } else if conclusions().any(|c| c.is_none()) {
                "PENDING"
            } else {
                "SUCCESS"
            };
            leaf(state)
        }
        "contexts" => {
            let jobs: Vec<Rc<Job>> = runs.iter().flat_map(|r| jobs(repo, *r)).collect();
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for job in &jobs {
                *counts.entry(job.conclusion.as_deref().unwrap_or(&job.status).to_uppercase()).or_default() += 1;
            }
            let by_state = counts.into_iter().map(|(state, count)| Object::StateCount(state, count)).collect();
            let mut page = Connection::page("StatusCheckRollupContextConnection", arguments, jobs.len(), |i| {
                Object::CheckRun(jobs[i].clone())
            })?;
            page.extra = vec![
                ("checkRunCount", Extra::Leaf(jobs.len().into())),
                ("checkRunCountsByState", Extra::List(by_state)),
                ("statusContextCount", Extra::Leaf(0.into())),
                ("statusContextCountsByState", Extra::List(Vec::new())),
            ];
            Ok(Resolved::Object(Object::Connection(Rc::new(page))))
        }
        other => Err(Failure::unknown(format!("StatusCheckRollup.{other}"))),
    }
}

pub fn resolve_count<'a>(state: &str, count: usize, field: &str) -> Outcome<'a> {
    match field {
        "state" => leaf(state),
        "count" => leaf(count),
        other => Err(Failure::unknown(format!("CheckRunStateCount.{other}"))),
    }
}

pub fn suites<'a>(repo: Repo<'a>, commit: CommitId, arguments: &Arguments) -> Outcome<'a> {
    arguments.only("Commit.checkSuites", &[])?;
    let runs = runs(repo, commit);
    connection::page("CheckSuiteConnection", arguments, runs.len(), |i| Object::Suite(repo, runs[i]))
}

pub fn resolve_suite<'a>(repo: Repo<'a>, run: usize, field: &str, arguments: &Arguments) -> Outcome<'a> {
    let is = &repo.is.runs[run];
    match field {
        "id" => leaf(format!("CS_{}_{}", repo.is.id, is.id)),
        "status" => leaf(is.status.to_uppercase()),
        "conclusion" => leaf(is.conclusion.as_ref().map(|c| c.to_uppercase())),
        "createdAt" => instant(is.created_at),
        "updatedAt" => instant(is.updated_at),
        "app" => object(Object::App),
        "workflowRun" => object(Object::WorkflowRun(repo, run)),
        "checkRuns" => {
            arguments.only("CheckSuite.checkRuns", &[])?;
            let jobs = jobs(repo, run);
            connection::page("CheckRunConnection", arguments, jobs.len(), |i| Object::CheckRun(jobs[i].clone()))
        }
        other => Err(Failure::unknown(format!("CheckSuite.{other}"))),
    }
}

pub fn resolve_run<'a>(job: &Job, field: &str) -> Outcome<'a> {
    match field {
        "id" => leaf(format!("CR_{}", job.id)),
        "name" => leaf(job.name.as_str()),
        "status" => leaf(job.status.to_uppercase()),
        "conclusion" => leaf(job.conclusion.as_ref().map(|c| c.to_uppercase())),
        "startedAt" => instant(job.started_at),
        "completedAt" => instant(job.completed_at),
        other => Err(Failure::unknown(format!("CheckRun.{other}"))),
    }
}

pub fn resolve_workflow_run<'a>(repo: Repo<'a>, run: usize, field: &str) -> Outcome<'a> {
    let is = &repo.is.runs[run];
    match field {
        "id" => leaf(format!("WFR_{}_{}", repo.is.id, is.id)),
        "event" => leaf(is.event.as_str()),
        "runNumber" => leaf(is.run_number),
        "createdAt" => instant(is.created_at),
        "updatedAt" => instant(is.updated_at),
        "workflow" => object(Object::Workflow(repo, is.workflow)),
        "checkSuite" => object(Object::Suite(repo, run)),
        other => Err(Failure::unknown(format!("WorkflowRun.{other}"))),
    }
}

pub fn resolve_workflow<'a>(repo: Repo<'a>, workflow: usize, field: &str) -> Outcome<'a> {
    match field {
        "name" => leaf(repo.is.workflows[workflow].name.as_str()),
        "id" => leaf(format!("W_{}", repo.is.workflows[workflow].id)),
        "state" => leaf("ACTIVE"),
        other => Err(Failure::unknown(format!("Workflow.{other}"))),
    }
}

pub fn resolve_app<'a>(field: &str) -> Outcome<'a> {
    match field {
        "slug" => leaf("github-actions"),
        "name" => leaf("GitHub Actions"),
        other => Err(Failure::unknown(format!("App.{other}"))),
    }
}
