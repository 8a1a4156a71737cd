//! Puts SkyPilot's description together.

use super::Cluster;
use super::Job;
use super::SkyPilot;
use super::SkyPilotScale;
use super::User;
use super::jobs;
use crate::organisation::time::whole;
use fastrand::Rng;
use jiff::Timestamp;

/// Names; the last one has only jobs that ended.
pub const USERS: [&str; 6] = ["ada", "grace", "alan", "mary", "ci-runner", "retired"];

/// Has its own generator: how large the rest of the organisation is changes nothing here.
pub fn generate(seed: u64, scale: &SkyPilotScale, now: Timestamp) -> SkyPilot {
    let mut rng = Rng::with_seed(seed ^ 0x5c1_b107);
    let now = whole(now);
    let users = USERS.iter().map(|name| User { hash: format!("{:08x}", rng.u32(..)), name: (*name).to_owned() });
    let users = users.collect();
    let mut all = jobs::running(&mut rng.fork(), scale, now);
    all.extend(jobs::waiting(&mut rng.fork(), scale.waiting, now));
    all.extend(jobs::finished(&mut rng.fork(), scale.finished, now));
    // Ids say nothing about age or status.
    rng.shuffle(&mut all);
    for (index, job) in all.iter_mut().enumerate() {
        job.id = index as i64 + 1;
        job.name = format!("{}-{}", ["train", "eval \"b\"", "sweep", "né-1"][index % 4], job.id);
    }
    let clusters = clusters(&mut rng, scale.clusters, &all);
    SkyPilot { controller_is_up: scale.controller_is_up, users, jobs: all, clusters }
}

fn clusters(rng: &mut Rng, count: usize, jobs: &[Job]) -> Vec<Cluster> {
    let statuses = ["UP", "UP", "UP", "STOPPED", "INIT", "AUTOSTOPPING", "PENDING"];
    let own = (0..count).map(|index| Cluster {
        name: format!("dev-{index}"),
        status: statuses[if index < statuses.len() { index } else { rng.usize(..statuses.len()) }].to_owned(),
        user: rng.usize(..USERS.len()),
        // 0 is set as well: it stops as soon as it is idle.
        autostop: [None, Some(0), Some(30), None, Some(600)][rng.usize(..5)],
        to_down: rng.bool(),
        is_managed: false,
    });
    let mut clusters: Vec<Cluster> = own.collect();
    for job in jobs.iter().filter(|job| job.tasks.iter().any(|task| task.is_alive)) {
        let name = job.worker.as_ref().map_or_else(|| format!("job-{}-machines", job.id), |w| w.name.clone());
        if clusters.iter().any(|cluster| cluster.name == name) {
            continue;
        }
        // Nobody sets an autostop for the machines of a managed job; its controller ends them.
        let status = "UP".to_owned();
        let user = job.user.unwrap_or_default();
        clusters.push(Cluster { name, status, user, autostop: None, to_down: false, is_managed: true });
    }
    rng.shuffle(&mut clusters);
    clusters
}
