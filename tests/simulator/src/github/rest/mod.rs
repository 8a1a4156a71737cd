//! REST: which path means what, pages and links.

mod commits;
mod deployments;
mod pulls;
mod render;
mod repository;
mod runs;

use super::controls::State;
use super::index::Index;
use super::quota::Resource;
use super::reply::Answer;
use super::reply::Reply;
use crate::organisation::Repository;
use axum::http::Method;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

/// A request for something of a repository.
pub struct Call<'a> {
    pub state: &'a State,
    pub repository: &'a Repository,
    pub index: &'a Index,
    pub query: Vec<(String, String)>,
    /// The path by the repository's id, as links spell it.
    pub path: String,
}

/// Answers a GET.
pub fn get(state: &State, segments: &[&str], query: &str) -> Answer {
    match segments {
        ["repos", owner, name, rest @ ..] => {
            let full_name = format!("{owner}/{name}");
            let repository = state.organisation.repository(owner, name).ok_or_else(Reply::not_found)?;
            if !repository.name.eq_ignore_ascii_case(name) {
                return Err(moved(state, repository, rest, query));
            }
            of_repository(state, repository, &full_name, rest, query)
        }
        ["repositories", id, rest @ ..] => {
            let repository = state.organisation.repositories.iter().find(|r| r.id.to_string() == *id);
            let repository = repository.ok_or_else(Reply::not_found)?;
            of_repository(state, repository, &repository.full_name(), rest, query)
        }
        ["orgs", login, "repos"] if login.eq_ignore_ascii_case(&state.organisation.login) => {
            let all = &state.organisation.repositories;
            let query = pairs(query);
            let page = Page::of(&query, all.len());
            let items = all.iter().zip(&state.indexes).skip(page.start).take(page.size);
            let text: Vec<String> = items.map(|(r, i)| render::minimal(state, r, i).to_owned()).collect();
            let reply = Reply::text(200, format!("[{}]", text.join(",")));
            Ok(page.linked(reply, state, &segments.join("/"), &query))
        }
        ["user"] => Ok(Reply::json(200, &render::user(state, Some(0)))),
        _ => Err(Reply::not_found()),
    }
}

fn of_repository(state: &State, repository: &Repository, full_name: &str, rest: &[&str], query: &str) -> Answer {
    if state.is_hidden(full_name) {
        return Err(Reply::not_found());
    }
    if state.is_forbidden(full_name) {
        return Err(Reply::refusal(403, "Resource not accessible by personal access token"));
    }
    let at = state.organisation.repositories.iter().position(|r| r.id == repository.id).unwrap_or_default();
    let path = format!("repositories/{}/{}", repository.id, rest.join("/"));
    let call = Call { state, repository, index: &state.indexes[at], query: pairs(query), path };
    match rest {
        [] => Ok(repository::show(&call)),
        ["branches"] => repository::branches(&call),
        ["actions", "workflows"] => runs::workflows(&call),
        ["actions", "workflows", id, "runs"] => runs::of_workflow(&call, id),
        ["actions", "runs"] => runs::list(&call, None),
        ["actions", "runs", id] => runs::show(&call, id),
        ["actions", "runs", id, "jobs"] => runs::jobs(&call, id, None),
        ["actions", "runs", id, "attempts", attempt, "jobs"] => runs::jobs(&call, id, Some(attempt)),
        ["commits"] => commits::list(&call),
        ["commits", sha, "pulls"] => pulls::of_commit(&call, sha),
        ["commits", reference @ ..] => commits::show(&call, &reference.join("/")),
        ["compare", basehead @ ..] => commits::compare(&call, &basehead.join("/")),
        ["deployments"] => deployments::list(&call),
        ["deployments", id] => deployments::show(&call, id),
        ["deployments", id, "statuses"] => deployments::statuses(&call, id),
        ["pulls"] => pulls::list(&call),
        ["pulls", number, "reviews"] => pulls::reviews(&call, number),
        ["pulls", number, "commits"] => pulls::commits(&call, number),
        ["pulls", number, "files"] => pulls::files(&call, number),
        _ => Err(Reply::unknown(&format!("GET /repos/{}/{}", repository.full_name(), rest.join("/")))),
    }
}

/// A repository that was renamed: REST redirects to it by its id.
fn moved(state: &State, repository: &Repository, rest: &[&str], query: &str) -> Reply {
    let mut url = format!("{}/repositories/{}", state.base_url(), repository.id);
    for segment in rest {
        url = format!("{url}/{segment}");
    }
    if !query.is_empty() {
        url = format!("{url}?{query}");
    }
    let documentation = "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects";
    let body = json!({ "message": "Moved Permanently", "url": url, "documentation_url": documentation });
    Reply::json(301, &body).with("location", url)
}

