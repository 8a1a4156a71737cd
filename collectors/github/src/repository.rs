//! One repository: what is read at the same time, what needs what, and which group fails with what.

use collector::Batch;
use collector::Failure;
use collector::Tags;
use jiff::Timestamp;

use crate::catalog::group;
use crate::client::Client;
use crate::config::Config;
use crate::config::Repository;
use crate::fetch::Deployments;
use crate::fetch::Repo;
use crate::metrics::branches;
use crate::metrics::ci;
use crate::metrics::commits;
use crate::metrics::delivery;
use crate::metrics::delivery::Contents;
use crate::metrics::delivery::Deployed;
use crate::metrics::pulls;
use crate::records::ClosedPull;
use crate::records::Commit;
use crate::records::Run;

type Read<T> = Result<T, Failure>;

/// A repository whose cheap groups have been read.
pub(crate) struct Begun<'a> {
    repo: Repo<'a>,
    into: Groups,
    closed: Read<Vec<ClosedPull>>,
    history: Read<Vec<Commit>>,
    deployments: Read<Deployments>,
}

/// Reads the cheap groups of a repository. One that cannot be read at all is done: its batch comes back as the error.
///
/// All repositories are begun before one is finished: the cheap groups tell what is left of the quota, and no
/// repository's expensive ones may use up what the others' cheap ones need.
pub(crate) async fn begin<'a>(
    client: &'a Client,
    config: &'a Config,
    configured: &'a Repository,
    now: Timestamp,
) -> Result<Begun<'a>, Batch> {
    let tags = Tags::new().with("org", configured.owner.as_str()).with("repo", configured.to_string());
    let mut batch = Batch::new();
    let repo = match Repo::find(client, config, configured, now).await {
        Ok(repo) => repo,
        Err(failure) => {
            for group in group::ALL {
                batch.fail(group, &tags, failure.clone());
            }
            return Err(batch);
        }
    };
    let full_name = repo.full_name();
    if !full_name.eq_ignore_ascii_case(&configured.to_string()) {
        // The tag stays as configured: a series that changes its name breaks every graph of it.
        batch.warn(format!(
            "GitHub now calls {configured} {full_name}; its metrics stay under {configured} until github.repositories says \
             otherwise"
        ));
    }
    let mut into = Groups { batch, tags };

    let (open, queued, closed, history, deployments) =
        tokio::join!(repo.open_pulls(), repo.queued_runs(), repo.closed_pulls(), repo.commits(), repo.deployments());
    into.add(group::OPEN_PULL_REQUESTS, &open, |open, tags| pulls::open(open, now, tags));
    into.add(group::CI_QUEUE, &queued, |queued, tags| ci::queue(*queued, tags));
    into.add(group::CLOSED_PULL_REQUESTS, &closed, |closed, tags| pulls::closed(closed, now, tags));
    let commit_settings = repo.commit_settings(&full_name);
    into.add(group::COMMITS, &history, |commits, tags| commits::compute(commits, now, commit_settings, tags));
    into.add(group::COMMIT_LINES, &repo.with_diffs(&history), |commits, tags| commits::lines(commits, now, tags));
    Ok(Begun { repo, into, closed, history, deployments })
}

/// Reads the expensive groups: the gauges of the repository, and the groups that failed.
pub(crate) async fn finish(begun: Begun<'_>, config: &Config, settings: &ci::Settings, now: Timestamp) -> Batch {
    let Begun { repo, mut into, closed, history, deployments } = begun;
    let full_name = repo.full_name();
    let commit_settings = repo.commit_settings(&full_name);
    let (all_branches, (runs, jobs), paths) = tokio::join!(
        repo.all_branches(),
        async {
            let runs = repo.runs().await;
            let jobs = match &runs {
                Ok(runs) => repo.jobs(runs).await,
                Err(failure) => Err(failure.clone()),
            };
            (runs, jobs)
        },
        async {
            match &history {
                Ok(commits) => repo.paths(commits).await,
                Err(failure) => Err(failure.clone()),
            }
        }
    );
    let default = repo.default.as_ref().map(|branch| branch.name.as_str());
    into.add(group::BRANCHES, &all_branches, |all, tags| branches::compute(all, default, now, tags));
    into.add(group::CI_RUNS, &runs, |runs, tags| ci::runs(runs, now, settings, tags));
    into.add(group::CI_JOBS, &jobs, |jobs, tags| ci::jobs(jobs, tags));
    into.add(group::COMMIT_FILES, &paths, commits::files);

    let deployed = deployed(config, deployments, &runs, now);
    into.add(group::DEPLOYMENTS, &deployed, |deployed, tags| delivery::count(deployed.as_deref(), tags));
    let both = both(&history, &deployed);
    into.add(group::CHANGE_FAILURE, &both, |(commits, deployed), tags| {
        let deployments = deployed.as_ref().map(Vec::len);
        commits::change_failure_rate(commits, deployments, now, commit_settings, tags)
    });
    let lead_time = lead_time(&repo, &closed, &history, &deployed, &into.tags).await;
    into.add(group::LEAD_TIME, &lead_time, |lead_time, _| lead_time.clone());
    into.batch
}

struct Groups {
    batch: Batch,
    tags: Tags,
}

impl Groups {
    fn add<T>(&mut self, group: &'static str, read: &Read<T>, compute: impl FnOnce(&T, &Tags) -> Batch) {
        match read {
            Ok(records) => self.batch.append(compute(records, &self.tags)),
            Err(failure) => self.batch.fail(group, &self.tags, failure.clone()),
        }
    }
}

/// The deployments that count; none where the repository deploys in no way that is known.
fn deployed(
    config: &Config,
    deployments: Read<Deployments>,
    runs: &Read<Vec<Run>>,
    now: Timestamp,
) -> Read<Option<Vec<Deployed>>> {
    let deployments = deployments?;
    if deployments.any {
        return Ok(Some(delivery::deployments(&deployments.recent, &config.production_environment, now)));
    }
    match &config.deploy_workflow {
        Some(workflow) => Ok(Some(delivery::deploy_runs(runs.as_ref().map_err(Failure::clone)?, workflow, now))),
        None => Ok(None),
    }
}

fn both<'a, A, B>(a: &'a Read<A>, b: &'a Read<B>) -> Read<(&'a A, &'a B)> {
    Ok((a.as_ref().map_err(Failure::clone)?, b.as_ref().map_err(Failure::clone)?))
}

async fn lead_time(
    repo: &Repo<'_>,
    closed: &Read<Vec<ClosedPull>>,
    commits: &Read<Vec<Commit>>,
    deployed: &Read<Option<Vec<Deployed>>>,
    tags: &Tags,
) -> Read<Batch> {
    let (commits, deployed) = both(commits, deployed)?;
    let closed = closed.as_ref().map_err(Failure::clone)?;
    let deployed = deployed.as_deref().unwrap_or_default();
    let contents = match pulls::merged(closed, repo.now).next() {
        Some(_) if !deployed.is_empty() => repo.contents(&delivery::unknown(deployed, commits), commits).await?,
        _ => Contents::new(),
    };
    Ok(delivery::lead_time(closed, deployed, commits, &contents, repo.now, tags))
}
