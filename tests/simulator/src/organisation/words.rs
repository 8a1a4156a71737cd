//! Titles and messages: mostly dull, some that a rule is about, some that only look so.

use super::FileChange;
use fastrand::Rng;

const DULL: [&str; 12] = [
    "Speed up the loader",
    "Tidy the parser",
    "Add retries to the uploader",
    "Bump the base image",
    "Write docs for the API",
    "Fix a typo",
    "Handle empty input",
    "Split the job queue",
    "Log the request id",
    "Drop an unused flag",
    "Cache the catalogue",
    "Teach the scheduler about zones",
];
/// Counted by one rule or another.
const TELLING: [&str; 12] = [
    "hotfix: stop the leak",
    "Hot-Fix for the login page",
    "Apply HOTFIX to billing",
    "Merge hotfix/login into the app",
    "Revert \"Speed up the loader\"",
    "revert: the new cache",
    "Revert(api): drop paging",
    "revert \"Tidy the parser\"",
    "Force-merge the release notes",
    "Note on a force push to the docs",
    "force-pushed history, restored",
    "Why we Force Merge on Fridays",
];
/// Looks like those, and is not one.
const NEAR: [&str; 12] = [
    "List all hotfixes",
    "A hot fix for cold starts",
    "Rename hotfixer to patcher",
    "Reverting is documented now",
    "Explain how to revert a change",
    "Revert to the old default",
    "Reinforce merge checks",
    "Enforce-push rules for tags",
    "Revert \"Revert \"Speed up the loader\"\"",
    "Reapply \"Tidy the parser\"",
    "Forcefully merge dictionaries",
    "unrevert: nothing",
];

/// A title; with `(#number)` behind it when GitHub squashed a pull request.
pub fn title(rng: &mut Rng) -> String {
    let base = match rng.u8(..10) {
        0 => TELLING[rng.usize(..TELLING.len())],
        1 => NEAR[rng.usize(..NEAR.len())],
        _ => DULL[rng.usize(..DULL.len())],
    };
    match rng.u8(..40) {
        // Beyond the 72nd character GitHub's messageHeadline is cut.
        0 => format!("{base}, and explain at length in the guide what everybody has to know, as a hotfix"),
        1 => format!("{base}, and explain at length in the guide what everybody has to know in the end"),
        _ => base.to_owned(),
    }
}

/// What follows the headline, with its blank line; often nothing.
pub fn body(rng: &mut Rng, headline: &str) -> String {
    let relanded = headline.starts_with("Revert \"Revert \"") || headline.starts_with("Reapply \"");
    if relanded || (headline.starts_with("Revert \"") && rng.bool()) {
        return format!("\n\nThis reverts commit {}.", oid(rng));
    }
    match rng.u8(..24) {
        0 => format!(
            "\n\nIt broke the build.\n\nThis reverts commit {}, reversing\nchanges made to {}.\n",
            oid(rng),
            oid(rng)
        ),
        1 => "\n\nThis reverts commit history to a readable state.\nNot a revert.".to_owned(),
        2 => "\n\nNeeds a force-push of the tag afterwards.".to_owned(),
        3 => "\n\nThe workforce merges it by hand; hotfix in the body does not count.".to_owned(),
        4 => "\n\nCo-authored-by: Someone Else <else@elsewhere.example>".to_owned(),
        5..=9 => "\n\nLonger words about it.\nIn two lines.".to_owned(),
        _ => String::new(),
    }
}

const LABELS: [&str; 12] = [
    "bug",
    "docs",
    "hotfix",
    "Hotfix",
    "HOTFIX",
    "force-merge",
    "Force-Merge",
    "hotfix-candidate",
    "no-force-merge",
    "hot-fix",
    "size/L",
    "dependencies",
];

pub fn labels(rng: &mut Rng) -> Vec<String> {
    if rng.u8(..5) != 0 {
        return Vec::new();
    }
    let mut labels: Vec<String> = (0..rng.usize(1..=3)).map(|_| LABELS[rng.usize(..LABELS.len())].to_owned()).collect();
    // GitHub's label names are unique whatever their case.
    labels.sort_by_key(|l| l.to_lowercase());
    labels.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    labels
}

pub fn oid(rng: &mut Rng) -> String {
    format!("{:016x}{:016x}{:08x}", rng.u64(..), rng.u64(..), rng.u32(..))
}

pub fn comment(rng: &mut Rng) -> String {
    ["Looks right.", "Why not simpler?", "Please add a test.", "nit: naming", "Thanks!"][rng.usize(..5)].to_owned()
}

/// A change of one file; paths are shared between commits, so that distinct ones are fewer than touches.
pub fn file(rng: &mut Rng) -> FileChange {
    let path = format!("src/part{}/file{}.rs", rng.u8(..30), rng.u8(..40));
    let previous_path = (rng.u8(..25) == 0).then(|| format!("src/old/moved{}.rs", rng.u16(..)));
    let additions = if rng.u8(..10) == 0 { 0 } else { rng.u64(..120) };
    let deletions = if rng.bool() { 0 } else { rng.u64(..80) };
    FileChange { path, previous_path, additions, deletions }
}

/// Changes of `count` different files.
pub fn files(rng: &mut Rng, count: usize) -> Vec<FileChange> {
    let mut files: Vec<FileChange> = Vec::with_capacity(count);
    while files.len() < count {
        let mut change = file(rng);
        if count > 100 {
            change.path = format!("generated/{:04}/{}.txt", files.len(), rng.u16(..));
        }
        if files.iter().rev().take(100).all(|f| f.path != change.path) {
            files.push(change);
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}
