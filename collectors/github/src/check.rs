//! The doctor's questions: is the credential good, and may it read what each group needs?

use std::fmt;

use collector::Context;
use collector::Failure;
use collector::Finding;
use collector::Reason;
use serde::Deserialize;

use crate::client::Client;
use crate::client::Pace;
use crate::config::Config;
use crate::fetch::Repo;
use crate::queries;

#[derive(Deserialize)]
struct RateLimits {
    resources: Resources,
}

#[derive(Deserialize)]
struct Resources {
    core: Left,
    graphql: Option<Left>,
}

#[derive(Deserialize)]
struct Left {
    remaining: u64,
    limit: u64,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.remaining, self.limit)
    }
}

/// One finding for the credential, and one for each right on each repository.
pub(crate) async fn check(config: &Config, context: &Context) -> Vec<Finding> {
    let client = match Client::new(config, context, Pace::default()) {
        Ok(client) => client,
        Err(failure) => return vec![Finding { what: "set up the GitHub client".to_owned(), outcome: Err(failure) }],
    };
    let mut findings =
        vec![Finding { what: "use the GitHub credential".to_owned(), outcome: credential(&client).await }];
    if findings.iter().any(|finding| finding.outcome.is_err()) {
        return findings;
    }
    for configured in &config.repositories {
        let found = Repo::find(&client, config, configured, context.now()).await;
        let what = |thing: &str| format!("read {thing} of {configured}");
        let repo = match found {
            Ok(repo) => repo,
            Err(failure) => {
                findings.push(Finding { what: format!("read {configured}"), outcome: Err(failure) });
                continue;
            }
        };
        let name = repo.full_name();
        let good = match name.eq_ignore_ascii_case(&configured.to_string()) {
            true => format!(
                "default branch {}",
                repo.default.as_ref().map_or("none, it is empty".into(), |b| b.name.escape_debug().to_string())
            ),
            false => format!("found, but GitHub now calls it {name}: change github.repositories"),
        };
        findings.push(Finding { what: format!("read {configured}"), outcome: Ok(good) });
        let rights = [
            (queries::PULL_RIGHTS, "the pull requests"),
            (queries::CODE_RIGHTS, "the commits"),
            (queries::DELIVERY_RIGHTS, "the deployments"),
        ];
        for (query, thing) in rights {
            let outcome = repo.try_right(query).await.map(|()| format!("allowed ({})", query.right));
            findings.push(Finding { what: what(thing), outcome });
        }
        let outcome = repo.queued_runs().await.map(|queued| format!("allowed (Actions: read), {queued} queued"));
        findings.push(Finding { what: what("the workflow runs"), outcome });
    }
    findings
}

/// Asks what is left of the quotas, which costs nothing. A server without limits (Enterprise) answers 404, but so does any
/// web server: then the questions about the repositories tell.
async fn credential(client: &Client) -> Result<String, Failure> {
    let ask = client.get("/rate_limit", "the rate limits", "any");
    match client.json::<RateLimits>(&ask).await.map_err(|trouble| trouble.failure()) {
        Ok((RateLimits { resources: Resources { core, graphql } }, _)) => {
            let points = graphql.map_or(String::new(), |of| format!(" and {of} points of GraphQL"));
            Ok(format!("good; {core} requests{points} are left this hour"))
        }
        Err(failure) if failure.reason == Reason::NotFound => {
            Ok("cannot be told by itself: the server tells no rate limits; see what can be read below".to_owned())
        }
        Err(failure) => Err(failure),
    }
}
