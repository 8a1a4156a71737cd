//! Runs: mostly ordinary ones, and one of each kind that a rule of the specification is about.

use super::Datum;
use super::Info;
use super::Run;
use super::WandbScale;
use crate::organisation::time::DAY;
use crate::organisation::time::HOUR;
use crate::organisation::time::MINUTE;
use crate::organisation::time::WEEK;
use crate::organisation::time::between;
use crate::organisation::time::plus;
use fastrand::Rng;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The heartbeats, in seconds before now, between which a rule changes its mind.
const EDGES: [i64; 6] = [0, WEEK - 1, 30 * MINUTE, 30 * MINUTE + 1, DAY - 1, DAY];

const STATES: [&str; 20] = [
    "finished",
    "finished",
    "finished",
    "finished",
    "finished",
    "finished",
    "finished",
    "finished",
    "failed",
    "failed",
    "crashed",
    "crashed",
    "killed",
    "preempted",
    "preempting",
    "pending",
    "running",
    "running",
    "running",
    // Of a release to come.
    "hibernating",
];

const ACCURACY: [&str; 4] = ["accuracy", "eval/accuracy", "val/accuracy", "val_accuracy"];
const LOSS: [&str; 4] = ["loss", "train/loss", "losses/loss", "val/loss"];
const SPEED: [&str; 4] = ["overview/sps", "overview/steps_per_second", "timing_per_epoch/sps", "timing_cumulative/sps"];
const GPUS: [&str; 6] = [
    "NVIDIA A100-SXM4-80GB",
    "NVIDIA H100 80GB HBM3",
    "Tesla T4",
    "NVIDIA L4",
    // Not an L4.
    "NVIDIA L40S",
    "Apple M2 Pro",
];

/// The runs of a project that matter one by one. No two have the same heartbeat: which of them is the newest is then
/// no matter of taste.
pub fn runs(rng: &mut Rng, seed: u64, scale: &WandbScale, now: Timestamp, users: usize) -> Vec<Run> {
    let mut taken: BTreeSet<i64> = EDGES.into_iter().collect();
    // At a hundred times the reference size there are more runs than seconds; then two may have the same.
    let mut pick = |rng: &mut Rng, low: i64, high: i64| {
        let mut tries = (0..1_000).map(|_| between(rng, low, high));
        tries.find(|back| taken.insert(*back)).unwrap_or(low)
    };
    let mut runs = Vec::with_capacity(scale.runs_7d + scale.odd);
    for i in 0..scale.runs_7d {
        let mut run = run(rng, seed, runs.len(), users);
        let back = match EDGES.get(i) {
            Some(edge) if scale.runs_7d > EDGES.len() => *edge,
            _ if run.state == "running" && rng.u8(..3) > 0 => pick(rng, 1, 30 * MINUTE - 1),
            _ => pick(rng, 1, WEEK - 2),
        };
        if scale.runs_7d > EDGES.len() && [30 * MINUTE, 30 * MINUTE + 1].contains(&back) {
            run.state = "running".into();
        }
        lived(rng, &mut run, plus(now, -back), None);
        if i >= EDGES.len() && rng.u8(..5) == 0 {
            // Fractions of a second are told too. None moves a heartbeat over an edge, or beyond another's.
            let fraction = SignedDuration::from_millis(rng.i64(1..999));
            run.heartbeat_at = run.heartbeat_at.and_then(|at| at.saturating_sub(fraction).ok());
        }
        match i {
            6 => run.created_at = plus(now, -WEEK),
            7 => run.created_at = plus(now, -WEEK + 1),
            _ => {}
        }
        runs.push(run);
    }
    for i in 0..scale.odd {
        let mut run = run(rng, seed, runs.len(), users);
        odd(rng, &mut run, now, i, &mut pick);
        runs.push(run);
    }
    rng.shuffle(&mut runs);
    runs
}

