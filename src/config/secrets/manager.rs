//! Asking AWS Secrets Manager: one batch for all secrets of a region, single calls where a batch is refused.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::config::Region;
use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::error::SdkError;
use collector::Context;
use collector::Failure;
use collector::Reason;
use collector::transport::Secrets;
use futures_util::future::join_all;
use secrecy::SecretString;
use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::config::Problems;
use crate::config::Settings;
use crate::config::aws;
use crate::config::secrets::Reference;
use crate::config::secrets::doing;
use crate::config::secrets::refusal;
use crate::config::secrets::refusal::Asked;

/// A little before the end that the SDK's way out keeps: it would tell of a collection that took too long.
const MARGIN: Duration = Duration::from_millis(100);
/// Most secrets that one batch takes.
const BATCH: usize = 20;

/// The text of each secret, or why it could not be read, by name or ARN.
pub async fn texts(
    settings: &Settings,
    references: &BTreeSet<Reference>,
    context: &Context,
) -> BTreeMap<String, Result<SecretString, Failure>> {
    let whole = references.iter().map(|reference| Reference { key: None, ..reference.clone() });
    let whole: BTreeSet<Reference> = whole.collect();
    let home = settings.text(aws::REGION);
    let mut regions: BTreeMap<String, Vec<&Reference>> = BTreeMap::new();
    for reference in &whole {
        // A name without a region is a mistake of the configuration, told before.
        let region = reference.region().map(str::to_owned).or_else(|| home.clone()).unwrap_or_default();
        regions.entry(region).or_default().push(reference);
    }
    let home = home.or_else(|| regions.keys().next().cloned()).unwrap_or_default();
    let access = aws::access(settings, &home, &mut Problems::default());
    let (credential, end) = (Secrets::default(), context.deadline() - MARGIN);
    let sdk = match timeout_at(end, ::ec2::sdk_config(&access, context, &credential)).await {
        Ok(Ok(sdk)) => sdk,
        lost => {
            let failure = match lost {
                Ok(Err(failure)) if failure.reason != Reason::Deadline => {
                    let why = format!("could not {}: {}", failure.doing, failure.why);
                    Failure { why, ..failure }
                }
                _ => silence("what gives a credential for AWS did not answer in time"),
            };
            let failed = |secret: Reference| {
                let failure = Failure { doing: doing(&secret), ..failure.clone() };
                (secret.id, Err(failure))
            };
            return whole.into_iter().map(failed).collect();
        }
    };
    let one = |(region, secrets): (&String, &Vec<&Reference>)| {
        let client = Client::from_conf(Builder::from(&sdk).region(Region::new(region.clone())).build());
        let region = Regional { client, region: region.clone(), end, credential: &credential };
        let secrets: Vec<Reference> = secrets.iter().map(|&reference| reference.clone()).collect();
        async move { region.read(&secrets).await }
    };
    let found = join_all(regions.iter().map(one)).await;
    found.into_iter().flatten().map(|(secret, text)| (secret.id, text)).collect()
}

/// Half of the run's time, or half a minute: that is no lack of time.
fn silence(why: &str) -> Failure {
    Failure::new(Reason::Unreachable, "", why).with_cure("Look for what stands between: a proxy, a firewall")
}

type Found = BTreeMap<Reference, Result<SecretString, Failure>>;

/// The service in one region.
struct Regional<'a> {
    client: Client,
    region: String,
    /// When the time for the secrets is over.
    end: Instant,
    /// What AWS is asked by, which no failure may show.
    credential: &'a Secrets,
}

