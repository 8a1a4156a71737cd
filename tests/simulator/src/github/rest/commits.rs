//! Commits, one or many, and comparisons.

use super::Call;
use super::Page;
use super::render;
use crate::github::index;
use crate::github::reply::Answer;
use crate::github::reply::Reply;
use crate::organisation::CommitId;
use crate::organisation::FileChange;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

/// A commit shows its files by 300, and no more than 3,000 of them.
const FILES_A_PAGE: usize = 300;
const MOST_FILES: usize = 3_000;
/// A comparison lists so many commits.
const COMPARED_COMMITS: usize = 250;

pub fn list(call: &Call) -> Answer {
    call.only(&["sha", "since", "until"])?;
    if call.repository.head().is_none() {
        return Err(Reply::refusal(409, "Git Repository is empty."));
    }
    let instant = |name: &str| {
        let text = call.parameter(name);
        text.map(|t| t.parse::<Timestamp>().map_err(|_| Reply::invalid("Commit", name, t))).transpose()
    };
    let (since, until) = (instant("since")?, instant("until")?);
    let history = match call.parameter("sha") {
        None => call.index.history.clone(),
        Some(reference) => index::history(
            call.repository,
            &call.repository.ancestry(Some(resolve(call, reference).ok_or_else(Reply::not_found)?)),
        ),
    };
    let date = |id: &CommitId| call.repository.commits[*id].committed_at;
    let fits = |id: &CommitId| since.is_none_or(|s| date(id) >= s) && until.is_none_or(|u| date(id) <= u);
    let found: Vec<CommitId> = history.into_iter().filter(fits).collect();
    Ok(call.array(found.len(), |i| commit(call, found[i])))
}

pub fn show(call: &Call, reference: &str) -> Answer {
    call.only(&[])?;
    if call.repository.head().is_none() {
        return Err(Reply::refusal(409, "Git Repository is empty."));
    }
    let id = resolve(call, reference)
        .ok_or_else(|| Reply::refusal(422, &format!("No commit found for SHA: {reference}")))?;
    let found = &call.repository.commits[id];
    let shown = found.files.len().min(MOST_FILES);
    let number = call.parameter("page").and_then(|p| p.parse().ok()).unwrap_or(1).max(1);
    let size = call
        .parameter("per_page")
        .and_then(|p| p.parse().ok())
        .filter(|n| *n > 0)
        .unwrap_or(FILES_A_PAGE)
        .min(FILES_A_PAGE);
    let page = Page::sized(number, size, shown);
    let mut body = commit(call, id);
    body["stats"] = json!({ "additions": found.additions(), "deletions": found.deletions(), "total": found.additions() + found.deletions() });
    body["files"] = found.files[page.range()].iter().map(|f| render::file(call, &found.oid, f)).collect();
    Ok(page.linked(Reply::json(200, &body), call.state, &call.path, &call.query))
}

/// `base...head`: what head has that base has not.
pub fn compare(call: &Call, basehead: &str) -> Answer {
    call.only(&[])?;
    let (base, head) = basehead.split_once("...").ok_or_else(Reply::not_found)?;
    let (base, head) =
        (resolve(call, base).ok_or_else(Reply::not_found)?, resolve(call, head).ok_or_else(Reply::not_found)?);
    let (of_base, of_head) = (call.repository.ancestry(Some(base)), call.repository.ancestry(Some(head)));
    let only = |a: &[bool], b: &[bool]| (0..a.len()).filter(|id| a[*id] && !b[*id]).collect::<Vec<CommitId>>();
    let (ahead, behind) = (only(&of_head, &of_base), only(&of_base, &of_head));
    let common = (0..of_base.len()).rev().find(|id| of_base[*id] && of_head[*id]).ok_or_else(Reply::not_found)?;
    let status = match (ahead.is_empty(), behind.is_empty()) {
        (true, true) => "identical",
        (false, true) => "ahead",
        (true, false) => "behind",
        (false, false) => "diverged",
    };
    let per = call
        .parameter("per_page")
        .and_then(|p| p.parse().ok())
        .filter(|n| *n > 0)
        .unwrap_or(COMPARED_COMMITS)
        .min(COMPARED_COMMITS);
    let number = call.parameter("page").and_then(|p| p.parse().ok()).unwrap_or(1).max(1);
    let page = Page::sized(number, per, ahead.len());
    let commits: Vec<Value> = ahead[page.range()].iter().map(|id| commit(call, *id)).collect();
    let mut files: Vec<&FileChange> = ahead.iter().flat_map(|id| &call.repository.commits[*id].files).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    let sha = &call.repository.commits[head].oid;
    let files: Vec<Value> = files.into_iter().take(300).map(|f| render::file(call, sha, f)).collect();
    let body = json!({
        "status": status, "ahead_by": ahead.len(), "behind_by": behind.len(), "total_commits": ahead.len(), "commits": commits,
        "base_commit": commit(call, base), "merge_base_commit": commit(call, common), "files": files,
        "url": call.url(&format!("compare/{basehead}")), "html_url": format!("https://github.com/compare/{basehead}"),
    });
    Ok(page.linked(Reply::json(200, &body), call.state, &call.path, &call.query))
}

/// A branch by name, or a commit by its digits, seven of them at least.
pub fn resolve(call: &Call, reference: &str) -> Option<CommitId> {
    if reference == "HEAD" {
        return call.repository.head();
    }
    let name = reference.strip_prefix("refs/heads/").or(reference.strip_prefix("heads/")).unwrap_or(reference);
    if let Some(branch) = call.repository.branches.iter().find(|b| b.name == name) {
        return Some(branch.tip);
    }
    if let Some(id) = call.index.commit_by_oid.get(reference) {
        return Some(*id);
    }
    let abbreviated = (7..40).contains(&reference.len());
    abbreviated.then(|| call.repository.commits.iter().position(|c| c.oid.starts_with(reference))).flatten()
}

/// A commit without its files.
pub fn commit(call: &Call, id: CommitId) -> Value {
    let commit = &call.repository.commits[id];
    let url = call.url(&format!("commits/{}", commit.oid));
    let account = |person: &crate::organisation::Person| person.user.map(|u| render::user(call.state, Some(u)));
    let parent = |id: &CommitId| {
        let sha = &call.repository.commits[*id].oid;
        json!({ "sha": sha, "url": call.url(&format!("commits/{sha}")), "html_url": format!("https://github.com/commit/{sha}") })
    };
    json!({
        "sha": commit.oid, "node_id": format!("C_{}", commit.oid), "url": url, "html_url": format!("https://github.com/commit/{}", commit.oid),
        "comments_url": format!("{url}/comments"),
        "commit": {
            "url": call.url(&format!("git/commits/{}", commit.oid)),
            "author": render::git_person(&commit.author, commit.authored_at),
            "committer": render::git_person(&commit.committer, commit.committed_at),
            "message": commit.message, "comment_count": 0,
            "tree": { "sha": commit.oid, "url": call.url(&format!("git/trees/{}", commit.oid)) },
            "verification": { "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null },
        },
        "author": account(&commit.author), "committer": account(&commit.committer),
        "parents": commit.parents.iter().map(parent).collect::<Vec<Value>>(),
    })
}
