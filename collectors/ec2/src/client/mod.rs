//! AWS through its SDK: one credential, one way out, clients by region.

mod failure;
mod http;
mod pages;
mod xml;

use std::error::Error;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::Region;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::ReconnectMode;
use aws_types::SdkConfig;
use collector::Context;
use collector::Failure;
use collector::Reason;
use collector::transport::Secrets;
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use tokio::time::Instant;
use tokio::time::timeout_at;

pub(crate) use pages::Tokens;

use crate::config::Access;

/// How patient the collector is, and how gentle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Attempts of one request.
    pub(crate) attempts: u32,
    /// Wait before the second attempt; doubled for each further one, with full jitter.
    pub(crate) first_wait: Duration,
    /// Limit of one attempt.
    pub(crate) per_try: Duration,
    /// Requests in flight at once, over all regions.
    pub(crate) in_flight: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            attempts: 4,
            first_wait: Duration::from_secs(1),
            // A page of EC2 takes up to some seconds in a large account.
            per_try: Duration::from_secs(20),
            // EC2 lets 100 requests of one action through at once, and each region has a bucket of its own; what
            // is bounded here is memory, by the pages that are held unparsed.
            in_flight: 8,
        }
    }
}

/// The longest wait between two attempts.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// A request, in words.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'a> {
    /// Completes "failed to ...": "list the volumes of eu-central-1".
    pub(crate) doing: String,
    /// The IAM action that it needs: "ec2:DescribeVolumes".
    pub(crate) action: &'static str,
    /// Where it is asked.
    pub(crate) region: &'a str,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(doing: impl Into<String>, action: &'static str, region: &'a str) -> Ask<'a> {
        Ask { doing: doing.into(), action, region }
    }
}

/// The way to AWS, for one collection.
#[derive(Debug)]
pub(crate) struct Client {
    config: SdkConfig,
    deadline: Instant,
    secrets: Secrets,
    /// Names what holds the address, for the cure.
    setting: &'static str,
}

impl Client {
    /// Finds the credential; no service but those that give credentials is asked.
    ///
    /// # Errors
    /// When there is no credential, or the time is over.
    pub(crate) async fn connect(access: &Access, context: &Context, pace: Pace) -> Result<Client, Failure> {
        let secrets = Secrets::default();
        let config = set_up(access, context, pace, &secrets).await?;
        let deadline = context.deadline();
        let setting = match access.endpoint_url {
            Some(_) => "aws.endpoint_url (AWS_ENDPOINT_URL)",
            None => "ec2.regions (EC2_REGIONS) and aws.region (AWS_REGION)",
        };
        Ok(Client { config, deadline, secrets, setting })
    }

    /// EC2 of a region.
    pub(crate) fn ec2(&self, region: &str) -> aws_sdk_ec2::Client {
        let config = aws_sdk_ec2::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        aws_sdk_ec2::Client::from_conf(config.build())
    }

    /// CloudWatch of a region.
    pub(crate) fn cloudwatch(&self, region: &str) -> aws_sdk_cloudwatch::Client {
        let config = aws_sdk_cloudwatch::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        aws_sdk_cloudwatch::Client::from_conf(config.build())
    }

    /// The price list, in the region that answers for it.
    pub(crate) fn pricing(&self, region: &str) -> aws_sdk_pricing::Client {
        let config = aws_sdk_pricing::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        aws_sdk_pricing::Client::from_conf(config.build())
    }

    /// The security token service of a region.
    pub(crate) fn sts(&self, region: &str) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        aws_sdk_sts::Client::from_conf(config.build())
    }

    /// The answer of an operation, within the deadline.
    ///
    /// # Errors
    /// See [`failure`].
    pub(crate) async fn ask<T, E>(
        &self,
        ask: &Ask<'_>,
        operation: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        // The futures of the SDK are large.
        match timeout_at(self.deadline, Box::pin(operation)).await {
            Ok(Ok(answer)) => Ok(answer),
            _ if Instant::now() >= self.deadline => Err(deadline_passed(&ask.doing)),
            Ok(Err(error)) => Err(failure::of(&error, ask, &self.secrets, self.setting)),
            Err(_) => Err(deadline_passed(&ask.doing)),
        }
    }

    /// Words of AWS, fit for a message.
    pub(crate) fn clip(&self, text: &str) -> String {
        self.secrets.clip(text)
    }
}

/// The SDK set up to reach AWS by `access`: over the shared HTTP client, with a credential that was found once for all
/// clients of all services and regions. No service but those that give credentials is asked. `secrets` keeps the
/// credential, for what is said of AWS's answers. Boxed, for the reason of [`Ec2::boxed`](crate::Ec2::boxed).
///
/// # Errors
/// When there is no credential, or the time is over.
pub fn sdk_config<'a>(
    access: &'a Access,
    context: &'a Context,
    secrets: &'a Secrets,
) -> BoxFuture<'a, Result<SdkConfig, Failure>> {
    Box::pin(set_up(access, context, Pace::default(), secrets))
}

async fn set_up(access: &Access, context: &Context, pace: Pace, secrets: &Secrets) -> Result<SdkConfig, Failure> {
    let timeouts = TimeoutConfig::builder().disable_connect_timeout().read_timeout(pace.per_try).build();
    let retry = RetryConfig::standard()
        .with_max_attempts(pace.attempts)
        .with_initial_backoff(pace.first_wait)
        .with_max_backoff(MAX_WAIT)
        // Connections are the shared client's to close; the SDK logs an error where it cannot.
        .with_reconnect_mode(ReconnectMode::ReuseAllConnections);
    // A named version: a newer one may change waits and defaults without a word.
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(Region::new(access.home.clone()))
        .http_client(http::client(context, pace.in_flight))
        .retry_config(retry)
        .timeout_config(timeouts)
        // For bodies that are streamed; ours are read whole under a limit.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(url) = &access.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(keys) = &access.keys {
        let (id, secret) = (keys.id.expose_secret(), keys.secret.expose_secret());
        let token = keys.session_token.as_ref().map(|token| token.expose_secret().to_owned());
        loader = loader.credentials_provider(Credentials::new(id, secret, token, None, "orgpulse"));
    }
    let deadline = context.deadline();
    let late = |_| deadline_passed("find an AWS credential");
    let config = timeout_at(deadline, Box::pin(loader.load())).await.map_err(late)?;
    // Once for all regions: every client of the SDK would go through the chain by itself.
    let credentials = match config.credentials_provider() {
        Some(provider) => timeout_at(deadline, Box::pin(provider.provide_credentials())).await.map_err(late)?,
        None => return Err(no_credential("the SDK has no credential provider", secrets)),
    };
    let credentials = credentials.map_err(|error| no_credential(&innermost(&error), secrets))?;
    secrets.keep(credentials.secret_access_key());
    secrets.keep(credentials.session_token().unwrap_or_default());
    Ok(config.into_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build())
}

fn deadline_passed(doing: &str) -> Failure {
    let why = "the time for the collection ran out";
    Failure::new(Reason::Deadline, doing, why).with_cure("Give the collector more time (collector_deadline)")
}

fn no_credential(why: &str, secrets: &Secrets) -> Failure {
    // The chain appends what it attempted, one line each.
    let why = why.split(". Attempted").next().unwrap_or(why);
    let why = format!("neither the settings nor the SDK's chain give one: {}", secrets.clip(why));
    Failure::new(Reason::Unauthorized, "find an AWS credential", why).with_cure(
        "Give the pod's service account a role (IRSA or EKS Pod Identity), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY",
    )
}

/// The last cause of an error: those around it only say that something failed.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
