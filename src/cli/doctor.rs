//! `orgpulse doctor`

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use collector::Context;
use collector::Failure;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::cli::Common;
use crate::cli::print;
use crate::cli::secrets::DATADOG;
use crate::cli::secrets::Secrets;
use crate::config;
use crate::config::Configured;
use crate::config::Settings;
use crate::config::secrets;
use crate::config::secrets::policy;
use crate::config::secrets::policy::Policy;
use crate::config::secrets::policy::Statement;
use crate::exit::Exit;
use crate::http;
use crate::registry::SOURCES;
use crate::stop;

/// Time for the few calls of one source.
const PATIENCE: Duration = Duration::from_secs(30);

/// Try every credential with the cheapest call, and say what mends it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the IAM policy that the configuration takes in AWS, as JSON, and ask nobody anything
    #[arg(long)]
    iam_policy: bool,
}

/// Runs the subcommand.
pub async fn run(common: &Common, args: &Args) -> anyhow::Result<Exit> {
    let (settings, mut problems) = common.settings(&[]);
    let standing = settings.with_stand_ins();
    let sources: Vec<_> = SOURCES.iter().map(|source| (source, (source.configure)(&standing, &mut problems))).collect();
    let datadog = config::datadog::configure(&standing, &mut problems);
    let ready = |configured: &Configured<_>| matches!(configured, Configured::Ready(_));
    let mut sections: Vec<&str> =
        sources.iter().filter(|(_, collector)| ready(collector)).map(|(source, _)| source.name).collect();
    let configured = sections.iter().filter(|name| **name != ::health_fom::NAME).count();
    sections.extend(matches!(datadog, Configured::Ready(_)).then_some(DATADOG));
    if !args.iam_policy {
        secrets::check(&settings, &sections, &mut problems);
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    if args.iam_policy {
        return iam_policy(&settings, &sections);
    }
    let client = http::client()?;
    let secrets = Secrets::read(settings, &sections, &client, PATIENCE * 2, &stop::on_signal()).await;
    let mut sound = true;
    for (key, reference, outcome) in &secrets.outcomes {
        sound &= outcome.is_ok();
        let outcome = outcome.clone().map(|()| "read from AWS Secrets Manager".to_owned());
        print(&line(&format!("secrets: {key}, {reference}"), &outcome))?;
    }
    for (source, collector) in sources {
        match collector {
            Configured::Missing(missing) => {
                print(&format!("-     {}: not configured; {}\n", source.name, missing.join("; ")))?;
            }
            Configured::Ready(_) => {
                let context = Context::new(Timestamp::now(), client.clone(), Instant::now() + PATIENCE, Arc::new([]));
                for finding in secrets.collector(source).check(&context).await {
                    sound &= finding.outcome.is_ok();
                    print(&line(&format!("{}: {}", source.name, finding.what), &finding.outcome))?;
                }
            }
        }
    }
    match datadog {
        Configured::Missing(missing) => {
            sound = false;
            print(&format!("FAIL  datadog: not configured; {}\n", missing.join("; ")))?;
        }
        Configured::Ready(settings) => {
            let address = settings.base_url.clone();
            let outcome = secrets.sink(settings, client).validate_key(Instant::now() + PATIENCE).await;
            sound &= outcome.is_ok();
            print(&line("datadog: API key", &outcome.map(|()| format!("accepted by {address}"))))?;
        }
    }
    if configured == 0 {
        print("FAIL  no source is configured\n")?;
    }
    Ok(if sound && configured > 0 { Exit::Complete } else { Exit::Nothing })
}

/// Prints what these sections may ask AWS for.
fn iam_policy(settings: &Settings, sections: &[&str]) -> anyhow::Result<Exit> {
    let references: BTreeSet<_> = secrets::awaited(settings, sections).into_values().collect();
    let mut statements = policy::statements(&references, settings.text("aws.region").as_deref());
    statements.extend(of_sources(settings, sections));
    if statements.is_empty() {
        bail!("nothing that is configured asks AWS: name a secret (DD_API_KEY_SECRET, ...) or set EC2_REGIONS");
    }
    if !references.is_empty() {
        // Beside the document, which takes no remarks. When standard error is closed there is nobody to tell.
        let _ = writeln!(std::io::stderr().lock(), "{}", policy::KMS_HINT);
    }
    print(&format!("{}\n", serde_json::to_string_pretty(&Policy::new(statements))?))?;
    Ok(Exit::Complete)
}

/// What the sources take in AWS; one that begins to ask AWS adds its statement here.
#[cfg(feature = "aws")]
fn of_sources(settings: &Settings, sections: &[&str]) -> Option<Statement> {
    let actions = sections.contains(&"ec2").then(|| config::ec2::actions(settings))?;
    Some(Statement::allow("ReadEc2", actions, vec!["*".to_owned()]))
}

#[cfg(not(feature = "aws"))]
fn of_sources(_settings: &Settings, _sections: &[&str]) -> Option<Statement> {
    None
}

fn line(what: &str, outcome: &Result<String, Failure>) -> String {
    match outcome {
        Ok(good) => format!("ok    {what}: {good}\n"),
        Err(failure) => format!("FAIL  {what}: [{}] {failure}\n", failure.reason),
    }
}
