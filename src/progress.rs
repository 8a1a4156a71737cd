//! Progress on a terminal: what is being asked, requests so far.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use collector::Meter;
use indicatif::ProgressBar;
use indicatif::ProgressStyle;

use crate::run::Progress;

/// A line on standard error that tells what a run is doing; nothing where standard error is not a terminal.
#[derive(Debug, Default)]
pub struct Line {
    bar: Mutex<Option<ProgressBar>>,
}

/// How often the line is drawn anew.
const TICK: Duration = Duration::from_millis(100);

impl Progress for Line {
    fn begin(&self, name: &'static str, meter: &Arc<Meter>) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let meter = Arc::clone(meter);
        let style = ProgressStyle::with_template("{spinner} {prefix}: {doing} ({elapsed})")
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .with_key("doing", move |_: &indicatif::ProgressState, out: &mut dyn std::fmt::Write| {
                let reading = meter.read();
                // A progress line that cannot be written is no reason to fail.
                let _ = match reading.requests {
                    0 => write!(out, "nothing asked yet"),
                    requests => write!(out, "asking for {}, {requests} requests", reading.asking),
                };
            });
        let bar = ProgressBar::new_spinner().with_style(style).with_prefix(name);
        bar.enable_steady_tick(TICK);
        self.replace(Some(bar));
    }

    fn end(&self) {
        self.replace(None);
    }
}

impl Line {
    fn replace(&self, bar: Option<ProgressBar>) {
        let mut place = self.bar.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(old) = std::mem::replace(&mut *place, bar) {
            old.finish_and_clear();
        }
    }
}
