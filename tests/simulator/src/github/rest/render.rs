//! Objects that many replies share, with all the addresses that GitHub puts into them: a run's reply is as large here
//! as there, so that tests of memory mean something.

use super::Call;
use crate::github::controls::State;
use crate::github::index::Index;
use crate::organisation::FileChange;
use crate::organisation::Person;
use crate::organisation::Repository;
use crate::organisation::UserId;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// An account; the one named ghost stands for those that were deleted.
pub fn user(state: &State, user: Option<UserId>) -> Value {
    let Some(id) = user else { return account(state, "ghost", 10_137, "User") };
    let kind = if state.organisation.users[id].is_bot { "Bot" } else { "User" };
    account(state, &state.organisation.rest_login(id), state.organisation.users[id].id, kind)
}

/// The organisation as an owner.
pub fn owner(state: &State, login: &str) -> Value {
    account(state, login, 900_100, "Organization")
}

fn account(state: &State, login: &str, id: u64, kind: &str) -> Value {
    let api = format!("{}/users/{login}", state.base_url());
    json!({
        "login": login, "id": id, "node_id": format!("U_{id:012}"), "gravatar_id": "", "type": kind, "site_admin": false,
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"), "user_view_type": "public",
        "html_url": format!("https://github.com/{login}"), "url": api,
        "followers_url": format!("{api}/followers"), "following_url": format!("{api}/following{{/other_user}}"),
        "gists_url": format!("{api}/gists{{/gist_id}}"), "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{api}/subscriptions"), "organizations_url": format!("{api}/orgs"),
        "repos_url": format!("{api}/repos"), "events_url": format!("{api}/events{{/privacy}}"),
        "received_events_url": format!("{api}/received_events"),
    })
}

/// Keys of a repository that hold addresses, and what stands behind its own in each.
const ADDRESSES: [(&str, &str); 38] = [
    ("url", ""),
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("svn_url", ""),
];

/// A repository as other objects carry it, as an object.
pub fn minimal_object(state: &State, owner: Value, name: &str, id: u64, is_fork: bool) -> Map<String, Value> {
    let full_name = format!("{}/{name}", owner["login"].as_str().unwrap_or_default());
    let api = format!("{}/repos/{full_name}", state.base_url());
    let mut object = Map::new();
    for (key, rest) in ADDRESSES {
        object.insert(key.into(), format!("{api}{rest}").into());
    }
    object.insert("id".into(), id.into());
    object.insert("node_id".into(), format!("R_{id:012}").into());
    object.insert("name".into(), name.into());
    object.insert("full_name".into(), full_name.clone().into());
    object.insert("owner".into(), owner);
    object.insert("private".into(), true.into());
    object.insert("html_url".into(), format!("https://github.com/{full_name}").into());
    object.insert("description".into(), "One of many".into());
    object.insert("fork".into(), is_fork.into());
    object
}

/// The repository as other objects carry it, as text that was made once.
pub fn minimal<'a>(state: &State, repository: &Repository, index: &'a Index) -> &'a str {
    index.minimal.get_or_init(|| {
        let owner = owner(state, &repository.owner);
        Value::Object(minimal_object(state, owner, &repository.name, repository.id, repository.is_fork)).to_string()
    })
}

/// Somebody's fork of the repository, as text.
pub fn fork(call: &Call, of: UserId) -> String {
    let owner = user(call.state, Some(of));
    let id = call.repository.id * 1_000 + of as u64;
    Value::Object(minimal_object(call.state, owner, &call.repository.name, id, true)).to_string()
}

/// A commit's author or committer as git records it.
pub fn git_person(person: &Person, at: jiff::Timestamp) -> Value {
    json!({ "name": person.name, "email": person.email, "date": at.to_string() })
}

/// A file of a commit or pull request.
pub fn file(call: &Call, sha: &str, change: &FileChange) -> Value {
    let (path, status) = (&change.path, if change.previous_path.is_some() { "renamed" } else { "modified" });
    let web = format!("https://github.com/{}", call.repository.full_name());
    let mut value = json!({
        "sha": sha, "filename": path, "status": status, "additions": change.additions, "deletions": change.deletions,
        "changes": change.additions + change.deletions, "blob_url": format!("{web}/blob/{sha}/{path}"),
        "raw_url": format!("{web}/raw/{sha}/{path}"), "contents_url": call.url(&format!("contents/{path}?ref={sha}")),
        "patch": "@@ -1,3 +1,4 @@\n context\n-old\n+new\n+more",
    });
    if let Some(previous) = &change.previous_path {
        value["previous_filename"] = previous.as_str().into();
    }
    value
}