/// Makes the run one without a sign of life in the window.
fn odd(rng: &mut Rng, run: &mut Run, now: Timestamp, i: usize, pick: &mut impl FnMut(&mut Rng, i64, i64) -> i64) {
    let ago = |seconds: i64| plus(now, -seconds);
    match (i, i % 9) {
        (0, _) => lived(rng, run, ago(WEEK), None),
        // Queued in the week and not begun.
        (_, 1) => never(run, "pending", ago(between(rng, 0, WEEK - 1))),
        (_, 2) => never(run, "running", ago(between(rng, 0, WEEK - 1))),
        // Alive, and seen after the present.
        (_, 3) => {
            let at = ago(pick(rng, -HOUR, -1));
            lived(rng, run, at, Some("running"));
        }
        // Nobody told it that its machine is gone.
        (_, 4) => {
            let at = ago(pick(rng, WEEK + 1, 40 * DAY));
            lived(rng, run, at, Some("running"));
        }
        // All of it lies after the present.
        (_, 5) => {
            run.created_at = ago(-between(rng, 1, HOUR));
            run.heartbeat_at = Some(ago(pick(rng, -3 * HOUR, -2 * HOUR)));
        }
        (_, 6) => never(run, "crashed", ago(between(rng, WEEK, 60 * DAY))),
        // Ended after the present.
        (_, 7) => {
            let at = ago(pick(rng, -2 * HOUR, -HOUR - 1));
            lived(rng, run, at, Some("finished"));
        }
        _ => {
            let at = ago(pick(rng, WEEK + 1, 60 * DAY));
            lived(rng, run, at, None);
            // Better than any in the window.
            run.summary = Some(vec![("accuracy".into(), Datum::Number(1.5)), ("loss".into(), Datum::Number(-3.0))]);
        }
    }
}

fn never(run: &mut Run, state: &str, created: Timestamp) {
    run.state = state.into();
    run.created_at = created;
    run.heartbeat_at = None;
    run.compute_seconds = 0.0;
}

/// Gives the run its time, up to the heartbeat.
fn lived(rng: &mut Rng, run: &mut Run, heartbeat: Timestamp, state: Option<&str>) {
    let seconds = match rng.u8(..10) {
        // Longer than the window, or than the day in which it ended.
        0 => between(rng, 8 * DAY, 20 * DAY),
        1 => between(rng, DAY, 6 * DAY),
        _ => between(rng, 20, 10 * HOUR),
    };
    run.created_at = plus(heartbeat, -seconds);
    run.heartbeat_at = Some(heartbeat);
    run.compute_seconds = match rng.u8(..8) {
        0 => 0.0,
        1 => seconds as f64 * 0.75,
        _ => (seconds as f64 * 0.9).floor(),
    };
    if let Some(state) = state {
        run.state = state.into();
    }
}

/// A run whose time is yet to be set.
fn run(rng: &mut Rng, seed: u64, index: usize, users: usize) -> Run {
    let often = |rng: &mut Rng, of: u8| rng.u8(..of) > 0;
    let tags = ["prod", "nightly", "baseline"].into_iter().filter(|_| rng.u8(..4) == 0).map(str::to_owned).collect();
    Run {
        name: short_name(seed, index),
        display_name: display_name(rng, index),
        state: STATES[rng.usize(..STATES.len())].into(),
        group: (rng.u8(..3) == 0).then(|| "ablation".to_owned()),
        job_type: (rng.u8(..3) == 0).then(|| "train".to_owned()),
        sweep: (rng.u8(..7) == 0).then(|| if rng.bool() { "k3q7zz1a" } else { "p0w8yy2b" }.to_owned()),
        tags,
        user: often(rng, 8).then(|| rng.usize(..users)),
        host: often(rng, 4).then(|| format!("node-{}", rng.u8(..20))),
        created_at: Timestamp::UNIX_EPOCH,
        heartbeat_at: None,
        compute_seconds: 0.0,
        history_lines: rng.u64(..100_000),
        config: vec![("lr".into(), Datum::Number(rng.f64())), ("note".into(), Datum::Text("a \"b\"".into()))],
        summary: often(rng, 9).then(|| summary(rng)),
        system: often(rng, 6).then(|| system(rng)),
        info: often(rng, 7).then(|| Info {
            gpu: often(rng, 6).then(|| GPUS[rng.usize(..GPUS.len())].to_owned()),
            gpu_count: often(rng, 7).then(|| rng.u32(..=8)),
            cpu_count: Some(32),
        }),
    }
}

