//! The way to W&B: one GraphQL document at a time, and what its answer means.

mod limits;
mod reply;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use collector::Context;
use collector::Failure;
use collector::Meter;
use collector::Reason;
use collector::transport::Ask;
use collector::transport::Pace;
use collector::transport::Secrets;
use collector::transport::Transport;
use reqwest::header::AUTHORIZATION;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;
use tokio::sync::SetOnce;

use self::limits::Limits;
use crate::config::Config;
use crate::config::Project;
use crate::queries::Query;
use crate::records::Data;

/// Name and variable of the setting that holds the server's address.
const SETTING: &str = "wandb.base_url (WANDB_BASE_URL)";
/// Its user name for every key.
const USER: &str = "api";

/// Answers to one request that W&B puts off to the end of a limit.
const MAX_LIMITED: usize = 4;
/// The longest pause that is noted. No collection is so long, and a longer one may be beyond what the clock can tell.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The pace of a collection. Four at once: the limits of W&B are by the time that its database spends on a project, and
/// the listings of one project and of several overlap. A try has the 30 s of the vendor's own client. A page has at most
/// about 1 MB; a server that sent whole summaries in spite of the keys would send far more.
pub(crate) const PACE: Pace =
    Pace { first_wait: Duration::from_secs(1), per_try: Duration::from_secs(30), in_flight: 4, max_body: 8 << 20 };

/// The client of one collection.
#[derive(Debug)]
pub(crate) struct Client {
    transport: Transport,
    meter: Arc<Meter>,
    /// Where GraphQL is.
    address: String,
    authorization: HeaderValue,
    limits: Limits,
    /// Why the server refused the key. Then nothing more is sent: every answer would be the same.
    refused: SetOnce<Failure>,
}

impl Client {
    /// A client of the server that `config` names.
    ///
    /// # Errors
    /// When the key cannot stand in a header, or the address is none.
    pub fn new(config: &Config, context: &Context, pace: Pace) -> Result<Client, Failure> {
        let transport = Transport::new(context, pace, SETTING);
        let address = format!("{}/graphql", config.base_url);
        let key = config.api_key.expose_secret();
        transport.secrets().keep(key);
        let unfit = |why: &str| Failure::new(Reason::Config, "make a request to W&B", why);
        let request = context.http().post(&address).basic_auth(USER, Some(key)).build();
        let request = request.map_err(|_| unfit("the address is none").with_cure(format!("Check {SETTING}")))?;
        let authorization =
            request.headers().get(AUTHORIZATION).ok_or_else(|| unfit("the key fits no header"))?.clone();
        // A server that echoes the header has the key in this form.
        let encoded = authorization.to_str().ok().and_then(|text| text.strip_prefix("Basic "));
        transport.secrets().keep(encoded.unwrap_or_default());
        Ok(Client {
            transport,
            meter: Arc::clone(context.meter()),
            address,
            authorization,
            limits: Limits::default(),
            refused: SetOnce::new(),
        })
    }

    /// What no message may hold.
    pub fn secrets(&self) -> &Secrets {
        self.transport.secrets()
    }

    /// Why the server refused the key, if it did.
    pub fn refused(&self) -> Option<&Failure> {
        self.refused.get()
    }

    /// Asks a document about a project, which has to be there.
    pub async fn project<T: DeserializeOwned>(
        &self,
        query: Query,
        project: &Project,
        variables: Value,
    ) -> Result<T, Failure> {
        let mut variables = variables;
        variables["entity"] = json!(project.entity);
        variables["project"] = json!(project.name);
        let words = format!("{} of {project}", query.what);
        let data: Data<T> = self.ask_about(Some(project), query, &words, &variables).await?;
        data.project.ok_or_else(|| {
            let why = "W&B knows no such project, or hides it from this key";
            Failure::new(Reason::NotFound, format!("read {words}"), why).with_cure(format!(
                "Check the name in wandb.projects, that the key's owner may see the project, and with `orgpulse doctor` \
                 whose key it is; {project} has to be entity/project as in the project's address"
            ))
        })
    }

    /// Asks a document that is about no project. `words` completes "failed to read ...".
    pub async fn ask<T: DeserializeOwned>(&self, query: Query, words: &str, variables: &Value) -> Result<T, Failure> {
        self.ask_about(None, query, words, variables).await
    }

    async fn ask_about<T: DeserializeOwned>(
        &self,
        project: Option<&Project>,
        query: Query,
        words: &str,
        variables: &Value,
    ) -> Result<T, Failure> {
        let ask = Ask { doing: format!("read {words}"), asking: words.to_owned() };
        let body = json!({"query": query.text, "variables": variables, "operationName": query.name});
        let sent = AtomicBool::new(false);
        let build = |http: &reqwest::Client| {
            sent.store(true, Ordering::Relaxed);
            http.post(&self.address).header(AUTHORIZATION, self.authorization.clone()).json(&body)
        };
        let read = |reply: &_| reply::read(reply, &ask, self, project);
        let refused = async || {
            let refused = self.refused.wait().await;
            // What is under way may still have its answer; what waits for its turn is not sent any more.
            if sent.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            Err(Failure { doing: ask.doing.clone(), ..refused.clone() })
        };
        let mut waits = 0;
        loop {
            self.wait_for(project, &ask).await?;
            let outcome = tokio::select! {
                biased;
                refused = refused() => refused,
                answered = self.transport.send(&ask, &build, &read) => answered,
            };
            let limited = |failure: &Failure| failure.reason == Reason::RateLimited;
            let again = outcome.as_ref().err().is_some_and(limited)
                && self.limits.left(project).is_some_and(|left| self.transport.fits(left));
            waits += 1;
            if !again || waits == MAX_LIMITED {
                return outcome.map_err(|failure| match limited(&failure) && failure.cure.is_empty() {
                    true => failure.with_cure(reply::SLOWER),
                    false => failure,
                });
            }
        }
    }

    /// Waits for the end of the limit that W&B has named for a project.
    async fn wait_for(&self, project: Option<&Project>, ask: &Ask) -> Result<(), Failure> {
        match self.limits.left(project) {
            Some(left) if !self.transport.fits(left) => {
                let why = "the limit of the project's requests is renewed after the deadline";
                Err(Failure::new(Reason::RateLimited, ask.doing.as_str(), why).with_cure(reply::SLOWER))
            }
            Some(left) => {
                tokio::time::sleep(left).await;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Notes that an answer asked for a pause.
    fn limit(&self, project: Option<&Project>, wait: Duration) {
        let wait = wait.min(LONGEST);
        if project.is_none_or(|project| self.limits.note(project, wait)) {
            self.transport.pause(wait);
        }
    }
}

#[cfg(test)]
mod tests;
