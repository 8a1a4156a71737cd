//! Executes a prepared document over the described organisation.

use super::Answer;
use super::Reply;
use super::State;
use super::checks;
use super::commit;
use super::connection;
use super::cost::Price;
use super::deployment;
use super::object;
use super::object::Object;
use super::object::Outcome;
use super::people;
use super::pull;
use super::query;
use super::repository;
use super::review;
use crate::graphql;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use crate::graphql::Graph;
use crate::graphql::Prepared;
use serde_json::Value;
use serde_json::json;

pub fn execute(state: &State, prepared: &Prepared, price: &Price) -> Answer {
    let (data, errors) = graphql::execute(&Hub { state, price }, &Object::Query, prepared)?;
    let mut body = json!({ "data": data });
    if !errors.is_empty() {
        body["errors"] = errors.into();
    }
    Ok(Reply::json(200, &body))
}

struct Hub<'a> {
    state: &'a State,
    price: &'a Price,
}

impl<'a> Graph for Hub<'a> {
    type Object = Object<'a>;

    fn type_name(&self, object: &Object<'a>) -> &'static str {
        object.type_name(|user| self.state.organisation.users[user].is_bot)
    }

    fn is_a(&self, kind: &str, condition: &str) -> Result<bool, Failure> {
        object::is_a(kind, condition)
    }

    fn error(&self, kind: &str, message: &str, path: &[Value]) -> Value {
        let locations: Vec<Value> = Vec::new();
        json!({ "type": kind, "path": path, "locations": locations, "message": message })
    }

    fn resolve(&self, object: &Object<'a>, field: &str, arguments: &Arguments) -> Outcome<'a> {
        let state = self.state;
        match object {
            Object::Query => query::resolve(state, field, arguments),
            Object::RateLimit => query::resolve_rate_limit(state, self.price, field),
            Object::Account(user) => people::resolve(state, *user, field),
            Object::CommitUser(user) => people::resolve_commit_user(state, *user, field),
            Object::Organization => people::resolve_organization(state, field, arguments),
            Object::GitActor(repo, commit, committer) => people::resolve_git_actor(*repo, *commit, *committer, field),
            Object::Repository(repo) => repository::resolve(*repo, field, arguments),
            Object::Ref(repo, branch) => repository::resolve_ref(*repo, *branch, field, arguments),
            Object::Commit(repo, id) => commit::resolve(*repo, *id, field, arguments),
            Object::Pull(repo, id) => pull::resolve(*repo, *id, field, arguments),
            Object::PullCommit(repo, id, i) => pull::resolve_commit(*repo, *id, *i, field),
            Object::PullFile(repo, id, i) => pull::resolve_file(*repo, *id, *i, field),
            Object::Label(repo, id, i) => pull::resolve_label(*repo, *id, *i, field),
            Object::ReadyEvent(repo, id, i) => {
                pull::resolve_event(*repo, *id, repo.is.pulls[*id].ready_at[*i].into(), field)
            }
            Object::MergedEvent(repo, id) => pull::resolve_event(*repo, *id, repo.is.pulls[*id].merged_at, field),
            Object::ClosedEvent(repo, id) => pull::resolve_event(*repo, *id, repo.is.pulls[*id].closed_at, field),
            Object::Comment(repo, id, i) => {
                review::resolve_comment(&repo.is.pulls[*id].comments[*i], *repo, *id, "IssueComment", field)
            }
            Object::Review(repo, id, i) => review::resolve(*repo, *id, *i, field),
            Object::Thread(repo, id, i) => review::resolve_thread(*repo, *id, *i, field, arguments),
            Object::ThreadComment(repo, id, t, i) => review::resolve_comment(
                &repo.is.pulls[*id].threads[*t].comments[*i],
                *repo,
                *id,
                "PullRequestReviewComment",
                field,
            ),
            Object::Deployment(repo, i) => deployment::resolve(*repo, *i, field, arguments),
            Object::DeploymentStatus(repo, i, s) => deployment::resolve_status(*repo, *i, *s, field),
            Object::Rollup(repo, commit) => checks::resolve_rollup(*repo, *commit, field, arguments),
            Object::StateCount(state, count) => checks::resolve_count(state, *count, field),
            Object::Suite(repo, run) => checks::resolve_suite(*repo, *run, field, arguments),
            Object::CheckRun(job) => checks::resolve_run(job, field),
            Object::WorkflowRun(repo, run) => checks::resolve_workflow_run(*repo, *run, field),
            Object::Workflow(repo, workflow) => checks::resolve_workflow(*repo, *workflow, field),
            Object::App => checks::resolve_app(field),
            Object::Connection(connection) => connection::resolve(connection, field),
            Object::Edge(connection, i) => connection::resolve_edge(connection, *i, field),
            Object::PageInfo(connection) => connection::resolve_page_info(connection, field),
        }
    }
}