/// GET /rate_limit.
pub fn rate_limit(state: &State) -> Reply {
    let of = |resource: Resource| {
        let q = state.quota(resource);
        json!({ "limit": q.limit, "used": q.used, "remaining": q.remaining(), "reset": q.reset, "resource": resource.name() })
    };
    let search = json!({ "limit": 30, "used": 0, "remaining": 30, "reset": Timestamp::now().as_second() + 60, "resource": "search" });
    let (core, graphql) = (of(Resource::Core), of(Resource::Graphql));
    Reply::json(200, &json!({ "resources": { "core": core, "search": search, "graphql": graphql }, "rate": core }))
}

/// POST /app/installations/{id}/access_tokens.
pub fn access_token(state: &State, method: &Method, authorization: Option<&str>, id: &str) -> Answer {
    if method != Method::POST {
        return Err(Reply::not_found());
    }
    let id = id.parse().map_err(|_| Reply::not_found())?;
    let (token, end) = state.installation_token(authorization, id)?;
    let expires = Timestamp::from_second(end).unwrap_or(Timestamp::MAX);
    let permissions = json!({ "actions": "read", "contents": "read", "deployments": "read", "metadata": "read", "pull_requests": "read" });
    let body = json!({ "token": token, "expires_at": expires.to_string(), "permissions": permissions, "repository_selection": "all" });
    Ok(Reply::json(201, &body))
}

impl Call<'_> {
    /// A query parameter's last value.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    /// Refuses parameters that GitHub would obey and the simulator would not.
    pub fn only(&self, known: &[&str]) -> Result<(), Reply> {
        let paging = ["page", "per_page"];
        match self.query.iter().find(|(n, _)| !known.contains(&n.as_str()) && !paging.contains(&n.as_str())) {
            Some((name, _)) => Err(Reply::unknown(&format!("the parameter {name} of {}", self.path))),
            None => Ok(()),
        }
    }

    /// A URL under the repository's name.
    pub fn url(&self, rest: &str) -> String {
        format!("{}/repos/{}/{rest}", self.state.base_url(), self.repository.full_name())
    }

    /// One page of a list of `total`, rendered item by item, as an array.
    pub fn array(&self, total: usize, item: impl Fn(usize) -> Value) -> Reply {
        let page = Page::of(&self.query, total);
        let items: Vec<Value> = page.range().map(item).collect();
        page.linked(Reply::json(200, &Value::Array(items)), self.state, &self.path, &self.query)
    }
}

/// Which part of a list a request is for.
pub struct Page {
    number: usize,
    pub size: usize,
    pub start: usize,
    total: usize,
}

impl Page {
    /// GitHub takes at most 100 and does not complain about more.
    pub fn of(query: &[(String, String)], total: usize) -> Page {
        let number =
            |name: &str| query.iter().rev().find(|(n, _)| n == name).and_then(|(_, v)| v.parse::<usize>().ok());
        let size = number("per_page").filter(|n| *n > 0).unwrap_or(30).min(100);
        Page::sized(number("page").unwrap_or(1).max(1), size, total)
    }

    pub fn sized(number: usize, size: usize, total: usize) -> Page {
        Page { number, size, start: (number - 1).saturating_mul(size).min(total), total }
    }

    pub fn range(&self) -> std::ops::Range<usize> {
        self.start..(self.start + self.size).min(self.total)
    }

    /// Adds the Link header when there is more than one page.
    pub fn linked(&self, reply: Reply, state: &State, path: &str, query: &[(String, String)]) -> Reply {
        let last = self.total.div_ceil(self.size).max(1);
        let mut links = Vec::new();
        let mut link = |page: usize, rel: &str| {
            let mut url = format!("{}/{path}?", state.base_url());
            for (name, value) in query.iter().filter(|(n, _)| n != "page") {
                url += &format!("{}={}&", encoded(name), encoded(value));
            }
            links.push(format!("<{url}page={page}>; rel=\"{rel}\""));
        };
        if self.number > 1 {
            link((self.number - 1).min(last), "prev");
        }
        if self.number < last {
            link(self.number + 1, "next");
            link(last, "last");
        }
        if self.number > 1 {
            link(1, "first");
        }
        if links.is_empty() { reply } else { reply.with("link", links.join(", ")) }
    }
}

/// A path's segments, decoded.
pub fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|s| !s.is_empty()).map(|s| decoded(s, false)).collect()
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let pair = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (decoded(name, true), decoded(value, true))
    };
    query.split('&').filter(|p| !p.is_empty()).map(pair).collect()
}

fn decoded(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(byte) = hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(if plus_is_space && bytes[at] == b'+' { b' ' } else { bytes[at] });
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:*".contains(&b);
    text.bytes().map(|b| if plain(b) { (b as char).to_string() } else { format!("%{b:02X}") }).collect()
}
