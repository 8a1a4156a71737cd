//! Runs.

use super::graph::Object;
use super::graph::Outcome;
use super::graph::Told;
use super::graph::leaf;
use super::graph::object;
use super::project;
use super::text;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use crate::organisation::wandb::Datum;
use crate::organisation::wandb::Project;
use crate::organisation::wandb::Run;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use std::borrow::Cow;
use std::rc::Rc;

/// A run as it is told: with the heartbeat of the moment.
pub struct Shown<'a> {
    project: &'a Project,
    run: Cow<'a, Run>,
    heartbeat: Option<Timestamp>,
}

impl<'a> Shown<'a> {
    pub fn of(told: &Told<'a>, project: &'a Project, at: usize) -> Shown<'a> {
        Shown { project, run: project.run(at), heartbeat: heartbeat(told, project, at) }
    }
}

/// The heartbeat of the moment.
pub fn heartbeat(told: &Told, project: &Project, at: usize) -> Option<Timestamp> {
    let since = told.beats.as_ref().and_then(|beats| beats.last(at, project.runs.get(at)?));
    since.or_else(|| project.instants(at).1)
}

pub fn resolve<'a>(told: &Told<'a>, shown: &Rc<Shown<'a>>, field: &str, arguments: &Arguments) -> Outcome<'a> {
    let run = &shown.run;
    let instant = |at: Option<Timestamp>| leaf(at.map(|at| text::instant(at, told.manner.writes_zone)));
    let keys = arguments.list("keys");
    let document = |data: &[(String, Datum)]| text::document(data, keys.as_deref());
    told.state.check(&shown.project.full_name(), &format!("Run.{field}"))?;
    match field {
        "id" => leaf(format!("UnVuOnYxO{}", run.name)),
        "projectId" => leaf(project::number(shown.project).to_string()),
        "project" => object(Object::Project(shown.project)),
        "name" => leaf(run.name.as_str()),
        "displayName" => leaf(run.display_name.clone()),
        "state" => leaf(run.state.as_str()),
        "group" => leaf(run.group.clone()),
        "jobType" => leaf(run.job_type.clone()),
        "sweepName" => leaf(run.sweep.clone()),
        "sweep" => object(project::sweep(shown.project, run.sweep.as_deref())),
        "tags" => leaf(run.tags.clone()),
        "host" => leaf(run.host.clone()),
        "user" => object(run.user.map(Object::User)),
        "createdAt" => instant(Some(run.created_at)),
        "heartbeatAt" | "updatedAt" => instant(shown.heartbeat),
        "computeSeconds" => duration(told, run.compute_seconds),
        "historyLineCount" => leaf(run.history_lines),
        "historyKeys" => leaf(json!({ "lastStep": run.history_lines, "sets": [], "keys": {} })),
        "commit" | "description" | "notes" | "exitcode" => leaf(Value::Null),
        "readOnly" | "stopped" => leaf(false),
        "storageBytes" => leaf(0),
        "summaryMetrics" => leaf(run.summary.as_deref().map(document)),
        "systemMetrics" => leaf(run.system.as_deref().map(|data| text::document(data, None))),
        "config" => {
            let entry =
                |value: &Datum| Datum::Object(vec![("value".into(), value.clone()), ("desc".into(), Datum::Null)]);
            let data: Vec<(String, Datum)> =
                run.config.iter().map(|(key, value)| (key.clone(), entry(value))).collect();
            leaf(document(&data))
        }
        "runInfo" => object(run.info.is_some().then(|| Object::Info(shown.clone()))),
        other => Err(Failure::unknown(format!("Run.{other}"))),
    }
}

pub fn resolve_info<'a>(shown: &Shown<'a>, field: &str) -> Outcome<'a> {
    let info = shown.run.info.as_ref();
    match field {
        "gpu" => leaf(info.and_then(|info| info.gpu.clone())),
        "gpuCount" => leaf(info.and_then(|info| info.gpu_count)),
        "cpuCount" | "cpuCountLogical" => leaf(info.and_then(|info| info.cpu_count)),
        "os" => leaf("Linux-6.8.0-x86_64-with-glibc2.39"),
        "python" => leaf("3.12.4"),
        "program" => leaf("train.py"),
        other => Err(Failure::unknown(format!("RunInfo.{other}"))),
    }
}

/// A number of seconds or hours, whole where it is; as text on servers that write it so.
pub fn duration<'a>(told: &Told, number: f64) -> Outcome<'a> {
    let whole = (number.fract() == 0.0).then_some(number as i64);
    let value = whole.map_or(Value::from(number), Value::from);
    if told.manner.durations_as_text { leaf(value.to_string()) } else { leaf(value) }
}
