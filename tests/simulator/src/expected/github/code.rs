//! Commits of the default branch, and branches.

use super::Case;
use super::Gauges;
use super::count;
use super::text;
use crate::organisation::Commit;
use std::collections::BTreeSet;

pub fn gauges(case: &Case) -> Gauges {
    let commits = commits(case);
    let developers: BTreeSet<String> = commits.iter().filter_map(|c| developer(case, c)).collect();
    // "merge commits (2+ parents) left out"
    let plain: Vec<_> = commits.iter().filter(|c| c.parents.len() < 2).collect();
    let paths: BTreeSet<&str> = plain.iter().flat_map(|c| &c.files).map(|f| f.path.as_str()).collect();
    let forced = |c: &&&Commit| text::says_forced(&c.message) || labelled(case, c, &case.settings.force_merge_labels);
    let per_developer = (!developers.is_empty()).then(|| commits.len() as f64 / developers.len() as f64);
    // "branches other than the default one"
    let others: Vec<_> = case.repository.branches.iter().filter(|b| b.name != case.repository.default_branch).collect();
    let active = others.iter().filter(|b| case.in_days(case.repository.commits[b.tip].committed_at, 90)).count();
    vec![
        ("github.commits.total_7d", count(commits.len())),
        ("github.commits.hotfix", count(commits.iter().filter(|c| is_hotfix(case, c)).count())),
        ("github.commits.reverts", count(commits.iter().filter(|c| text::is_revert(&c.message)).count())),
        ("github.commits.force_merge_7d", count(commits.iter().filter(forced).count())),
        ("github.commits.per_developer_7d", per_developer),
        ("github.developers.active_7d", count(developers.len())),
        ("github.code.lines_added_7d", Some(plain.iter().map(|c| c.additions()).sum::<u64>() as f64)),
        ("github.code.lines_deleted_7d", Some(plain.iter().map(|c| c.deletions()).sum::<u64>() as f64)),
        ("github.code.files_changed_7d", count(paths.len())),
        ("github.branches.active", count(active)),
        ("github.branches.total", count(others.len())),
    ]
}

/// "those reachable from the default branch whose committedDate is in 7d"
pub fn commits<'a>(case: &Case<'a>) -> Vec<&'a Commit> {
    let reached = case.repository.ancestry(case.repository.head());
    let all = case.repository.commits.iter().zip(reached);
    all.filter(|(c, reached)| *reached && case.in_week(c.committed_at)).map(|(c, _)| c).collect()
}

/// "headline has the word hotfix or hot-fix, or whose pull request carries a hotfix label"
pub fn is_hotfix(case: &Case, commit: &Commit) -> bool {
    text::says_hotfix(commit.headline()) || labelled(case, commit, &case.settings.hotfix_labels)
}

/// "a commit's pull request: an associated one whose base is the default branch"; "label names are compared whole, any case".
/// Of a commit on the default branch GitHub associates merged pull requests alone.
fn labelled(case: &Case, commit: &Commit, names: &[String]) -> bool {
    let pulls = commit.pulls.iter().map(|id| &case.repository.pulls[*id]);
    let own = pulls.filter(|p| p.merged_at.is_some() && p.base == case.repository.default_branch);
    own.flat_map(|p| &p.labels).any(|label| names.iter().any(|n| n.to_lowercase() == label.to_lowercase()))
}

/// "distinct non-bot git authors; identity = GitHub login, else lower-cased author e-mail"; of a commit without an
/// account, one whose author name ends in [bot] is a bot.
fn developer(case: &Case, commit: &Commit) -> Option<String> {
    match commit.author.user {
        Some(_) if case.is_bot(commit.author.user) => None,
        Some(id) => Some(format!("login {}", case.organisation.users[id].login)),
        None if commit.author.name.ends_with("[bot]") => None,
        None => Some(format!("email {}", commit.author.email.to_lowercase())),
    }
}
