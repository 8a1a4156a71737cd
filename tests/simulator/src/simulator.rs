//! Every service over one organisation, behind one address.

use crate::asana;
use crate::aws;
use crate::datadog;
use crate::datadog::Keys;
use crate::datadog::Store;
use crate::fault::Faults;
use crate::github;
use crate::kubernetes;
use crate::organisation::Organisation;
use crate::organisation::Scale;
use crate::record::RecordOptions;
use crate::record::Recorded;
use crate::record::Recorder;
use crate::server::Server;
use crate::server::ServerOptions;
use crate::skypilot;
use crate::wandb;
use anyhow::Context;
use jiff::Timestamp;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// What is to be simulated, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the organisation is made from, together with the scale and the instant.
    pub seed: u64,
    /// How large it is.
    pub scale: Scale,
    /// The instant that the organisation is described for, at which the services' clocks then stand. Without one it is
    /// the present, and they run.
    pub now: Option<Timestamp>,
    /// Added to every reply.
    pub latency: Duration,
    /// GitHub's public GraphQL schema, which documents are validated against; without it they are only executed.
    pub schema: Option<PathBuf>,
    /// The schema rebuilt for Weights & Biases, likewise.
    pub wandb_schema: Option<PathBuf>,
    /// Where to listen. By default a free port of 127.0.0.1.
    pub address: SocketAddr,
    /// How much of the requests is kept.
    pub record: RecordOptions,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: 1,
            scale: Scale::small(),
            now: None,
            latency: Duration::ZERO,
            schema: None,
            wandb_schema: None,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            record: RecordOptions::default(),
        }
    }
}

/// The running services. Dropping it stops them.
pub struct Simulator {
    server: Server,
    organisation: Arc<Organisation>,
    github: Arc<github::State>,
    asana: Arc<asana::State>,
    wandb: Arc<wandb::State>,
    datadog: Arc<Store>,
    aws: Arc<aws::State>,
    skypilot: Arc<skypilot::State>,
    kubernetes: Arc<kubernetes::State>,
    /// Holds the kubeconfig, and goes with the simulator.
    files: TempDir,
}

impl Simulator {
    /// Describes the organisation and serves it; when this returns, requests are answered.
    ///
    /// # Errors
    /// When the address cannot be listened on, or no temporary file be written.
    pub fn start(options: Options) -> anyhow::Result<Simulator> {
        let now = options.now.unwrap_or_else(Timestamp::now);
        let organisation = Organisation::generate(options.seed, options.scale, now);
        Simulator::serve(organisation, options)
    }

    /// Serves an organisation that was described by hand; the options' seed, scale and instant are not looked at.
    ///
    /// # Errors
    /// When the address cannot be listened on, or no temporary file be written.
    pub fn serve(organisation: Organisation, options: Options) -> anyhow::Result<Simulator> {
        let datadog = Arc::new(Store::new(Keys::default()));
        if options.now.is_some() {
            datadog.set_now(organisation.now);
        }
        let organisation = Arc::new(organisation);
        let github = Arc::new(github::State::new(Arc::clone(&organisation), options.schema));
        let asana = Arc::new(asana::State::new(Arc::clone(&organisation)));
        let wandb = Arc::new(wandb::State::new(Arc::clone(&organisation), options.wandb_schema));
        let aws = Arc::new(aws::State::new(Arc::clone(&organisation)));
        let skypilot = Arc::new(skypilot::State::new(Arc::clone(&organisation)));
        let kubernetes = Arc::new(kubernetes::State::new(Arc::clone(&organisation)));
        if options.now.is_some() {
            kubernetes.set_now(organisation.now);
        }
        let services = vec![
            ("github", github::router(Arc::clone(&github))),
            ("asana", asana::router(Arc::clone(&asana))),
            ("wandb", wandb::router(Arc::clone(&wandb))),
            ("datadog", datadog::router(Arc::clone(&datadog))),
            ("aws", aws::router(Arc::clone(&aws))),
            ("skypilot", skypilot::router(Arc::clone(&skypilot))),
            ("kubernetes", kubernetes::router(Arc::clone(&kubernetes))),
        ];
        let address = options.address;
        let server = ServerOptions { address, latency: options.latency, services, record: options.record };
        let server = Server::start(server).with_context(|| format!("failed to listen on {address}"))?;
        github.set_base_url(&server.service_url("github"));
        let files = tempfile::tempdir().context("failed to make a temporary folder for the kubeconfig")?;
        let simulator =
            Simulator { server, organisation, github, asana, wandb, datadog, aws, skypilot, kubernetes, files };
        simulator.asana.set_base_url(&simulator.asana_url());
        std::fs::write(simulator.kubeconfig(), kubernetes::kubeconfig(&simulator.kubernetes_url()))
            .context("failed to write the kubeconfig into a temporary folder")?;
        Ok(simulator)
    }

