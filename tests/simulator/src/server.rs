//! An HTTP server on loopback that carries the simulated services.

use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::routing::any_service;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::fault::Faults;
use crate::layer;
use crate::layer::Shared;
use crate::record::RecordOptions;
use crate::record::Recorder;
use crate::wire::Cut;
use crate::wire::WireListener;

/// What a server is to be.
pub struct ServerOptions {
    /// Where to listen. By default a free port of 127.0.0.1.
    pub address: SocketAddr,
    /// Added to every reply. Requests that overlap wait at the same time.
    pub latency: Duration,
    /// Services by name. The one named `datadog` answers under `/datadog`.
    pub services: Vec<(&'static str, Router)>,
    /// How much of the requests is kept.
    pub record: RecordOptions,
}

impl Default for ServerOptions {
    fn default() -> Self {
        ServerOptions {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            latency: Duration::ZERO,
            services: Vec::new(),
            record: RecordOptions::default(),
        }
    }
}

/// A running server. Dropping it ends it at once: connections are closed, replies under way are lost, and nothing of it
/// runs on.
///
/// It has its own threads, so that it answers also while the caller's thread waits for a child process, and so that no
/// task of it can outlive it.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts to listen; when this returns, requests are answered.
    ///
    /// # Errors
    /// When the address is taken, a thread cannot be had, or a service's name is not one path segment of letters,
    /// digits, `-` and `_`, or is used twice.
    pub fn start(options: ServerOptions) -> io::Result<Server> {
        let mut services = Vec::new();
        let mut router = Router::new();
        for (name, service) in options.services {
            let fits = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
            if !fits || services.contains(&name) {
                let reason = format!("a service cannot be named {name:?}: one path segment, used once");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
            }
            services.push(name);
            // Nesting does not cover a slash alone after the prefix, where AWS's SDKs send everything.
            let slash = service.clone().layer(axum::middleware::map_request(at_root));
            router = router.nest(&format!("/{name}"), service).route(&format!("/{name}/"), any_service(slash));
        }
        let shared = Arc::new(Shared {
            services,
            recorder: Arc::new(Recorder::new(options.record)),
            faults: Arc::new(Faults::default()),
            latency: Mutex::new(options.latency),
        });
        let router = router
            .fallback(|| async { (StatusCode::NOT_FOUND, "the simulator has nothing at this path\n") })
            .layer(axum::middleware::from_fn_with_state(Arc::clone(&shared), layer::handle));

        let listener = std::net::TcpListener::bind(options.address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("simulator".to_owned())
            .spawn(move || run(listener, router, stopped, &ready))?;
        let server = Server { address, shared, stop: Some(stop), thread: Some(thread) };
        match started.recv() {
            Ok(Ok(())) => Ok(server),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::Error::other("the simulator's thread ended before it listened")),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base address of one service, without a slash at the end.
    pub fn service_url(&self, service: &str) -> String {
        format!("{}/{service}", self.url())
    }

    /// Every request so far.
    pub fn recorder(&self) -> &Recorder {
        &self.shared.recorder
    }

    /// The faults, to inject and to clear.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Sets what is added to every reply from now on.
    pub fn set_latency(&self, latency: Duration) {
        *self.shared.latency.lock().unwrap_or_else(PoisonError::into_inner) = latency;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the simulator's thread ended in a panic");
        }
    }
}

/// The same request for the root.
async fn at_root(mut request: Request) -> Request {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Ok(uri) = Uri::try_from(format!("/{query}")) {
        *request.uri_mut() = uri;
    }
    request
}

fn run(
    listener: std::net::TcpListener,
    router: Router,
    stopped: oneshot::Receiver<()>,
    ready: &mpsc::Sender<io::Result<()>>,
) {
    // Two workers: enough to answer a client of many connections, few enough not to crowd out the program under test.
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => WireListener(listener),
            Err(error) => {
                let _ = ready.send(Err(error));
                return;
            }
        };
        let _ = ready.send(Ok(()));
        let serving = axum::serve(listener, router.into_make_service_with_connect_info::<Cut>());
        tokio::select! {
            ended = serving => tracing::error!(?ended, "the simulator stopped listening"),
            _ = stopped => {}
        }
    });
    // Ends every task of every connection; none of them blocks a thread for longer than it computes one reply.
    runtime.shutdown_timeout(Duration::from_secs(5));
}
