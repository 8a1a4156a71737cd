//! SIGTERM and SIGINT.

use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

/// Ready when the process is asked to end. Further signals change nothing: what
/// follows the first one ends by itself within 10 s.
pub async fn requested() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without handlers the default action ends the process.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => tracing::warn!("SIGTERM: collection stops, what is complete is delivered"),
        _ = interrupt.recv() => tracing::warn!("SIGINT: collection stops, what is complete is delivered"),
    }
}