impl Regional<'_> {
    async fn read(&self, secrets: &[Reference]) -> Found {
        let mut found = Found::new();
        // One secret takes one request either way, and this way one right less.
        if secrets.len() > 1 {
            for some in secrets.chunks(BATCH) {
                if let Err(failure) = self.batch(some, &mut found).await {
                    tracing::debug!(region = self.region, why = %failure, "no batch of secrets");
                    if !worth_single_calls(failure.reason) {
                        for secret in some.iter().filter(|&secret| !found.contains_key(secret)).collect::<Vec<_>>() {
                            let failure = Failure { doing: doing(secret), ..failure.clone() };
                            found.insert(secret.clone(), Err(failure));
                        }
                    }
                }
            }
        }
        // Those that the batch left out, too.
        let left: Vec<_> = secrets.iter().filter(|secret| !found.contains_key(secret)).collect();
        let single = |secret: &Reference| {
            let secret = secret.clone();
            async move { (secret.clone(), self.single(&secret).await) }
        };
        found.extend(join_all(left.into_iter().map(single)).await);
        found
    }

    /// Notes what a batch tells of its secrets: a value, or an error of one's own.
    async fn batch(&self, secrets: &[Reference], found: &mut Found) -> Result<(), Failure> {
        let asked = Asked {
            doing: "read secrets at once from AWS Secrets Manager",
            action: "BatchGetSecretValue",
            region: &self.region,
            credential: self.credential,
        };
        let ids: Vec<String> = secrets.iter().map(|secret| secret.id.clone()).collect();
        let mut token = None;
        // A page has at least one secret; a service that goes on beyond that goes in circles.
        for _ in 0..secrets.len() {
            let request = self.client.batch_get_secret_value().set_secret_id_list(Some(ids.clone()));
            let answer = self.answer(&asked, request.set_next_token(token.take()).send()).await?;
            for value in answer.secret_values() {
                let (name, arn) = (value.name().unwrap_or_default(), value.arn().unwrap_or_default());
                for secret in secrets.iter().filter(|secret| secret.is(name, arn)) {
                    found.insert(secret.clone(), text(secret, value.secret_string()));
                }
            }
            for error in answer.errors() {
                let id = error.secret_id().unwrap_or_default();
                for secret in secrets.iter().filter(|secret| secret.is(id, id)) {
                    let doing = doing(secret);
                    let asked = self.single_call(&doing);
                    let failure = refusal::of_code(error.error_code(), error.message(), None, &asked);
                    found.insert(secret.clone(), Err(failure));
                }
            }
            token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        Ok(())
    }

    async fn single(&self, secret: &Reference) -> Result<SecretString, Failure> {
        let doing = doing(secret);
        let request = self.client.get_secret_value().secret_id(&secret.id);
        let answer = self.answer(&self.single_call(&doing), request.send()).await?;
        text(secret, answer.secret_string())
    }

    fn single_call<'a>(&'a self, doing: &'a str) -> Asked<'a> {
        Asked { doing, action: "GetSecretValue", region: &self.region, credential: self.credential }
    }

    /// The answer of an operation, in time. Each has its own end, so that what never answers takes nothing with it that
    /// was read before or elsewhere.
    async fn answer<T, E>(
        &self,
        asked: &Asked<'_>,
        operation: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        // The futures of the SDK are large.
        match timeout_at(self.end, Box::pin(operation)).await {
            Ok(answer) => answer.map_err(|error| refusal::of_sdk(&error, asked)),
            Err(_) => Err(Failure { doing: asked.doing.to_owned(), ..silence("AWS did not answer in time") }),
        }
    }
}

/// Whether a refused batch says nothing of single calls: the right for it is another one, and one odd name spoils it.
fn worth_single_calls(reason: Reason) -> bool {
    !matches!(reason, Reason::Unauthorized | Reason::Unreachable | Reason::RateLimited | Reason::Deadline)
}

fn text(secret: &Reference, text: Option<&str>) -> Result<SecretString, Failure> {
    let binary = || {
        let why = "the secret is binary; orgpulse reads text";
        Failure::new(Reason::Config, doing(secret), why).with_cure("Store it as text (SecretString)")
    };
    text.map(SecretString::from).ok_or_else(binary)
}
