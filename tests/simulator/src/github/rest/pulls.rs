//! Pull requests.

use super::Call;
use super::commits;
use super::render;
use super::repository;
use crate::github::reply::Answer;
use crate::github::reply::Reply;
use crate::organisation::PullId;
use crate::organisation::PullRequest;
use serde_json::Value;
use serde_json::json;

pub fn list(call: &Call) -> Answer {
    call.only(&["state", "base", "head", "sort", "direction"])?;
    let state = call.parameter("state").unwrap_or("open");
    if !["open", "closed", "all"].contains(&state) {
        return Err(Reply::invalid("PullRequest", "state", state));
    }
    let mut ids: Vec<PullId> = match call.parameter("sort").unwrap_or("created") {
        "created" => (0..call.repository.pulls.len()).collect(),
        "updated" => call.index.pulls_by_update.clone(),
        other => return Err(Reply::unknown(&format!("sorting pull requests by {other}"))),
    };
    // Without a sort, and by creation, GitHub begins with the newest; the direction is ascending otherwise.
    let descending = call.parameter("sort").is_none_or(|s| s == "created");
    match call.parameter("direction") {
        Some("desc") => ids.reverse(),
        Some("asc") => {}
        None if descending => ids.reverse(),
        None => {}
        Some(other) => return Err(Reply::invalid("PullRequest", "direction", other)),
    }
    let fits = |p: &PullRequest| {
        (state == "all" || (state == "open") == (p.state() == "OPEN"))
            && call.parameter("base").is_none_or(|b| p.base == b)
            && call.parameter("head").is_none_or(|h| h.rsplit(':').next() == Some(&p.head))
    };
    ids.retain(|id| fits(&call.repository.pulls[*id]));
    Ok(call.array(ids.len(), |i| render(call, &call.repository.pulls[ids[i]])))
}

/// The pull requests of a commit: merged ones, and open ones too where the default branch has not got it.
pub fn of_commit(call: &Call, sha: &str) -> Answer {
    call.only(&[])?;
    let missing = || Reply::refusal(422, &format!("No commit found for SHA: {sha}"));
    let id = commits::resolve(call, sha).ok_or_else(missing)?;
    let pulls = call.repository.commits[id].pulls.iter().map(|p| &call.repository.pulls[*p]);
    let fits = |p: &&PullRequest| p.state() == "MERGED" || (p.state() == "OPEN" && !call.index.on_default[id]);
    let found: Vec<&PullRequest> = pulls.filter(fits).collect();
    Ok(call.array(found.len(), |i| render(call, found[i])))
}

pub fn reviews(call: &Call, number: &str) -> Answer {
    call.only(&[])?;
    let pull = find(call, number)?;
    let url = call.url(&format!("pulls/{}", pull.number));
    // A pending review is its author's alone.
    let visible: Vec<_> = pull.reviews.iter().filter(|r| r.submitted_at.is_some()).collect();
    Ok(call.array(visible.len(), |i| {
        let review = visible[i];
        let id = pull.number * 1_000 + i as u64;
        json!({
            "id": id, "node_id": format!("PRR_{id}"), "user": review.author.map(|a| render::user(call.state, Some(a))), "body": review.body,
            "state": review.state, "submitted_at": review.submitted_at.map(|t| t.to_string()), "commit_id": null, "html_url": format!("https://github.com/review/{id}"),
            "pull_request_url": url, "author_association": "MEMBER",
            "_links": { "html": { "href": format!("https://github.com/review/{id}") }, "pull_request": { "href": url } },
        })
    }))
}

pub fn commits(call: &Call, number: &str) -> Answer {
    call.only(&[])?;
    let pull = find(call, number)?;
    Ok(call.array(pull.commits.len(), |i| commits::commit(call, pull.commits[i])))
}

pub fn files(call: &Call, number: &str) -> Answer {
    call.only(&[])?;
    let pull = find(call, number)?;
    let sha = pull.commits.last().map(|id| call.repository.commits[*id].oid.clone()).unwrap_or_default();
    Ok(call.array(pull.files.len(), |i| render::file(call, &sha, &pull.files[i])))
}

fn find<'a>(call: &Call<'a>, number: &str) -> Result<&'a PullRequest, Reply> {
    let id = number.parse().ok().and_then(|n: u64| call.index.pull_by_number.get(&n));
    id.map(|id| &call.repository.pulls[*id]).ok_or_else(Reply::not_found)
}

fn render(call: &Call, pull: &PullRequest) -> Value {
    let url = call.url(&format!("pulls/{}", pull.number));
    let issue = call.url(&format!("issues/{}", pull.number));
    let web = format!("https://github.com/{}/pull/{}", call.repository.full_name(), pull.number);
    let oid = |id: usize| call.repository.commits[id].oid.clone();
    let head = pull.commits.last().map(|id| oid(*id)).unwrap_or_default();
    let base = call.repository.head().map(oid).unwrap_or_default();
    let owner = render::owner(call.state, &call.repository.owner);
    let repo = repository::object(call);
    let side = |name: &str, sha: &str| json!({ "label": format!("{}:{name}", call.repository.owner), "ref": name, "sha": sha, "user": owner, "repo": repo });
    let label = |(i, name): (usize, &String)| json!({ "id": i, "node_id": format!("LA_{i}"), "name": name, "url": call.url(&format!("labels/{i}")), "color": "ededed", "default": false, "description": "" });
    let link = |href: &str| json!({ "href": href });
    let links = json!({
            "self": link(&url), "html": link(&web), "issue": link(&issue), "comments": link(&format!("{issue}/comments")),
            "review_comments": link(&format!("{url}/comments")), "review_comment": link(&call.url("pulls/comments{/number}")),
            "commits": link(&format!("{url}/commits")), "statuses": link(&call.url(&format!("statuses/{head}"))),
    });
    json!({
        "id": 2_000_000_000 + pull.number, "node_id": format!("PR_{}", pull.number), "number": pull.number, "url": url, "html_url": web,
        "state": if pull.state() == "OPEN" { "open" } else { "closed" }, "locked": false, "title": pull.title, "body": null,
        "user": pull.author.map_or_else(|| render::user(call.state, None), |a| render::user(call.state, Some(a))),
        "draft": pull.is_draft, "created_at": pull.created_at.to_string(), "updated_at": pull.updated_at.to_string(), "closed_at": pull.closed_at.map(|t| t.to_string()),
        "merged_at": pull.merged_at.map(|t| t.to_string()), "merge_commit_sha": pull.merge_commit.map(oid), "labels": pull.labels.iter().enumerate().map(label).collect::<Vec<Value>>(),
        "assignee": null, "assignees": [], "requested_reviewers": [], "requested_teams": [], "milestone": null, "auto_merge": null,
        "author_association": "MEMBER", "active_lock_reason": null, "head": side(&pull.head, &head), "base": side(&pull.base, &base),
        "diff_url": format!("{web}.diff"), "patch_url": format!("{web}.patch"), "issue_url": issue, "comments_url": format!("{issue}/comments"),
        "commits_url": format!("{url}/commits"), "review_comments_url": format!("{url}/comments"), "review_comment_url": call.url("pulls/comments{/number}"),
        "statuses_url": call.url(&format!("statuses/{head}")),
        "_links": links,
    })
}