/// Names that the groups' patterns take, and names that only look so.
fn display_name(rng: &mut Rng, index: usize) -> Option<String> {
    Some(match rng.u8(..12) {
        0 => return None,
        1 | 2 => format!("github.sky.{index}"),
        3 => format!("github.sky.{index}.sweep.lr"),
        4 => format!("resnet.sweep.{index}"),
        5 => format!("GitHub.Sky.{index}"),
        6 => format!("fork-of-github.sky.{index}"),
        7 => format!("sweeper-{index}"),
        8 => format!("resnet.Sweep.{index}"),
        9 => format!("github.skylark-{index}"),
        _ => format!("gentle-dawn-{index}"),
    })
}

fn summary(rng: &mut Rng) -> Vec<(String, Datum)> {
    let mut out = vec![("_step".to_owned(), Datum::Number(f64::from(rng.u16(..))))];
    if rng.u8(..10) == 0 {
        return out;
    }
    for (keys, least, most) in [(ACCURACY, 0.2, 1.0), (LOSS, 0.01, 4.0), (SPEED, 1.0, 900.0)] {
        for key in keys {
            if rng.u8(..3) == 0 {
                out.push((key.to_owned(), datum(rng, least, most)));
            }
        }
    }
    // Keys that hold another within them, and one as people nest them.
    out.push(("best/accuracy".into(), Datum::Number(9.0)));
    out.push(("Accuracy".into(), Datum::Number(9.0)));
    out.push(("eval".into(), Datum::Object(vec![("accuracy".into(), Datum::Number(9.0))])));
    out
}

/// A number mostly, and now and then what is none.
fn datum(rng: &mut Rng, least: f64, most: f64) -> Datum {
    match rng.u8(..24) {
        0 => Datum::Nan,
        1 => Datum::Infinity,
        2 => Datum::NegativeInfinity,
        3 => Datum::Text("0.99".into()),
        4 => Datum::Text("line\none\u{1}\"two\"\\".into()),
        5 => Datum::Bool(true),
        6 => Datum::Null,
        7 => Datum::Object(vec![("min".into(), Datum::Number(0.001)), ("max".into(), Datum::Nan)]),
        8 => Datum::Number(most.floor()),
        _ => Datum::Number(least + rng.f64() * (most - least)),
    }
}

fn system(rng: &mut Rng) -> Vec<(String, Datum)> {
    let mut out = vec![
        ("system.cpu".to_owned(), Datum::Number(55.5)),
        ("system.memory_percent".to_owned(), Datum::Number(40.0)),
        ("system.network.sent".to_owned(), Datum::Number(1e9)),
    ];
    let gpus = [0, 1, 1, 2, 4, 8, 12][rng.usize(..7)];
    // More than one machine has: two of six each, which the client tells apart by their labels.
    let name = |of: &str, gpu: u32, what: &str| match gpus {
        12 => format!("system.{of}.{}.{what}/l:node-{}", gpu % 6, gpu / 6),
        _ => format!("system.{of}.{gpu}.{what}"),
    };
    for gpu in 0..gpus {
        let used = match rng.u8(..12) {
            0 => None,
            1 => Some(Datum::Nan),
            2 => Some(Datum::Number(0.0)),
            _ => Some(Datum::Number(f64::from(rng.u8(..=100)))),
        };
        out.extend(used.map(|used| (name("gpu", gpu, "gpu"), used)));
        out.push((name("gpu", gpu, "memory"), Datum::Number(97.0)));
        out.push((name("gpu", gpu, "memoryAllocated"), Datum::Number(12.5)));
        // The process's share of it, which is no GPU's utilisation.
        out.push((name("gpu.process", gpu, "gpu"), Datum::Number(3.0)));
    }
    out
}

/// Eight letters and digits, different for every index of a project.
pub fn short_name(seed: u64, index: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    const SPACE: u64 = 36u64.pow(8);
    // The factor shares no divisor with the space, so that no two numbers meet.
    let mut number = (index as u64).wrapping_mul(1_000_003).wrapping_add(seed % SPACE) % SPACE;
    let mut name = [0; 8];
    for digit in &mut name {
        *digit = DIGITS[(number % 36) as usize];
        number /= 36;
    }
    name.iter().map(|digit| char::from(*digit)).collect()
}
