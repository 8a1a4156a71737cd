//! Rows of the queue: one for each task of a job.

use super::queue::asked_for;
use crate::organisation::skypilot::Job;
use crate::organisation::skypilot::SkyPilot;
use crate::organisation::skypilot::Task;
use jiff::Timestamp;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// Keys of 0.14.1 that say nothing of these jobs; they come along all the same.
const EMPTY: [&str; 25] = [
    "user_yaml",
    "controller_pid",
    "controller_pid_started_at",
    "dag_yaml_path",
    "env_file_path",
    "priority_class",
    "original_user_yaml_path",
    "pool_hash",
    "cluster_name_on_cloud",
    "job_id_on_pool_cluster",
    "labels",
    "links",
    "node_names",
    "is_primary_in_job_group",
    "root_job_id",
    "parent_job_id",
    "parent_task_id",
    "dynamic_task_index",
    "batch_total_batches",
    "batch_completed_batches",
    "internal_external_ips",
    "internal_services",
    "details",
    "pool",
    "current_cluster_name",
];

/// A row of `/jobs/queue/v2`.
pub fn current(sky: &SkyPilot, job: &Job, index: usize) -> Map<String, Value> {
    let task = &job.tasks[index];
    let mut row: Map<String, Value> = EMPTY.iter().map(|key| ((*key).to_owned(), Value::Null)).collect();
    row.extend(old(sky, job, index));
    let mut set = |key: &str, value: Value| row.insert(key.to_owned(), value);
    let dash = || "-".to_owned();
    let zone = task.place.as_ref().and_then(|place| place.zone.clone());
    let region = task.place.as_ref().map(|place| place.region.clone());
    set(
        "infra",
        region.as_ref().map_or_else(dash, |region| format!("aws ({})", zone.as_ref().unwrap_or(region))).into(),
    );
    set("cloud", region.as_ref().map_or_else(dash, |_| "aws".to_owned()).into());
    set("region", region.unwrap_or_else(dash).into());
    set("zone", zone.unwrap_or_else(dash).into());
    set("user_name", job.user.map(|user| sky.users[user].name.clone()).into());
    set("cluster_resources_full", task_machines(job, task).into());
    set("_job_id", job.id.into());
    set("metadata", json!({}));
    set("entrypoint", "sky jobs launch job.yaml".into());
    set("execution", if is_group(job) { "parallel" } else { "serial" }.into());
    set("is_job_group", is_group(job).into());
    set("is_batch", false.into());
    if task.status.starts_with("FAILED") {
        set("details", "Failure: boom \"quoted\" <\u{e9}>".into());
    }
    if let Some(worker) = &job.worker {
        set("pool", "pool".into());
        set("current_cluster_name", worker.name.clone().into());
    }
    // Only of a cluster that the server can look at.
    if task.is_alive {
        let held = job.worker.as_ref().map_or(&task.accelerator, |worker| &worker.accelerator);
        let held = held.as_ref().map(|one| json!({ one.name.clone(): number(one.count) }));
        set("accelerators", held.unwrap_or(Value::Null));
    }
    row
}

/// A row of `/jobs/queue`, which says nothing of regions.
pub fn old(sky: &SkyPilot, job: &Job, index: usize) -> Map<String, Value> {
    let task = &job.tasks[index];
    let name = if job.tasks.len() > 1 { format!("{}-{index}", job.name) } else { job.name.clone() };
    let row = json!({
        "job_id": job.id,
        "task_id": index,
        "job_name": job.name,
        "task_name": name,
        "job_duration": task.duration,
        "workspace": "default",
        "status": task.status,
        "schedule_state": schedule_state(task),
        "resources": asked_for(task),
        "cluster_resources": task_machines(job, task),
        "recovery_count": task.recoveries,
        "failure_reason": task.status.starts_with("FAILED").then_some("boom \"quoted\" <\u{e9}>"),
        "user_hash": job.user.map(|user| sky.users[user].hash.clone()),
        "submitted_at": seconds(task.submitted_at),
        "start_at": seconds(task.started_at),
        "end_at": seconds(task.ended_at),
        "last_recovered_at": -1.0,
        "run_timestamp": "sky-ts",
        "priority": 500,
    });
    match row {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}

/// Tasks beside each other rather than one after another.
fn is_group(job: &Job) -> bool {
    job.tasks.iter().filter(|task| task.runs()).count() > 1
}

fn schedule_state(task: &Task) -> &'static str {
    match task.status.as_str() {
        "PENDING" => "INACTIVE",
        "STARTING" | "SUBMITTED" => "LAUNCHING",
        _ if task.has_ended() => "DONE",
        _ => "ALIVE",
    }
}

/// What it runs on: in long words while the server can look at it, else as it was asked for, and a dash for what never
/// had machines.
fn task_machines(job: &Job, task: &Task) -> String {
    if !task.is_alive {
        return if task.place.is_some() { asked_for(task) } else { "-".to_owned() };
    }
    let held = job.worker.as_ref().map_or(&task.accelerator, |worker| &worker.accelerator);
    let gpus = held.as_ref().map(|one| format!("gpus={}:{}, ", one.name, one.count)).unwrap_or_default();
    let spot = if task.is_spot { "[spot]" } else { "" };
    format!("{}x{spot}({gpus}cpus=48, mem=192, made.12xlarge, ...)", task.nodes)
}

/// A count without a fraction is an integer, as in Python.
fn number(count: f64) -> Value {
    if count.fract() == 0.0 { (count as i64).into() } else { count.into() }
}

fn seconds(at: Option<Timestamp>) -> Option<f64> {
    at.map(|at| at.as_millisecond() as f64 / 1000.0)
}
