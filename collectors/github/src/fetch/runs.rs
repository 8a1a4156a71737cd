//! Workflow runs, past GitHub's cap on filtered listings, and their jobs.

mod slices;
mod wire;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use collector::Failure;
use collector::Reason;
use collector::Window;
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use futures_util::stream;
use jiff::Timestamp;

use super::Repo;
use super::commits::whole_second;
use crate::client::IN_FLIGHT;
use crate::client::Resource;
use crate::metrics::ci;
use crate::records::Job;
use crate::records::Run;
use slices::Slice;
use wire::Interner;
use wire::JobPage;
use wire::RunPage;
use wire::Total;

/// Entries of a page; GitHub's most.
const PER_PAGE: usize = 100;
/// The right that all of this needs.
const RIGHT: &str = "Actions: read";

impl Repo<'_> {
    /// The runs created in 7 days, of all branches and events.
    pub async fn runs(&self) -> Result<Vec<Run>, Failure> {
        let window = Window::days(self.now, 7);
        let first = whole_second(window.start()).as_second() + 1;
        let names = Interner::default();
        let whole = Slice { first, last: whole_second(window.end()).as_second() };
        // Each slice with the index of what the parts of the same whole may hold together.
        let (mut open, mut allowed) = (vec![(whole, 0)], vec![slices::MOST]);
        let mut runs: Vec<Run> = Vec::new();
        while !open.is_empty() {
            let (mut parts, mut allowed_parts) = (Vec::new(), Vec::new());
            let mut cut = 0;
            let ask = async |(slice, of)| (of, self.slice(slice, slice != whole, &names).await.map(|is| (slice, is)));
            // Not all at once: what the first ones say may forbid to ask the others.
            let mut asked = stream::iter(open.into_iter().map(ask)).buffer_unordered(IN_FLIGHT);
            while let Some((of, outcome)) = asked.next().await {
                let (slice, outcome) = outcome?;
                let total = match &outcome {
                    Outcome::Whole(of_slice) => of_slice.len(),
                    Outcome::TooMany(total) => *total,
                };
                allowed[of] = allowed[of].checked_sub(total).ok_or_else(|| {
                    self.bad("GitHub counts more runs in the parts of a time than in the whole".to_owned())
                })?;
                match outcome {
                    Outcome::Whole(of_slice) => runs.extend(of_slice),
                    Outcome::TooMany(total) => {
                        let of_slice = slice.cut(total).ok_or_else(|| {
                            self.bad(format!("{total} runs were created within one second, and GitHub lists 1,000"))
                        })?;
                        parts.extend(of_slice.into_iter().map(|part| (part, allowed_parts.len())));
                        allowed_parts.push(slices::allowed(total));
                        cut += total;
                    }
                }
                if runs.len() + cut > slices::MOST {
                    return Err(self.bad(format!("more than {} runs in a week are beyond reason", slices::MOST)));
                }
            }
            drop(asked);
            (open, allowed) = (parts, allowed_parts);
            // Of slices that do not overlap, each asks for its own pages: an estimate before they are begun.
            let requests: usize = open.len() * (slices::AIM / PER_PAGE);
            self.client.limits().afford(Resource::Core, requests, &self.doing())?;
        }
        Ok(runs)
    }

    /// How many runs have not started: queued, waiting or pending, of any age.
    pub async fn queued_runs(&self) -> Result<usize, Failure> {
        let of = self.full_name();
        let until = whole_second(self.now).to_string().replace(':', "%3A");
        let what = format!("the queued workflow runs of {of}");
        let count = async |status: &str| -> Result<usize, Failure> {
            let path = format!("/repos/{of}/actions/runs?status={status}&created=*..{until}&per_page=1");
            let ask = self.client.get(&path, &what, RIGHT);
            let total = self.client.json_unless_empty::<Total>(&ask, self.default.is_none()).await;
            let total = total.map_err(|trouble| trouble.failure())?.map_or(0, |(total, _)| total.total_count);
            if total > slices::MOST {
                let why = format!("{total} runs that are {status} are beyond reason");
                return Err(Failure::new(Reason::BadReply, format!("read {what}"), why));
            }
            if total == slices::CAP {
                let why = format!("a total of {total} runs that are {status} may be one cut short");
                return Err(Failure::new(Reason::BadReply, format!("read {what}"), why));
            }
            Ok(total)
        };
        let (queued, waiting, pending) = tokio::try_join!(count("queued"), count("waiting"), count("pending"))?;
        Ok(queued + waiting + pending)
    }

    /// The jobs, of the last attempt, of the newest completed runs.
    pub async fn jobs(&self, runs: &[Run]) -> Result<Vec<Job>, Failure> {
        let newest = ci::newest_completed(runs, self.now, self.config.max_job_lookups as usize);
        let doing = format!("read the jobs of the workflow runs of {}", self.full_name());
        self.client.limits().afford(Resource::Core, newest.len(), &doing)?;
        let jobs = try_join_all(newest.into_iter().map(|run| self.jobs_of(run))).await?;
        Ok(jobs.into_iter().flatten().collect())
    }

    /// The jobs of a run; read a second time when its pages do not add up.
    async fn jobs_of(&self, run: &Run) -> Result<Vec<Job>, Failure> {
        let of = self.full_name();
        let what = format!("the jobs of workflow run {} of {of}", run.id);
        let bad = |why: String| Failure::new(Reason::BadReply, format!("read {what}"), why);
        let mut count = (0, 0);
        for _ in 0..2 {
            let mut jobs: BTreeMap<u64, Job> = BTreeMap::new();
            for page in 1.. {
                let run = run.id;
                let path = format!("/repos/{of}/actions/runs/{run}/jobs?filter=latest&per_page={PER_PAGE}&page={page}");
                let ask = self.client.get(&path, &what, RIGHT);
                let (reply, _) = self.client.json::<JobPage>(&ask).await.map_err(|trouble| trouble.failure())?;
                let (before, got) = (jobs.len(), reply.jobs.len());
                jobs.extend(reply.jobs.into_iter().map(|job| (job.id, job)));
                count = (jobs.len(), reply.total_count);
                // A page that is not full is the last, and one without a new job does not lead to the others.
                if jobs.len() >= reply.total_count || got < PER_PAGE || jobs.len() == before {
                    break;
                }
            }
            if count.0 == count.1 {
                return match jobs.values().find(|job| is_misdated(job, run, self.now)) {
                    Some(job) => Err(bad(format!("job {} has a time before its run's, or after now", job.id))),
                    None => Ok(jobs.into_values().collect()),
                };
            }
        }
        Err(bad(format!("{} jobs are listed of {}, twice", count.0, count.1)))
    }

    /// One slice, whole; read a second time when its pages do not add up. What is in the parts of one that was cut has to
    /// lie in them: else it would count in several.
    async fn slice(&self, slice: Slice, is_part: bool, names: &Interner) -> Result<Outcome, Failure> {
        let mut count = (0, 0);
        for _ in 0..2 {
            let first = self.run_page(slice, 1, names).await?;
            let total = first.total;
            if total > slices::MOST {
                return Err(self.bad(format!("{total} runs in a week are beyond reason")));
            }
            if total >= slices::CAP {
                // Else it would be cut again and again, down to single seconds, for a total that is none.
                let listed: BTreeSet<u64> =
                    first.runs.iter().filter(|run| slice.holds(run)).map(|run| run.id).collect();
                return match listed.len() {
                    PER_PAGE => Ok(Outcome::TooMany(total)),
                    listed => Err(self.bad(format!("the first page holds {listed} runs, and GitHub counts {total}"))),
                };
            }
            let pages = total.div_ceil(PER_PAGE);
            self.client.limits().afford(Resource::Core, pages.saturating_sub(1), &self.doing())?;
            let rest = try_join_all((2..=pages).map(|page| self.run_page(slice, page, names))).await?;
            let all = first.runs.into_iter().chain(rest.into_iter().flat_map(|page| page.runs));
            let distinct: BTreeMap<u64, Run> = all.map(|run| (run.id, run)).collect();
            if is_part && !distinct.values().all(|run| slice.holds(run)) {
                return Err(self.bad("GitHub lists runs of another time than was asked for".to_owned()));
            }
            if distinct.len() == total {
                return Ok(Outcome::Whole(distinct.into_values().collect()));
            }
            count = (distinct.len(), total);
        }
        Err(self.bad(format!("the pages hold {} runs, and GitHub counts {}, twice", count.0, count.1)))
    }

    async fn run_page(&self, slice: Slice, page: usize, names: &Interner) -> Result<SlimPage, Failure> {
        let of = self.full_name();
        let created = slice.created()?;
        let path = format!(
            "/repos/{of}/actions/runs?created={created}&per_page={PER_PAGE}&page={page}&exclude_pull_requests=true"
        );
        let ask = self.client.get(&path, &format!("the workflow runs of {of}"), RIGHT);
        let reply = self.client.json_unless_empty::<RunPage>(&ask, self.default.is_none()).await;
        let reply = reply.map_err(|trouble| trouble.failure())?;
        Ok(reply.map_or(SlimPage { total: 0, runs: Vec::new() }, |(page, _)| SlimPage {
            total: page.total_count,
            runs: page.workflow_runs.into_iter().map(|run| run.slim(self.default_branch(), names)).collect(),
        }))
    }

    fn bad(&self, why: String) -> Failure {
        Failure::new(Reason::BadReply, self.doing(), why)
    }

    fn doing(&self) -> String {
        format!("read the workflow runs of {}", self.full_name())
    }
}

/// Whether a job was made before its run, or after now. Clocks differ by seconds: a day is a wrong time.
fn is_misdated(job: &Job, run: &Run, now: Timestamp) -> bool {
    let day = 24 * 3600;
    let after_now = |at: Timestamp| at.as_second() - now.as_second() > day;
    run.created_at.as_second() - job.created_at.as_second() > day
        || after_now(job.created_at)
        || job.started_at.is_some_and(after_now)
}

enum Outcome {
    Whole(Vec<Run>),
    TooMany(usize),
}

struct SlimPage {
    total: usize,
    runs: Vec<Run>,
}
