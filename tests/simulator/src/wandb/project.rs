//! Projects and their sweeps.

use super::connection;
use super::connection::Page;
use super::filter;
use super::graph::Object;
use super::graph::Outcome;
use super::graph::Told;
use super::graph::leaf;
use super::graph::object;
use super::run;
use super::run::Shown;
use super::text;
use crate::base64url::to_base64url;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use crate::organisation::wandb::Project;
use crate::organisation::wandb::Sweep;
use serde_json::Value;
use std::rc::Rc;

pub fn resolve<'a>(told: &Told<'a>, project: &'a Project, field: &str, arguments: &Arguments) -> Outcome<'a> {
    let instant = |at| leaf(text::instant(at, told.manner.writes_zone));
    told.state.check(&project.full_name(), &format!("Project.{field}"))?;
    match field {
        "id" => leaf(to_base64url(format!("Project:v1:{}:{}", project.name, project.entity).as_bytes())),
        "internalId" => leaf(to_base64url(format!("ProjectInternalId:{}", number(project)).as_bytes())),
        "name" => leaf(project.name.as_str()),
        "entityName" => leaf(project.entity.as_str()),
        "entity" => object(Object::Entity(&project.entity)),
        "createdAt" => instant(project.created_at),
        "updatedAt" | "lastActive" => {
            let beats = (0..project.len()).filter_map(|at| run::heartbeat(told, project, at));
            instant(beats.max().unwrap_or(project.created_at))
        }
        "readOnly" => leaf(false),
        "rateLimits" => leaf(Value::Null),
        "computeHours" => run::duration(told, project.all().map(|run| run.compute_seconds).sum::<f64>() / 3600.0),
        "totalRuns" => leaf(project.len()),
        "totalSweeps" => leaf(project.sweeps.len()),
        "runCount" => leaf(filter::matching(told, project, arguments)?.len()),
        "runs" => {
            arguments.only("Project.runs", &["filters", "order"])?;
            connection::runs(told, project, arguments)
        }
        "run" => {
            let name = arguments.text("name").unwrap_or_default();
            let found = (0..project.len()).find(|at| project.run(*at).name == name);
            object(found.map(|at| Object::Run(Rc::new(Shown::of(told, project, at)))))
        }
        "sweep" => object(sweep(project, arguments.text("sweepName"))),
        "sweeps" => {
            // Their filters are not documented.
            if arguments.text("filters").is_some_and(|filters| !["", "{}"].contains(&filters)) {
                return Err(Failure::unknown("filters of sweeps"));
            }
            let all = &project.sweeps;
            Page::plain(told, "Sweep", arguments, all.len(), |at| Object::Sweep(project, &all[at]))
        }
        other => Err(Failure::unknown(format!("Project.{other}"))),
    }
}

/// The number by which runs name their project; the vendor's client insists that it is one.
pub fn number(project: &Project) -> u64 {
    project.history.seed % 100_000_000
}

/// The sweep of that name.
pub fn sweep<'a>(project: &'a Project, name: Option<&str>) -> Option<Object<'a>> {
    let found = project.sweeps.iter().find(|s| Some(s.name.as_str()) == name)?;
    Some(Object::Sweep(project, found))
}

pub fn resolve_sweep<'a>(told: &Told<'a>, project: &'a Project, sweep: &'a Sweep, field: &str) -> Outcome<'a> {
    let instant = |at| leaf(text::instant(at, told.manner.writes_zone));
    let mut own = project.runs.iter().filter(|run| run.sweep.as_deref() == Some(&sweep.name));
    match field {
        "id" => leaf(format!("U3dlZXA6{}", sweep.name)),
        "name" => leaf(sweep.name.as_str()),
        "displayName" => leaf(sweep.display_name.clone()),
        "method" => leaf("bayes"),
        "state" => leaf(sweep.state.as_str()),
        "bestLoss" | "runCountExpected" => leaf(Value::Null),
        "createdAt" => instant(sweep.created_at),
        "updatedAt" | "heartbeatAt" => instant(own.filter_map(|r| r.heartbeat_at).max().unwrap_or(sweep.created_at)),
        "runCount" => leaf(own.by_ref().count()),
        other => Err(Failure::unknown(format!("Sweep.{other}"))),
    }
}
