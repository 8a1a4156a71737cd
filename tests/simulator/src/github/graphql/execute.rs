//! Executes a prepared document field by field.

use super::Answer;
use super::Reply;
use super::State;
use super::arguments::Arguments;
use super::checks;
use super::commit;
use super::connection;
use super::cost::Price;
use super::deployment;
use super::document::Prepared;
use super::failure::Failure;
use super::object::Object;
use super::object::Outcome;
use super::object::Resolved;
use super::object::is_a;
use super::people;
use super::pull;
use super::query;
use super::repository;
use super::review;
use apollo_compiler::ast::Field;
use apollo_compiler::ast::Selection;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

pub fn execute(state: &State, prepared: &Prepared, price: &Price) -> Answer {
    let mut executor = Executor { state, prepared, price, errors: Vec::new() };
    let mut path = Vec::new();
    let data = executor.select(&Object::Query, &[&prepared.operation.selection_set], &mut path)?;
    let mut body = json!({ "data": data });
    if !executor.errors.is_empty() {
        body["errors"] = executor.errors.into();
    }
    Ok(Reply::json(200, &body))
}

struct Executor<'a> {
    state: &'a State,
    prepared: &'a Prepared<'a>,
    price: &'a Price,
    errors: Vec<Value>,
}

/// The fields that end up under one name of the reply.
type Group<'a> = (&'a str, Vec<&'a Field>);

impl<'a> Executor<'a> {
    fn select(&mut self, object: &Object<'a>, sets: &[&'a [Selection]], path: &mut Vec<Value>) -> Result<Value, Reply> {
        let users = &self.state.organisation.users;
        let kind = object.type_name(|user| users[user].is_bot);
        let mut groups: Vec<Group> = Vec::new();
        for set in sets {
            self.collect(kind, set, &mut groups)?;
        }
        let mut out = Map::new();
        for (name, fields) in groups {
            path.push(name.into());
            let value = self.field(object, kind, &fields, path)?;
            path.pop();
            out.insert(name.to_owned(), value);
        }
        Ok(Value::Object(out))
    }

    fn collect(&self, kind: &str, set: &'a [Selection], groups: &mut Vec<Group<'a>>) -> Result<(), Reply> {
        for selection in set {
            match selection {
                Selection::Field(field) if self.prepared.included(&field.directives) => {
                    let name = field.response_name().as_str();
                    match groups.iter_mut().find(|(n, _)| *n == name) {
                        Some((_, fields)) => fields.push(field),
                        None => groups.push((name, vec![field])),
                    }
                }
                Selection::InlineFragment(inline) if self.prepared.included(&inline.directives) => {
                    let applies =
                        inline.type_condition.as_ref().map_or(Ok(true), |c| is_a(kind, c)).map_err(refused)?;
                    if applies {
                        self.collect(kind, &inline.selection_set, groups)?;
                    }
                }
                Selection::FragmentSpread(spread) if self.prepared.included(&spread.directives) => {
                    let fragment = self.prepared.fragment(&spread.fragment_name)?;
                    if is_a(kind, &fragment.type_condition).map_err(refused)? {
                        self.collect(kind, &fragment.selection_set, groups)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn field(
        &mut self,
        object: &Object<'a>,
        kind: &str,
        fields: &[&'a Field],
        path: &mut Vec<Value>,
    ) -> Result<Value, Reply> {
        let field = fields[0];
        if field.name == "__typename" {
            return Ok(kind.into());
        }
        let arguments = self.prepared.arguments(field);
        let sets: Vec<&[Selection]> = fields.iter().map(|f| f.selection_set.as_slice()).collect();
        match self.resolve(object, &field.name, &arguments) {
            Ok(Resolved::Leaf(value)) => Ok(value),
            Ok(Resolved::Object(object)) => self.select(&object, &sets, path),
            Ok(Resolved::List(items)) => {
                let mut out = Vec::with_capacity(items.len());
                for (i, item) in items.iter().enumerate() {
                    path.push(i.into());
                    out.push(self.select(item, &sets, path)?);
                    path.pop();
                }
                Ok(Value::Array(out))
            }
            Err(Failure::Unknown(what)) => Err(Failure::unknown_reply(&what)),
            Err(Failure::Error { kind, message }) => {
                let locations: Vec<Value> = Vec::new();
                self.errors
                    .push(json!({ "type": kind, "path": path.clone(), "locations": locations, "message": message }));
                Ok(Value::Null)
            }
        }
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

fn refused(failure: Failure) -> Reply {
    match failure {
        Failure::Unknown(what) => Failure::unknown_reply(&what),
        Failure::Error { message, .. } => super::refuse(json!({ "message": message })),
    }
}
