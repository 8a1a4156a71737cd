//! Search for pull requests. The count is exact; only the first thousand can be paged through.

use super::State;
use super::connection::Connection;
use super::connection::Extra;
use super::object::Object;
use super::object::Outcome;
use super::object::Repo;
use super::object::Resolved;
use super::query;
use crate::github::range::Range;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use crate::organisation::PullRequest;
use jiff::Timestamp;
use std::rc::Rc;

const MOST_RESULTS: usize = 1_000;

pub fn resolve<'a>(state: &'a State, arguments: &Arguments) -> Outcome<'a> {
    if arguments.text("type") != Some("ISSUE") {
        return Err(Failure::unknown("a search for anything but issues"));
    }
    let text = arguments.text("query").unwrap_or_default();
    let (places, qualifiers): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(|t| t.starts_with("repo:"));
    let mut found = Vec::new();
    for place in places {
        let (owner, name) = place["repo:".len()..].split_once('/').unwrap_or_default();
        let repository = state.organisation.repository(owner, name).filter(|r| !state.is_hidden(&r.full_name()));
        let Some(repo) = repository.and_then(|r| query::repo(state, r.id)) else { continue };
        matching(repo, &qualifiers, &mut found)?;
    }
    let count = found.len();
    let mut page =
        Connection::page("SearchResultItemConnection", arguments, count.min(MOST_RESULTS), |i| found[i].clone())?;
    page.extra = vec![("issueCount", Extra::Leaf(count.into()))];
    Ok(Resolved::Object(Object::Connection(Rc::new(page))))
}

fn matching<'a>(repo: Repo<'a>, qualifiers: &[&str], out: &mut Vec<Object<'a>>) -> Result<(), Failure> {
    for (id, pull) in repo.is.pulls.iter().enumerate().rev() {
        let mut all = true;
        for qualifier in qualifiers {
            all &= fits(pull, qualifier)?;
        }
        if all {
            out.push(Object::Pull(repo, id));
        }
    }
    Ok(())
}

fn fits(pull: &PullRequest, qualifier: &str) -> Result<bool, Failure> {
    let unknown = || Failure::unknown(format!("the search term {qualifier}"));
    let (name, value) = qualifier.split_once(':').ok_or_else(unknown)?;
    let value = value.trim_matches('"');
    let within = |at: Option<Timestamp>| {
        let range = Range::parse(value).ok_or_else(unknown)?;
        Ok(at.is_some_and(|at| range.contains(at)))
    };
    match (name, value) {
        ("is" | "type", "pr") => Ok(true),
        ("is", "merged") => Ok(pull.merged_at.is_some()),
        ("is", "unmerged") => Ok(pull.merged_at.is_none()),
        ("is" | "state", "open") => Ok(pull.closed_at.is_none()),
        ("is" | "state", "closed") => Ok(pull.closed_at.is_some()),
        ("draft", _) => Ok(pull.is_draft == (value == "true")),
        ("base", base) => Ok(pull.base == base),
        ("label", label) => Ok(pull.labels.iter().any(|l| l.eq_ignore_ascii_case(label))),
        ("created", _) => within(Some(pull.created_at)),
        ("updated", _) => within(Some(pull.updated_at)),
        ("closed", _) => within(pull.closed_at),
        ("merged", _) => within(pull.merged_at),
        _ => Err(unknown()),
    }
}
