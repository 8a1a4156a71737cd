//! Commits of the default branch: how many, by whom, and which of them mend or force something.

use std::collections::BTreeSet;

use collector::Batch;
use collector::Tags;
use collector::Window;
use collector::stats;
use jiff::Timestamp;

use crate::catalog;
use crate::config::Config;
use crate::records::Commit;
use crate::records::CommitPull;

/// Which labels mark a commit, and which pull requests are its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings<'a> {
    pub hotfix_labels: &'a [String],
    pub force_merge_labels: &'a [String],
    pub default_branch: &'a str,
    /// Present `owner/name` of the repository.
    pub repository: &'a str,
}

impl<'a> Settings<'a> {
    pub fn new(config: &'a Config, default_branch: &'a str, repository: &'a str) -> Self {
        Settings {
            hotfix_labels: &config.hotfix_labels,
            force_merge_labels: &config.force_merge_labels,
            default_branch,
            repository,
        }
    }

    /// The pull requests that brought a commit: those into the default branch of this repository.
    pub fn pulls_of(self, commit: &Commit) -> impl Iterator<Item = &CommitPull> {
        commit.associated_pull_requests.nodes.iter().filter(move |pull| {
            let here = |base: &str| base.eq_ignore_ascii_case(self.repository);
            pull.base_ref_name == self.default_branch
                && pull.base_repository.as_ref().is_none_or(|base| here(&base.name_with_owner))
        })
    }
}

/// The gauges of the commits.
pub(crate) fn compute(commits: &[Commit], now: Timestamp, settings: Settings<'_>, tags: &Tags) -> Batch {
    let commits: Vec<&Commit> = in_window(commits, now).collect();
    let count = |is: &dyn Fn(&Commit) -> bool| commits.iter().filter(|commit| is(commit)).count() as f64;
    let developers: BTreeSet<(&str, String)> = commits.iter().filter_map(|commit| developer(commit)).collect();
    let total = commits.len() as f64;
    let per_developer = (!developers.is_empty()).then(|| total / developers.len() as f64);

    let mut batch = Batch::new();
    batch.gauge(&catalog::COMMITS_TOTAL, total, tags);
    batch.gauge(&catalog::COMMITS_HOTFIX, count(&|commit| is_hotfix(commit, settings)), tags);
    batch.gauge(&catalog::COMMITS_REVERTS, count(&is_revert), tags);
    batch.gauge(&catalog::COMMITS_FORCE_MERGE, count(&|commit| is_force_merge(commit, settings)), tags);
    batch.gauge_or_absent(&catalog::COMMITS_PER_DEVELOPER, per_developer, tags);
    batch.gauge(&catalog::DEVELOPERS_ACTIVE, developers.len() as f64, tags);
    batch
}

/// The gauges of the lines.
pub(crate) fn lines(commits: &[Commit], now: Timestamp, tags: &Tags) -> Batch {
    let lines = |of: fn(&Commit) -> usize| -> f64 { plain(commits, now).map(of).sum::<usize>() as f64 };
    let mut batch = Batch::new();
    batch.gauge(&catalog::LINES_ADDED, lines(|commit| commit.additions), tags);
    batch.gauge(&catalog::LINES_DELETED, lines(|commit| commit.deletions), tags);
    batch
}

/// The commits of 7 days that change something by themselves: all but merges.
pub(crate) fn plain(commits: &[Commit], now: Timestamp) -> impl Iterator<Item = &Commit> {
    in_window(commits, now).filter(|commit| !commit.is_merge())
}

/// The gauge of the distinct paths.
pub(crate) fn files(paths: &BTreeSet<String>, tags: &Tags) -> Batch {
    let mut batch = Batch::new();
    batch.gauge(&catalog::FILES_CHANGED, paths.len() as f64, tags);
    batch
}

