//! Deployments, and what the deployed commits contain.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use collector::Failure;
use collector::Reason;
use collector::Window;
use futures_util::future::try_join_all;
use serde::Deserialize;
use serde_json::json;

use super::Cursors;
use super::Repo;
use super::all;
use super::broken;
use super::check_newest_first;
use super::complete;
use crate::metrics::delivery::Contents;
use crate::metrics::delivery::by_oid;
use crate::metrics::delivery::closure;
use crate::queries;
use crate::records::Commit;
use crate::records::Connection;
use crate::records::Deployment;
use crate::records::Oid;

/// How many commits that are known by oid only, from workflow runs, are asked for their history; each is a request.
const MAX_HISTORIES: usize = 10;

/// How many commits are asked for what they contain, 50 in a request.
const MAX_CONTENTS: usize = 500;

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<Option<Contained>>,
}

#[derive(Deserialize)]
struct Contained {
    id: String,
    oid: String,
    history: Connection<Oid>,
}

/// The deployments to the production environment in 7 days.
#[derive(Debug)]
pub(crate) struct Deployments {
    /// Whether the repository has any deployment, to any environment, of any age.
    pub any: bool,
    pub recent: Vec<Deployment>,
}

impl Repo<'_> {
    /// The deployments of 7 days to the production environment.
    pub async fn deployments(&self) -> Result<Deployments, Failure> {
        let of = self.full_name();
        let start = Window::days(self.now, 7).start();
        let variables = self.with(json!({"environments": spellings(&self.config.production_environment)}));
        let mut recent: Vec<Deployment> = Vec::new();
        let (mut after, mut cursors): (Option<String>, _) = (None, Cursors::default());
        let any = loop {
            let page = self.client.page::<Deployment>(queries::DEPLOYMENTS, &variables, after.as_deref(), &of).await?;
            check_newest_first(&page, queries::DEPLOYMENTS, &of, |is| (is.created_at, is.id.clone()))?;
            let next = cursors.next(&page.connection, queries::DEPLOYMENTS, &of)?;
            let all = page.all.ok_or_else(|| broken(queries::DEPLOYMENTS, &of, "the answer has no total"))?;
            let last = page.connection.nodes.iter().any(|deployment| deployment.created_at < start);
            for deployment in page.connection.nodes {
                // A deployment made meanwhile moves the pages: the last of one is the first of the next again.
                if deployment.created_at > start && recent.iter().all(|known| known.id != deployment.id) {
                    recent.push(deployment);
                }
            }
            if all < recent.len() {
                let why = format!("GitHub lists {} deployments, and counts {all} in all", recent.len());
                return Err(broken(queries::DEPLOYMENTS, &of, why));
            }
            if last || next.is_none() {
                break all > 0;
            }
            after = next;
        };
        for deployment in &mut recent {
            let variables = json!({"id": deployment.id});
            complete(self.client, queries::DEPLOYMENT_STATUSES, &variables, &of, &mut deployment.statuses).await?;
        }
        Ok(Deployments { any, recent })
    }

    /// What commits contain of the last 7 days and what lies after it, by oid; `commits` maps oids to GitHub's ids.
    /// `known` are the commits whose parents need no asking.
    pub async fn contents(
        &self,
        commits: &BTreeMap<&str, Option<&str>>,
        known: &[Commit],
    ) -> Result<Contents, Failure> {
        let ids: Vec<&str> = commits.values().copied().flatten().collect();
        let without: Vec<&str> = commits.iter().filter(|(_, id)| id.is_none()).map(|(oid, _)| *oid).collect();
        if ids.len() > MAX_CONTENTS || without.len() > MAX_HISTORIES {
            let doing = format!("tell what the deployments of {} contain", self.full_name());
            let why = format!("{} commits would have to be asked for their history", commits.len());
            return Err(Failure::new(Reason::Other, doing, why).with_cure(format!(
                "orgpulse asks for {MAX_CONTENTS} at most, and for {MAX_HISTORIES} that workflow runs deployed from \
                 other branches; deploy from the default branch"
            )));
        }
        let since = self.since();
        let mut contents = self.contents_of(&ids, &since, known).await?;
        let histories = try_join_all(without.iter().map(|oid| self.history(oid, &since))).await?;
        contents.extend(without.into_iter().map(str::to_owned).zip(histories));
        Ok(contents)
    }

    async fn contents_of(&self, ids: &[&str], since: &str, known: &[Commit]) -> Result<Contents, Failure> {
        let of = self.full_name();
        let known = by_oid(known);
        let mut left = ids.to_vec();
        let mut contents = Contents::new();
        while !left.is_empty() {
            let ask = |size: usize| json!({"ids": &left[..size.min(left.len())], "since": since});
            let (data, _): (Nodes, _) = self.client.shrinking(queries::CONTENTS, &of, ask).await?;
            let mut answered: Vec<Contained> = data.nodes.into_iter().flatten().collect();
            let before = left.len();
            left.retain(|id| !answered.iter().any(|commit| commit.id == **id));
            if left.len() == before {
                return Err(broken(queries::CONTENTS, &of, "the commits that were asked for are missing"));
            }
            for commit in &mut answered {
                // The ancestors of what the first page names are known, and nearly always that is all there is.
                let told = closure(commit.history.nodes.iter().map(|node| node.oid.as_str()), &known).len();
                if commit.history.total_count == Some(told) {
                    continue;
                }
                let variables = json!({"id": commit.id, "since": since});
                complete(self.client, queries::MORE_CONTENTS, &variables, &of, &mut commit.history).await?;
            }
            contents.extend(answered.into_iter().map(|commit| (commit.oid, oids(commit.history))));
        }
        Ok(contents)
    }

    async fn history(&self, oid: &str, since: &str) -> Result<BTreeSet<String>, Failure> {
        let variables = self.with(json!({"oid": oid, "since": since}));
        Ok(oids(all(self.client, queries::ANCESTORS, &variables, &self.full_name()).await?))
    }
}

/// The spellings of an environment's name that are usual. Its case means nothing on GitHub, but a deployment keeps the
/// one that it was made with, and the filter is not documented.
fn spellings(name: &str) -> BTreeSet<String> {
    let lower = name.to_lowercase();
    let mut letters = lower.chars();
    let title = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    BTreeSet::from([name.to_owned(), name.to_uppercase(), title, lower])
}

fn oids(history: Connection<Oid>) -> BTreeSet<String> {
    history.nodes.into_iter().map(|commit| commit.oid).collect()
}
