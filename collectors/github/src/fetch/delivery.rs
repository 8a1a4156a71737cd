//! Deployments, and what the deployed commits contain.

use std::collections::BTreeSet;

use collector::Failure;
use collector::Reason;
use collector::Window;
use futures_util::future::try_join_all;
use serde_json::json;

use super::Repo;
use super::all;
use super::broken;
use super::commits::git_time;
use super::complete;
use crate::metrics::delivery::Contents;
use crate::queries;
use crate::records::Connection;
use crate::records::Deployment;
use crate::records::Oid;

/// How many deployed commits outside of the default branch are asked for their history; each is at least one request.
const MAX_HISTORIES: usize = 10;

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
        let variables = self.with(json!({"environments": [self.config.production_environment]}));
        let mut recent: Vec<Deployment> = Vec::new();
        let mut after: Option<String> = None;
        let any = loop {
            let page = self.client.page::<Deployment>(queries::DEPLOYMENTS, &variables, after.as_deref(), &of).await?;
            let next = page.connection.next().map(str::to_owned);
            let any = page.all.ok_or_else(|| broken(queries::DEPLOYMENTS, &of, "the answer has no total"))? > 0;
            let last = page.connection.nodes.iter().any(|deployment| deployment.created_at < start);
            for deployment in page.connection.nodes {
                // A deployment made meanwhile moves the pages: the last of one is the first of the next again.
                if deployment.created_at > start && recent.iter().all(|known| known.id != deployment.id) {
                    recent.push(deployment);
                }
            }
            match next {
                Some(next) if !last && Some(&next) != after.as_ref() => after = Some(next),
                Some(_) if !last => return Err(broken(queries::DEPLOYMENTS, &of, "GitHub's pages do not go on")),
                _ => break any,
            }
        };
        for deployment in &mut recent {
            if let Some(statuses) = &mut deployment.statuses {
                let variables = json!({"id": deployment.id});
                complete(self.client, queries::DEPLOYMENT_STATUSES, &variables, &of, statuses).await?;
            }
        }
        Ok(Deployments { any, recent })
    }

    /// What commits outside of the default branch's history contain of the last 7 days.
    pub async fn contents(&self, oids: &BTreeSet<&str>) -> Result<Contents, Failure> {
        if oids.len() > MAX_HISTORIES {
            let doing = format!("tell what the deployments of {} contain", self.full_name());
            let why = format!("{} deployed commits are not on the default branch", oids.len());
            return Err(Failure::new(Reason::Other, doing, why).with_cure(format!(
                "orgpulse asks for the history of {MAX_HISTORIES} such commits at most; deploy from the default branch"
            )));
        }
        let histories = try_join_all(oids.iter().map(|oid| self.history(oid))).await?;
        Ok(oids.iter().map(|oid| (*oid).to_owned()).zip(histories).collect())
    }

    async fn history(&self, oid: &str) -> Result<BTreeSet<String>, Failure> {
        let since = git_time(Window::days(self.now, 7).start());
        let variables = self.with(json!({"oid": oid, "since": since}));
        let history: Connection<Oid> = all(self.client, queries::ANCESTORS, &variables, &self.full_name()).await?;
        Ok(history.nodes.into_iter().map(|commit| commit.oid).collect())
    }
}
