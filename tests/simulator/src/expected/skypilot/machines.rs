//! What running jobs hold, and where: "its place, spot and GPUs those of its tasks in RUNNING or RECOVERING".

use super::Case;
use super::Gauges;
use super::Settings;
use super::count;
use crate::organisation::skypilot::Job;
use crate::organisation::skypilot::Task;
use std::collections::BTreeMap;

pub fn gauges(case: &Case, settings: &Settings) -> Gauges {
    let running = case.running();
    let held = held(&running);
    let sum = |fits: &dyn Fn(&str) -> bool| Some(held.iter().filter(|(name, _)| fits(name)).map(|(_, n)| n).sum());
    let with = |fits: &dyn Fn(&Task) -> bool| count(running.iter().filter(|job| active(job).any(fits)).count());
    let place = |fits: &dyn Fn(&str) -> bool| {
        // "the three are absent on servers whose reply has no region"; without a controller there is no reply.
        let told = settings.tells_regions || !case.is_up;
        with(&|task| task.place.as_ref().is_some_and(|place| fits(&place.region))).filter(|_| told)
    };
    vec![
        ("skypilot.resources.gpus.l4_count", sum(&|name| name == "L4")),
        ("skypilot.resources.gpus.a10g_count", sum(&|name| name == "A10G")),
        ("skypilot.resources.gpus.h100_count", sum(&|name| name.split('-').next() == Some("H100"))),
        ("skypilot.resources.gpus.total_count", sum(&is_gpu)),
        ("skypilot.resources.spot_jobs", with(&|task| task.is_spot)),
        ("skypilot.resources.ondemand_jobs", with(&|task| !task.is_spot)),
        ("skypilot.regions.us_east_1", place(&|region| region == "us-east-1")),
        ("skypilot.regions.us_west_2", place(&|region| region == "us-west-2")),
        ("skypilot.regions.other", place(&|region| !["us-east-1", "us-west-2"].contains(&region))),
    ]
}

fn active(job: &Job) -> impl Iterator<Item = &Task> {
    job.tasks.iter().filter(|task| task.runs())
}

/// The accelerators of all running tasks, "count per node x nodes". A pool's worker is one machine, however many jobs
/// share it: its GPUs are held once.
fn held(running: &[&Job]) -> Vec<(String, f64)> {
    let mut held = Vec::new();
    let mut workers = BTreeMap::new();
    for job in running {
        if let Some(worker) = &job.worker {
            workers.insert(&worker.name, &worker.accelerator);
            continue;
        }
        for task in active(job) {
            let own = task.accelerator.iter();
            held.extend(own.map(|one| (one.name.clone(), one.count * f64::from(task.nodes))));
        }
    }
    held.extend(workers.into_values().flatten().map(|one| (one.name.clone(), one.count)));
    held
}

/// "tpu*, Trainium*, Inferentia* are no GPUs"
pub fn is_gpu(name: &str) -> bool {
    !["tpu", "trainium", "inferentia"].iter().any(|other| name.to_lowercase().starts_with(other))
}
