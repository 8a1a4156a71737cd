//! Commits and their history.

use super::arguments;
use super::checks;
use super::connection;
use super::deployment;
use super::object::Object;
use super::object::Outcome;
use super::object::Repo;
use super::object::instant;
use super::object::leaf;
use super::object::object;
use crate::github::index;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use crate::organisation::CommitId;
use crate::organisation::PullId;

/// Longer headlines are cut, and end in an ellipsis that the body goes on from.
const HEADLINE: usize = 72;

pub fn resolve<'a>(repo: Repo<'a>, id: CommitId, field: &str, arguments: &Arguments) -> Outcome<'a> {
    let commit = &repo.is.commits[id];
    match field {
        "id" => leaf(format!("C_{}_{}", repo.is.id, commit.oid)),
        "oid" => leaf(commit.oid.as_str()),
        "abbreviatedOid" => leaf(&commit.oid[..7]),
        "message" => leaf(commit.message.as_str()),
        "messageHeadline" => leaf(headline(&commit.message).0),
        "messageBody" => leaf(headline(&commit.message).1),
        "authoredDate" => instant(commit.authored_at),
        "committedDate" => instant(commit.committed_at),
        "pushedDate" => leaf(serde_json::Value::Null),
        "author" => object(Object::GitActor(repo, id, false)),
        "committer" => object(Object::GitActor(repo, id, true)),
        "authors" => connection::page("GitActorConnection", arguments, 1, |_| Object::GitActor(repo, id, false)),
        "authoredByCommitter" => leaf(commit.author == commit.committer),
        "committedViaWeb" => leaf(commit.committer.email == "noreply@github.com"),
        "additions" => leaf(commit.additions()),
        "deletions" => leaf(commit.deletions()),
        "changedFiles" | "changedFilesIfAvailable" => leaf(commit.files.len()),
        "url" => leaf(format!("https://github.com/{}/commit/{}", repo.is.full_name(), commit.oid)),
        "repository" => object(Object::Repository(repo)),
        "parents" => connection::page("CommitConnection", arguments, commit.parents.len(), |i| {
            Object::Commit(repo, commit.parents[i])
        }),
        "associatedPullRequests" => pulls(repo, id, arguments),
        "history" => history(repo, id, arguments),
        "deployments" => {
            let of: Vec<usize> =
                (0..repo.is.deployments.len()).filter(|i| repo.is.deployments[*i].commit == id).collect();
            deployment::page(repo, of, arguments)
        }
        "statusCheckRollup" => object(checks::rollup(repo, id)),
        "checkSuites" => checks::suites(repo, id, arguments),
        other => Err(Failure::unknown(format!("Commit.{other}"))),
    }
}

/// GitHub's headline and body of a message.
fn headline(message: &str) -> (String, String) {
    let (first, rest) = message.split_once('\n').unwrap_or((message, ""));
    let rest = rest.trim_start_matches('\n');
    if first.chars().count() <= HEADLINE {
        return (first.to_owned(), rest.to_owned());
    }
    let cut: String = first.chars().take(HEADLINE - 1).collect();
    let left = &first[cut.len()..];
    let body = if rest.is_empty() { format!("…{left}") } else { format!("…{left}\n\n{rest}") };
    (format!("{cut}…"), body)
}

/// "The merged pull request that introduced the commit; where the default branch has not got it, open ones too."
fn pulls<'a>(repo: Repo<'a>, id: CommitId, arguments: &Arguments) -> Outcome<'a> {
    arguments.only("Commit.associatedPullRequests", &["orderBy"])?;
    let fits = |pull: &PullId| match repo.is.pulls[*pull].state() {
        "MERGED" => true,
        "OPEN" => !repo.index.on_default[id],
        _ => false,
    };
    let mut found: Vec<PullId> = repo.is.commits[id].pulls.iter().copied().filter(fits).collect();
    let (field, descending) = arguments::order(arguments).unwrap_or(("CREATED_AT", false));
    match field {
        "UPDATED_AT" => found.sort_by_key(|p| repo.is.pulls[*p].updated_at),
        // Pull requests lie in the order of their creation.
        _ => found.sort(),
    }
    if descending {
        found.reverse();
    }
    connection::page("PullRequestConnection", arguments, found.len(), |i| Object::Pull(repo, found[i]))
}

/// Both bounds are compared with the committer's date and belong to the range.
fn history<'a>(repo: Repo<'a>, id: CommitId, arguments: &Arguments) -> Outcome<'a> {
    arguments.only("Commit.history", &["since", "until"])?;
    let (since, until) = (arguments::instant(arguments, "since")?, arguments::instant(arguments, "until")?);
    let date = |id: &CommitId| repo.is.commits[*id].committed_at;
    let fits = |id: &&CommitId| since.is_none_or(|s| date(id) >= s) && until.is_none_or(|u| date(id) <= u);
    let own;
    let all = if repo.is.head() == Some(id) {
        &repo.index.history
    } else {
        own = index::history(repo.is, &repo.is.ancestry(Some(id)));
        &own
    };
    let found: Vec<CommitId> = all.iter().filter(fits).copied().collect();
    connection::page("CommitHistoryConnection", arguments, found.len(), |i| Object::Commit(repo, found[i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_headlines_are_cut_and_go_on_in_the_body() {
        assert_eq!(headline("short\n\nbody\nmore"), ("short".into(), "body\nmore".into()));
        let exact = "x".repeat(72);
        assert_eq!(headline(&exact), (exact.clone(), String::new()));
        let long = format!("{}hotfix\n\nbody", "x".repeat(75));
        let (head, body) = headline(&long);
        assert_eq!(head, format!("{}…", "x".repeat(71)));
        assert_eq!(body, "…xxxxhotfix\n\nbody");
    }
}