    /// The base address, without a slash at the end.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The address of GitHub's API: REST below it, GraphQL at `/graphql` of it.
    pub fn github_api_url(&self) -> String {
        self.server.service_url("github")
    }

    /// The address of Asana's API, below which `/projects` and the others lie.
    pub fn asana_url(&self) -> String {
        format!("{}/api/1.0", self.server.service_url("asana"))
    }

    /// The base address of Weights & Biases, whose GraphQL is at `/graphql` of it.
    pub fn wandb_url(&self) -> String {
        self.server.service_url("wandb")
    }

    /// The address of Datadog's API.
    pub fn datadog_url(&self) -> String {
        self.server.service_url("datadog")
    }

    /// The address of all of AWS.
    pub fn aws_url(&self) -> String {
        self.server.service_url("aws")
    }

    /// The address of SkyPilot's API server.
    pub fn skypilot_url(&self) -> String {
        self.server.service_url("skypilot")
    }

    /// The address of the API server of Kubernetes.
    pub fn kubernetes_url(&self) -> String {
        self.server.service_url("kubernetes")
    }

    /// The kubeconfig that leads to it; a file that is there as long as the simulator.
    pub fn kubeconfig(&self) -> PathBuf {
        self.files.path().join("kubeconfig")
    }

    /// The token that GitHub's services accept.
    pub fn github_token(&self) -> &'static str {
        github::TOKEN
    }

    /// The variables that point a program at the simulator.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let repositories: Vec<String> = self.organisation.repositories.iter().map(|r| r.full_name()).collect();
        let mut variables = vec![
            ("GITHUB_API_URL", self.github_api_url()),
            ("GITHUB_TOKEN", self.github_token().to_owned()),
            ("GITHUB_REPOSITORIES", repositories.join(",")),
            ("WANDB_BASE_URL", self.wandb_url()),
            ("WANDB_API_KEY", wandb::KEY.to_owned()),
            ("WANDB_PROJECTS", self.organisation.wandb.readable().join(",")),
            ("SKYPILOT_API_SERVER_ENDPOINT", self.skypilot_url()),
            ("SKYPILOT_API_TOKEN", skypilot::TOKEN.to_owned()),
            ("K8S_CLUSTER_NAME", self.organisation.kubernetes.name.clone()),
            ("KUBECONFIG", self.kubeconfig().display().to_string()),
            ("DD_URL", self.datadog_url()),
            ("DD_API_KEY", self.datadog.keys().api.clone()),
            ("DD_APP_KEY", self.datadog.keys().application.clone()),
        ];
        let tracker = &self.organisation.asana;
        variables.push(("ASANA_URL", self.asana_url()));
        variables.push(("ASANA_ACCESS_TOKEN", asana::TOKEN.to_owned()));
        variables.push(("ASANA_WORKSPACE", tracker.workspaces[0].gid.clone()));
        variables.extend(tracker.bugs_gid().map(|gid| ("ASANA_BUGS_PROJECT", gid.to_owned())));
        variables.extend(self.aws_environment());
        variables
    }

    /// The variables of the account at AWS, if there is one.
    fn aws_environment(&self) -> Vec<(&'static str, String)> {
        let configured = &self.organisation.aws.configured;
        let Some(first) = configured.first() else { return Vec::new() };
        vec![
            ("AWS_ENDPOINT_URL", self.aws_url()),
            ("AWS_ACCESS_KEY_ID", aws::ACCESS_KEY_ID.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", aws::SECRET_ACCESS_KEY.to_owned()),
            ("AWS_REGION", first.clone()),
            ("EC2_REGIONS", configured.join(",")),
        ]
    }

    /// What is simulated.
    pub fn organisation(&self) -> &Organisation {
        &self.organisation
    }

    /// Every request that is still kept, in the order of arrival.
    pub fn requests(&self) -> Vec<Recorded> {
        self.server.recorder().requests()
    }

    /// The record itself, to count or clear.
    pub fn recorder(&self) -> &Recorder {
        self.server.recorder()
    }

    /// The faults, to inject and to clear.
    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }

    /// How GitHub's services behave.
    pub fn github(&self) -> &github::State {
        &self.github
    }

    /// How AWS behaves.
    pub fn aws(&self) -> &aws::State {
        &self.aws
    }

    /// How Asana's service behaves.
    pub fn asana(&self) -> &asana::State {
        &self.asana
    }

    /// How Weights & Biases behaves.
    pub fn wandb(&self) -> &wandb::State {
        &self.wandb
    }

    /// How SkyPilot's API server behaves.
    pub fn skypilot(&self) -> &skypilot::State {
        &self.skypilot
    }

    /// How the API server of Kubernetes behaves.
    pub fn kubernetes(&self) -> &kubernetes::State {
        &self.kubernetes
    }

    /// What Datadog took in.
    pub fn datadog(&self) -> &Store {
        &self.datadog
    }
}
