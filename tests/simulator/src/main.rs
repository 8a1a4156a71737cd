//! `simulator`: serves until it is told to stop, and prints the variables that point a program at it.

use std::io::Write;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use jiff::SignedDuration;
use jiff::Timestamp;
use simulator::Options;
use simulator::Simulator;
use simulator::organisation::aws::AwsScale;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

/// Stands in for every remote service on loopback.
#[derive(Debug, Parser)]
#[command(name = "simulator")]
struct Arguments {
    /// What the organisation is made from: the same seed, scale and now give the same organisation.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Its size: small, reference, untidy (the reference with pull requests that tell less), or times:N for N times the
    /// reference.
    #[arg(long, default_value = "small")]
    scale: Scale,
    /// How many repositories it has, each of that size.
    #[arg(long)]
    repositories: Option<usize>,
    /// The account at AWS: none, small, reference, or times:N for N times the reference.
    #[arg(long, default_value = "none")]
    aws: Account,
    /// Added to every reply, such as 50ms.
    #[arg(long, default_value = "0ms", value_parser = latency)]
    latency: Duration,
    /// Port of 127.0.0.1 to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// GitHub's public GraphQL schema, which every query is validated against.
    #[arg(long, value_name = "PATH")]
    schema: Option<PathBuf>,
    /// The schema of Weights & Biases as far as it is known, likewise.
    #[arg(long, value_name = "PATH")]
    wandb_schema: Option<PathBuf>,
    /// The instant at which every clock of the simulator stands (RFC 3339). By default they run.
    #[arg(long, value_name = "RFC3339")]
    now: Option<Timestamp>,
}

/// Size of the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Small,
    Reference,
    Untidy,
    Times(u32),
}

impl FromStr for Scale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("times:").map(str::parse)) {
            ("small", _) => Ok(Scale::Small),
            ("reference", _) => Ok(Scale::Reference),
            ("untidy", _) => Ok(Scale::Untidy),
            (_, Some(Ok(times))) if times > 0 => Ok(Scale::Times(times)),
            _ => Err("expected small, reference, untidy, or times:N with N from 1".to_owned()),
        }
    }
}

/// Size of the account at AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Account(AwsScale);

impl FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("times:").map(str::parse::<usize>)) {
            ("none", _) => Ok(Account(AwsScale::none())),
            ("small", _) => Ok(Account(AwsScale::small())),
            ("reference", _) => Ok(Account(AwsScale::reference())),
            (_, Some(Ok(times))) if times > 0 => Ok(Account(AwsScale::reference().times(times))),
            _ => Err("expected none, small, reference, or times:N with N from 1".to_owned()),
        }
    }
}

fn latency(text: &str) -> Result<Duration, String> {
    let latency = text.parse::<SignedDuration>().map_err(|error| format!("{error}; expected one such as 50ms"))?;
    Duration::try_from(latency).map_err(|_| "a latency cannot be negative".to_owned())
}

/// Starts everything that the arguments ask for.
fn start(arguments: &Arguments) -> anyhow::Result<Simulator> {
    let scale = match arguments.scale {
        Scale::Small => simulator::Scale::small(),
        Scale::Reference => simulator::Scale::reference(),
        Scale::Untidy => simulator::Scale::untidy(),
        Scale::Times(n) => simulator::Scale::reference().times(n as usize),
    };
    Simulator::start(Options {
        seed: arguments.seed,
        scale: arguments.repositories.map_or(scale, |n| scale.with_repositories(n)).with_aws(arguments.aws.0),
        now: arguments.now,
        latency: arguments.latency,
        schema: arguments.schema.clone(),
        wandb_schema: arguments.wandb_schema.clone(),
        address: ([127, 0, 0, 1], arguments.port).into(),
        ..Options::default()
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // Before the first line is printed, so that who reads it may stop the simulator at once.
    let mut interrupt = signal(SignalKind::interrupt()).context("failed to wait for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("failed to wait for SIGTERM")?;
    let running = start(&arguments)?;

    let mut lines: String =
        running.environment().iter().map(|(name, value)| format!("export {name}={value}\n")).collect();
    lines.push_str("# serving until SIGINT or SIGTERM\n");
    let mut out = std::io::stdout();
    out.write_all(lines.as_bytes()).and_then(|()| out.flush()).context("failed to print the variables")?;

    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_flag() {
        let line = "simulator --seed 7 --scale times:10 --latency 50ms --port 8126 --schema s.graphql --now 2026-11-20T12:00:00Z";
        let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
        assert_eq!((arguments.seed, arguments.scale, arguments.port), (7, Scale::Times(10), 8126));
        assert_eq!(arguments.latency, Duration::from_millis(50));
        assert_eq!(arguments.schema, Some(PathBuf::from("s.graphql")));
        assert_eq!(arguments.now, Some("2026-11-20T12:00:00Z".parse().unwrap()));
        let arguments = Arguments::try_parse_from(["simulator", "--aws", "times:2"]).unwrap();
        assert_eq!(arguments.aws.0.instances, 5_000);
        let arguments = Arguments::try_parse_from(["simulator"]).unwrap();
        assert_eq!(arguments.aws.0, AwsScale::none());
        assert_eq!((arguments.scale, arguments.latency, arguments.now), (Scale::Small, Duration::ZERO, None));
    }

    #[test]
    fn refuses_what_it_cannot_mean() {
        for flag in [
            "--scale=times:0",
            "--scale=large",
            "--latency=-5ms",
            "--latency=5",
            "--now=noon",
            "--port=65536",
            "--aws=large",
        ] {
            assert!(Arguments::try_parse_from(["simulator", flag]).is_err(), "{flag}");
        }
    }
}
