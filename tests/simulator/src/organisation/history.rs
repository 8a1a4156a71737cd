//! The commits: a real graph, grown in the order in which things reached the default branch.

use super::Branch;
use super::Commit;
use super::CommitId;
use super::FileChange;
use super::Person;
use super::PullId;
use super::PullRequest;
use super::Repository;
use super::User;
use super::people;
use super::pulls::Base;
use super::pulls::End;
use super::pulls::Merge;
use super::pulls::Plan;
use super::time::DAY;
use super::time::MINUTE;
use super::time::WEEK;
use super::time::between;
use super::time::plus;
use super::words;
use fastrand::Rng;
use jiff::Timestamp;

pub struct History<'a> {
    pub rng: &'a mut Rng,
    pub users: &'a [User],
    pub now: Timestamp,
    pub repository: Repository,
    pub main: Option<CommitId>,
    releases: [Option<CommitId>; 2],
    feature: Option<CommitId>,
    /// The commits of the latest pull request that a merge commit brought in.
    merged_branch: Vec<CommitId>,
    untidy: bool,
}

impl<'a> History<'a> {
    pub fn new(
        rng: &'a mut Rng,
        users: &'a [User],
        now: Timestamp,
        repository: Repository,
        untidy: bool,
    ) -> History<'a> {
        History {
            rng,
            users,
            now,
            repository,
            main: None,
            releases: [None, None],
            feature: None,
            merged_branch: Vec::new(),
            untidy,
        }
    }

    /// A commit on the default branch without a pull request.
    pub fn push(&mut self, committed_at: Timestamp, files: usize) {
        let user = people::anyone(self.rng, self.users);
        let author = people::or_deleted(self.rng, user);
        let person = people::signature(self.rng, self.users, author);
        // Some were written long before they were committed, and belong to the day they were committed.
        let wrote = if self.rng.u8(..5) == 0 { between(self.rng, 1, 12 * DAY) } else { 0 };
        let headline = words::title(self.rng);
        let message = format!("{headline}{}", words::body(self.rng, &headline));
        let files = words::files(self.rng, files);
        let parents = self.main.into_iter().collect();
        let id = self.commit(parents, person.clone(), person, plus(committed_at, -wrote), committed_at, message, files);
        self.main = Some(id);
    }

    /// Builds a planned pull request and, when it was merged, what that made of its base.
    pub fn pull(&mut self, id: PullId, plan: &Plan) -> PullRequest {
        let release = usize::from(matches!(plan.end, End::Merged(at) if at > plus(self.now, -4 * DAY)));
        let base = match plan.base {
            Base::Default => self.repository.default_branch.clone(),
            Base::Release => format!("release/{}.0", release + 1),
            Base::Feature => "feature/base".to_owned(),
        };
        let mut pull = super::pulls::opened(self.rng, self.users, plan, base, self.now);
        let backport = plan.base == Base::Release && !self.merged_branch.is_empty() && self.rng.bool();
        if backport {
            // The same commits went to the default branch by another pull request.
            pull.commits = self.merged_branch.clone();
            pull.labels = vec!["Hotfix".into()];
            pull.files = pull.commits.iter().flat_map(|c| self.repository.commits[*c].files.clone()).collect();
            pull.files.sort_by(|a, b| a.path.cmp(&b.path));
            pull.files.dedup_by(|a, b| a.path == b.path);
            for commit in &pull.commits {
                self.repository.commits[*commit].pulls.push(id);
            }
        } else {
            self.branch(id, plan, &mut pull);
        }
        if let End::Merged(at) = plan.end {
            let tip = match plan.base {
                Base::Default => self.main,
                Base::Release => self.releases[release].or(self.main),
                Base::Feature => self.feature.or(self.main),
            };
            let merge = if backport { Merge::Commit } else { plan.merge };
            let merged = self.merge(id, merge, &pull, tip, at);
            pull.merge_commit = Some(merged);
            match plan.base {
                Base::Default => self.main = Some(merged),
                Base::Release => self.releases[release] = Some(merged),
                Base::Feature => self.feature = Some(merged),
            }
            if merge == Merge::Commit && plan.base == Base::Default {
                self.merged_branch = pull.commits.clone();
            }
        }
        pull
    }

    /// The commits of a pull request's own branch, and its files.
    fn branch(&mut self, id: PullId, plan: &Plan, pull: &mut PullRequest) {
        let (merged_week, end) = match plan.end {
            End::Merged(at) => (plan.merge == Merge::Commit && at <= self.now && at > plus(self.now, -WEEK), at),
            End::Closed(at) => (false, at),
            End::Open => (false, plan.created.max(self.now)),
        };
        // A commit brought in by a merge in the window may itself be older than the window.
        let older = merged_week && self.untidy && self.rng.u8(..4) == 0;
        let count = plan.commits + usize::from(older);
        let lists = self.file_lists(count, pull);
        let mut parent = None;
        let first = match self.rng.u8(..4) {
            0 => plus(plan.created, between(self.rng, 0, 20 * MINUTE)).min(end),
            _ => plus(plan.created, -between(self.rng, 0, 3 * DAY)),
        };
        let mut wrote = first;
        for (i, files) in lists.into_iter().enumerate() {
            let person = people::signature(self.rng, self.users, pull.author);
            let room = (end.as_second() - wrote.as_second()).max(0);
            let mut committed = plus(wrote, between(self.rng, 0, room));
            if merged_week {
                let start = plus(self.now, -WEEK);
                let earliest = plus(start, 1).max(wrote);
                let room = (end.as_second() - earliest.as_second()).max(0);
                committed = plus(earliest, between(self.rng, 0, room)).min(end);
                if older && i == 0 {
                    wrote = wrote.min(start);
                    committed = plus(start, -between(self.rng, 0, DAY));
                }
            }
            if i == 0 {
                parent = self.main_at(committed);
            }
            let headline = if count == 1 { pull.title.clone() } else { words::title(self.rng) };
            let message = format!("{headline}{}", words::body(self.rng, &headline));
            let made = self.commit(
                parent.into_iter().collect(),
                person.clone(),
                person,
                wrote.min(committed),
                committed,
                message,
                files,
            );
            self.repository.commits[made].pulls.push(id);
            pull.commits.push(made);
            parent = Some(made);
            wrote = plus(wrote, between(self.rng, 0, room / 2));
        }
    }

    /// The default branch's newest commit of that time, or its first: nobody branches off a commit that is yet to come.
    fn main_at(&self, at: Timestamp) -> Option<CommitId> {
        let mut id = self.main?;
        while self.repository.commits[id].committed_at > at {
            match self.repository.commits[id].parents.first() {
                Some(parent) => id = *parent,
                None => break,
            }
        }
        Some(id)
    }

    /// Each commit's files, and the whole difference of the pull request. Mostly every file is touched by one
    /// commit; else one is touched by two, or touched and put back, so that the whole does not show it.
    fn file_lists(&mut self, count: usize, pull: &mut PullRequest) -> Vec<Vec<FileChange>> {
        let whole = match self.rng.u8(..120) {
            0 => self.rng.usize(101..=130).max(count),
            _ => count + self.rng.usize(..=2 * count),
        };
        let files = words::files(self.rng, whole);
        let mut lists: Vec<Vec<FileChange>> = vec![Vec::new(); count];
        for (i, file) in files.iter().enumerate() {
            let list = if i < count { i } else { self.rng.usize(..count) };
            lists[list].push(file.clone());
        }
        pull.files = files;
        if count > 1 && self.untidy {
            match self.rng.u8(..18) {
                0 => {
                    let mut again = lists[0][0].clone();
                    again.previous_path = None;
                    (again.additions, again.deletions) = (self.rng.u64(1..30), self.rng.u64(..10));
                    let net = pull.files.iter_mut().find(|f| f.path == again.path);
                    if let Some(net) = net {
                        net.additions += again.additions;
                        net.deletions += again.deletions / 2;
                    }
                    lists[count - 1].push(again);
                }
                1 => {
                    let path = format!("scratch/{}.rs", self.rng.u32(..));
                    let (additions, deletions) = (self.rng.u64(1..50), self.rng.u64(..20));
                    lists[0].push(FileChange { path: path.clone(), previous_path: None, additions, deletions });
                    lists[count - 1].push(FileChange {
                        path,
                        previous_path: None,
                        additions: deletions,
                        deletions: additions,
                    });
                }
                2 => {
                    // Made by one commit and renamed by another: the whole shows the new name alone.
                    let (made, path) =
                        (format!("scratch/{}.rs", self.rng.u32(..)), format!("new/{}.rs", self.rng.u32(..)));
                    let change = |path: &str, previous_path, additions| FileChange {
                        path: path.to_owned(),
                        previous_path,
                        additions,
                        deletions: 0,
                    };
                    let additions = self.rng.u64(1..50);
                    lists[0].push(change(&made, None, additions));
                    lists[count - 1].push(change(&path, Some(made), 0));
                    pull.files.push(change(&path, None, additions));
                }
                _ => {}
            }
        }
        lists
    }

    fn merge(
        &mut self,
        id: PullId,
        merge: Merge,
        pull: &PullRequest,
        tip: Option<CommitId>,
        at: Timestamp,
    ) -> CommitId {
        let author = people::signature(self.rng, self.users, pull.author);
        let files = pull.files.clone();
        match merge {
            Merge::Squash => {
                let headline = format!("{} (#{})", pull.title, pull.number);
                let message = format!("{headline}{}", words::body(self.rng, &headline));
                let made = self.commit(tip.into_iter().collect(), author, people::web_flow(), at, at, message, files);
                self.repository.commits[made].pulls.push(id);
                made
            }
            Merge::Commit => {
                let parents = tip.into_iter().chain(pull.commits.last().copied()).collect();
                let message = format!("Merge pull request #{} from {}\n\n{}", pull.number, pull.head, pull.title);
                let made = self.commit(parents, author, people::web_flow(), at, at, message, files);
                self.repository.commits[made].pulls.push(id);
                made
            }
            Merge::Rebase => {
                let mut parent = tip;
                for commit in pull.commits.clone() {
                    let old = self.repository.commits[commit].clone();
                    let parents = parent.into_iter().collect();
                    let made = self.commit(
                        parents,
                        old.author,
                        people::web_flow(),
                        old.authored_at,
                        at,
                        old.message,
                        old.files,
                    );
                    self.repository.commits[made].pulls.push(id);
                    parent = Some(made);
                }
                parent.unwrap_or_default()
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a commit has that many parts, and each call names all of them")]
    pub fn commit(
        &mut self,
        parents: Vec<CommitId>,
        author: Person,
        committer: Person,
        authored_at: Timestamp,
        committed_at: Timestamp,
        message: String,
        files: Vec<FileChange>,
    ) -> CommitId {
        let oid = words::oid(self.rng);
        let commit =
            Commit { oid, parents, author, committer, authored_at, committed_at, message, files, pulls: Vec::new() };
        self.repository.commits.push(commit);
        self.repository.commits.len() - 1
    }

    /// Gives the branches their tips: the default one, the bases, the open pull requests', and others of any age.
    pub fn branches(&mut self, count: usize) {
        let Some(main) = self.main else { return };
        let named = |name: &str, tip| Branch { name: name.to_owned(), tip };
        let mut branches = vec![named(&self.repository.default_branch, main)];
        let bases =
            [("release/1.0", self.releases[0]), ("release/2.0", self.releases[1]), ("feature/base", self.feature)];
        let open = self.repository.pulls.iter().filter(|p| p.state() == "OPEN" && !p.is_cross_repository);
        let heads = open.filter_map(|p| Some((p.head.as_str(), Some(*p.commits.last()?))));
        let wanted = bases.into_iter().chain(heads).filter_map(|(name, tip)| Some(named(name, tip?)));
        branches.extend(wanted.take(count));
        let mut age = [90 * DAY, 90 * DAY - 1, 90 * DAY + 1, -30].into_iter();
        while branches.len() < count + 1 {
            let age = age.next().unwrap_or_else(|| between(self.rng, 0, 400 * DAY));
            let at = plus(self.now, -age);
            let user = people::anyone(self.rng, self.users);
            let person = people::signature(self.rng, self.users, Some(user));
            let from = self.rng.usize(..=main);
            let files = words::files(self.rng, 1);
            let tip = self.commit(vec![from], person.clone(), person, at, at, "Work in progress".into(), files);
            // Merged or never diverged: the tip may also be a commit of the default branch.
            let tip = if self.rng.u8(..10) == 0 { from } else { tip };
            branches.push(named(&format!("topic/{}/{}", self.users[user].login, branches.len()), tip));
        }
        branches.sort_by(|a, b| a.name.cmp(&b.name));
        self.repository.branches = branches;
    }
}
