//! Runs the binary with nothing but what a test gives it.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::Value;
use simulator::Options;
use simulator::Simulator;
use simulator::expected::Expected;
use simulator::organisation::Scale;
use tempfile::TempDir;

/// A run that takes longer hangs: no test's deadlines add up to this.
const HANGS_AFTER: Duration = Duration::from_secs(90);

/// A simulated organisation, and a home folder for the program.
pub struct World {
    pub simulator: Simulator,
    pub now: Timestamp,
    home: TempDir,
    variables: BTreeMap<String, String>,
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl World {
    /// An organisation of this seed and scale.
    pub async fn new(seed: u64, scale: Scale) -> World {
        // Datadog drops old points, and the simulated one does so too: the run's instant is the true one.
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        let (schema, wandb_schema) = (Some(schema()), wandb_schema());
        let options = Options { seed, scale, now: Some(now), schema, wandb_schema, ..Options::default() };
        let simulator = Simulator::start(options).unwrap();
        let variables = simulator.environment().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        World { simulator, now, home: tempfile::tempdir().unwrap(), variables }
    }

    /// A small organisation.
    pub async fn small() -> World {
        World::new(1, Scale::small()).await
    }

    /// The same world with a variable set.
    pub fn with(mut self, name: &str, value: &str) -> World {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same world without a variable.
    pub fn without(mut self, name: &str) -> World {
        self.variables.remove(name);
        self
    }

    /// The program's working directory and home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The command, to be run by the caller.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(self.home(), arguments);
        command.envs(&self.variables);
        command
    }

    /// Runs the program to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.command(arguments)).await
    }

    /// Runs `collect github` at the world's instant with JSON output.
    pub async fn collect(&self, arguments: &[&str]) -> (Ran, Value) {
        self.collect_from("github", arguments).await
    }

    /// Runs `collect` of a source at the world's instant with JSON output.
    pub async fn collect_from(&self, source: &str, arguments: &[&str]) -> (Ran, Value) {
        let now = self.now.to_string();
        let mut all = vec!["collect", source, "--output", "json", "--now", &now];
        all.extend(arguments);
        let ran = self.run(&all).await;
        let document = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
        (ran, document)
    }
}

/// GitHub's public schema, which `make tools` installs.
pub fn schema() -> PathBuf {
    let tools = std::env::var_os("ORGPULSE_TOOLS").map_or_else(|| root().join(".tools"), PathBuf::from);
    let path = tools.join("npm/node_modules/@octokit/graphql-schema/schema.graphql");
    assert!(path.exists(), "{} is not there: run `make tools`", path.display());
    path
}

/// The schema of Weights & Biases as far as it is known; documents are executed unvalidated where it is not beside the
/// checkout, which only a CI may not have.
fn wandb_schema() -> Option<PathBuf> {
    let contracts = std::env::var_os("ORGPULSE_CONTRACTS");
    let contracts = contracts.map_or_else(|| root().join("../shared/contracts"), PathBuf::from);
    let path = contracts.join("wandb/wandb-partial.graphql");
    assert!(path.exists() || std::env::var_os("CI").is_none(), "{} is missing", path.display());
    path.exists().then_some(path)
}

/// The checkout.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The binary with an empty environment, in this folder.
pub fn bare(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orgpulse"));
    command.args(arguments).env_clear().env("HOME", home).current_dir(home).stdin(Stdio::null());
    command
}

/// Runs a command to its end, off the async threads. One that does not end is killed, and the test fails.
pub async fn finish(mut command: Command) -> Ran {
    tokio::task::spawn_blocking(move || {
        let start = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = read(child.stdout.take().unwrap());
        let stderr = read(child.stderr.take().unwrap());
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > HANGS_AFTER {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("the program hangs: {command:?}");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
        Ran { code: status.code().unwrap_or(-1), stdout, stderr, took: start.elapsed() }
    })
    .await
    .unwrap()
}

fn read(mut from: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    })
}

/// Gauges by metric and by their own tags, sorted and joined by commas.
pub type Gauges = BTreeMap<(String, String), f64>;

/// The gauges of a JSON document that come from a source.
pub fn gauges(document: &Value, source: &str) -> Gauges {
    let tag = format!("source:{source}");
    let all = document["gauges"].as_array().cloned().unwrap_or_default();
    all.iter()
        .filter(|gauge| tags(gauge).contains(&tag))
        .map(|gauge| {
            let mut own = tags(gauge);
            own.retain(|tag| !["env:", "service:", "version:", "source:"].iter().any(|common| tag.starts_with(common)));
            own.sort();
            ((gauge["name"].as_str().unwrap().to_owned(), own.join(",")), gauge["value"].as_f64().unwrap())
        })
        .collect()
}

/// A gauge's tags.
pub fn tags(gauge: &Value) -> Vec<String> {
    gauge["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned()).collect()
}

/// What the simulator's own code expects of GitHub; metrics that must be absent are not in it.
pub fn expected(world: &World) -> Gauges {
    let settings = simulator::expected::github::Settings::default();
    present(simulator::expected::github::gauges(world.simulator.organisation(), &settings))
}

/// The expected gauges that are not to be absent.
pub fn present(expected: Vec<Expected>) -> Gauges {
    let one = |expected: Expected| {
        let mut tags: Vec<String> = expected.tags.iter().map(|(key, value)| format!("{key}:{value}")).collect();
        tags.sort();
        Some(((expected.metric.to_owned(), tags.join(",")), expected.value?))
    };
    expected.into_iter().filter_map(one).collect()
}

/// Fails with the differences, if there are any.
#[track_caller]
pub fn assert_same(found: &Gauges, expected: &Gauges, about: &str) {
    let mut differences = Vec::new();
    for key in found.keys().chain(expected.keys().filter(|key| !found.contains_key(*key))) {
        let (found, expected) = (found.get(key), expected.get(key));
        let same = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
            _ => false,
        };
        if !same {
            differences.push(format!("{} of {}: sent {found:?}, expected {expected:?}", key.0, key.1));
        }
    }
    assert!(differences.is_empty(), "{about}:\n{}", differences.join("\n"));
}
