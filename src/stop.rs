//! SIGTERM and SIGINT.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::future::Shared;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

/// Ready once the process has been asked to end, and from then on: whoever awaits a clone learns of the one signal,
/// however long ago it was.
pub type Stop = Shared<BoxFuture<'static, ()>>;

/// The wish to end of this process. Further signals change nothing: what follows the first one ends by itself within
/// 10 s.
pub fn on_signal() -> Stop {
    requested("collection stops, what is complete is delivered").boxed().shared()
}

/// Ready at the first signal from now on; `what` follows from it.
pub async fn requested(what: &str) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without handlers the default action ends the process.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => tracing::warn!("SIGTERM: {what}"),
        _ = interrupt.recv() => tracing::warn!("SIGINT: {what}"),
    }
}
