//! Puts an organisation together, repository by repository.

use super::Organisation;
use super::Repository;
use super::Scale;
use super::User;
use super::asana;
use super::aws;
use super::deliver;
use super::history::History;
use super::kubernetes;
use super::people;
use super::pulls;
use super::pulls::End;
use super::runs;
use super::skypilot;
use super::time::DAY;
use super::time::WEEK;
use super::time::before_week;
use super::time::in_week;
use super::time::plus;
use super::time::whole;
use super::wandb;
use fastrand::Rng;
use jiff::Timestamp;

/// What is odd about a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ordinary,
    Empty,
    Renamed,
    Trunk,
    NoActions,
    Fork,
    LongHistory,
    Archived,
    NoDeployments,
}

/// The order in which repositories after the first take turns.
const KINDS: [Kind; 9] = [
    Kind::Empty,
    Kind::Renamed,
    Kind::Trunk,
    Kind::NoActions,
    Kind::Fork,
    Kind::LongHistory,
    Kind::Archived,
    Kind::NoDeployments,
    Kind::Ordinary,
];

const NAMES: [&str; 12] = [
    "widgets", "gadgets", "platform", "website", "infra", "mobile", "models", "docs", "billing", "search", "tools",
    "edge",
];

pub fn organisation(seed: u64, scale: &Scale, now: Timestamp) -> Organisation {
    let mut rng = Rng::with_seed(seed);
    let users = people::users();
    let instant = whole(now);
    let repositories = (0..scale.repositories).map(|i| {
        let kind = if i == 0 { Kind::Ordinary } else { KINDS[(i - 1) % KINDS.len()] };
        // Its own generator: a change to one repository's recipe leaves the others as they are.
        let mut rng = rng.fork();
        repository(&mut rng, &users, scale, instant, i, kind)
    });
    let repositories = repositories.collect();
    let asana = asana::generate(seed, scale.asana, now);
    let wandb = wandb::generate(seed, &scale.wandb, instant);
    let aws = aws::generate(seed, &scale.aws, now);
    let skypilot = skypilot::generate(seed, &scale.skypilot, now);
    let kubernetes = kubernetes::generate(seed, &scale.kubernetes, now);
    Organisation { seed, now, login: "acme".into(), users, repositories, asana, wandb, aws, skypilot, kubernetes }
}

fn repository(rng: &mut Rng, users: &[User], scale: &Scale, now: Timestamp, index: usize, kind: Kind) -> Repository {
    let round = index / NAMES.len();
    let name =
        if round == 0 { NAMES[index].to_owned() } else { format!("{}-{}", NAMES[index % NAMES.len()], round + 1) };
    let mut repository = Repository {
        id: 70_100_000 + 1_013 * index as u64,
        owner: "acme".into(),
        former_names: if kind == Kind::Renamed { vec![format!("old-{name}")] } else { Vec::new() },
        name,
        default_branch: if kind == Kind::Trunk { "trunk".into() } else { "main".into() },
        is_fork: kind == Kind::Fork,
        is_archived: kind == Kind::Archived,
        created_at: plus(now, -1_200 * DAY),
        commits: Vec::new(),
        branches: Vec::new(),
        pulls: Vec::new(),
        workflows: Vec::new(),
        runs: Vec::new(),
        deployments: Vec::new(),
    };
    if kind == Kind::Empty {
        return repository;
    }
    repository = commits(rng, users, scale, now, kind, repository);
    if kind != Kind::NoActions {
        runs::fill(rng, users, scale.runs_7d, now, &mut repository);
    }
    if kind != Kind::NoDeployments {
        deliver::fill(rng, users, scale.deployments_7d, now, &mut repository);
    }
    repository
}

/// Commits, pull requests and branches, in the order of the instants at which the default branch moved.
fn commits(
    rng: &mut Rng,
    users: &[User],
    scale: &Scale,
    now: Timestamp,
    kind: Kind,
    repository: Repository,
) -> Repository {
    let plans = pulls::plan(rng, scale, now);
    let old = if kind == Kind::LongHistory { scale.long_history } else { scale.commits_7d / 2 + 1 };
    let week = in_week(rng, now, scale.direct_pushes_7d);
    let before = before_week(rng, now, scale.direct_pushes_7d, 6 * WEEK);
    // The instant of the push, and the commit's own date where that differs.
    let mut moves: Vec<(Timestamp, Move)> = week.into_iter().chain(before).map(|at| (at, Move::Push(at, 0))).collect();
    for i in 0..old {
        let at = plus(now, -(6 * WEEK + DAY + (300 * DAY / old as i64) * (old - i) as i64));
        moves.push((at, Move::Push(at, 1)));
    }
    if scale.direct_pushes_7d > 0 {
        // Committed before the window and pushed within it; and on a clock that runs ahead.
        moves.push((plus(now, -2 * DAY), Move::Push(plus(now, -8 * DAY), 0)));
        moves.push((plus(now, 20), Move::Push(plus(now, 20), 0)));
    }
    if scale.direct_pushes_7d > 1
        && let Some(large) = moves.iter_mut().find(|(at, _)| *at < now && *at > plus(now, -WEEK))
        && let Move::Push(_, files) = &mut large.1
    {
        // More files than one page of a commit shows.
        *files = 350;
    }
    for (i, plan) in plans.iter().enumerate() {
        let at = match plan.end {
            End::Merged(at) => at,
            End::Closed(_) | End::Open => plan.created,
        };
        moves.push((at, Move::Pull(i)));
    }
    moves.sort_by_key(|(at, _)| *at);
    let mut history = History::new(rng, users, now, repository, scale.untidy);
    let mut built = vec![None; plans.len()];
    for (_, step) in moves {
        match step {
            Move::Push(at, 0) => {
                let files = 1 + history.rng.usize(..4);
                history.push(at, files);
            }
            Move::Push(at, files) => history.push(at, files),
            Move::Pull(i) => built[i] = Some(history.pull(i, &plans[i])),
        }
    }
    history.repository.pulls = built.into_iter().flatten().collect();
    history.branches(scale.branches);
    history.repository
}

#[derive(Debug)]
enum Move {
    /// The commit's date, and how many files it touches (0: some).
    Push(Timestamp, usize),
    Pull(usize),
}