/// The gauge of failed changes among `deployments`, none where the repository deploys in no way that is known.
pub(crate) fn change_failure_rate(
    commits: &[Commit],
    deployments: Option<usize>,
    now: Timestamp,
    settings: Settings<'_>,
    tags: &Tags,
) -> Batch {
    let failed = in_window(commits, now).filter(|commit| is_revert(commit) || is_hotfix(commit, settings)).count();
    let rate = deployments.and_then(|deployments| stats::percent(failed as f64, deployments as f64));
    let mut batch = Batch::new();
    batch.gauge_or_absent(&catalog::CHANGE_FAILURE_PCT, rate.map(|rate| rate.min(100.0)), tags);
    batch
}

/// The commits committed in 7 days.
pub(crate) fn in_window(commits: &[Commit], now: Timestamp) -> impl Iterator<Item = &Commit> {
    let window = Window::days(now, 7);
    commits.iter().filter(move |commit| window.contains(commit.committed_date))
}

/// Whether the labels of some pull request of the commit can still change what it is counted as.
pub(crate) fn labels_decide(commit: &Commit, settings: Settings<'_>) -> bool {
    !(is_hotfix(commit, settings) && is_force_merge(commit, settings))
}

fn headline(commit: &Commit) -> &str {
    commit.message.lines().next().unwrap_or_default()
}

fn is_hotfix(commit: &Commit, settings: Settings<'_>) -> bool {
    let headline = headline(commit).to_lowercase();
    ["hotfix", "hot-fix"].iter().any(|word| has_word(&headline, word, true))
        || has_label(commit, settings.hotfix_labels, settings)
}

fn is_force_merge(commit: &Commit, settings: Settings<'_>) -> bool {
    let message = commit.message.to_lowercase();
    ["force merge", "force-merge", "force push", "force-push"].iter().any(|word| has_word(&message, word, false))
        || has_label(commit, settings.force_merge_labels, settings)
}

fn is_revert(commit: &Commit) -> bool {
    let headline = headline(commit).to_lowercase();
    if ["revert \"revert \"", "reapply \""].iter().any(|reland| headline.starts_with(reland)) {
        return false;
    }
    ["revert \"", "revert:", "revert("].iter().any(|form| headline.starts_with(form))
        || commit.message.lines().skip(1).any(|line| {
            // The shortest abbreviation of an id that git itself writes has 7 digits; SHA-256 ids have 64.
            line.trim_start().strip_prefix("This reverts commit ").is_some_and(|rest| {
                let digits = rest.chars().take_while(char::is_ascii_hexdigit).count();
                let ends = !rest[digits..].starts_with(is_word);
                (7..=64).contains(&digits) && ends
            })
        })
}

/// Whether `text` has `word` starting at a word, and, if `whole`, ending at one.
fn has_word(text: &str, word: &str, whole: bool) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let starts = !text[..at].ends_with(is_word);
        starts && !(whole && text[at + word.len()..].starts_with(is_word))
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn has_label(commit: &Commit, labels: &[String], settings: Settings<'_>) -> bool {
    settings.pulls_of(commit).flat_map(|pull| &pull.labels.nodes).any(|label| {
        let name = label.name.to_lowercase();
        labels.iter().any(|wanted| wanted.to_lowercase() == name)
    })
}

/// Who wrote the commit; none for a bot. The kind keeps a login apart from an e-mail address that reads the same.
fn developer(commit: &Commit) -> Option<(&'static str, String)> {
    let Some(author) = &commit.author else {
        return Some(("nobody", String::new()));
    };
    if let Some(user) = &author.user {
        return (!user.is_bot()).then(|| ("login", user.login.to_lowercase()));
    }
    if author.name.as_ref().is_some_and(|name| name.ends_with("[bot]")) {
        return None;
    }
    Some(("email", author.email.as_ref().map(|email| email.to_lowercase()).unwrap_or_default()))
}

#[cfg(test)]
#[path = "commits_tests.rs"]
mod tests;
