//! The section kubernetes.

mod requests;
#[cfg(test)]
mod tests;
mod usage;

use super::Expected;
use super::count;
use super::in_days;
use super::share;
use crate::organisation::Organisation;
use crate::organisation::kubernetes::Condition;
use crate::organisation::kubernetes::Deployment;
use crate::organisation::kubernetes::Kubernetes;
use crate::organisation::kubernetes::Pod;
use crate::organisation::kubernetes::State;
use crate::organisation::kubernetes::Status;
use crate::organisation::kubernetes::Terminated;
use jiff::Timestamp;

/// What the configuration may change about the definitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The tag.
    pub cluster: String,
    /// The namespaces that count; none for all.
    pub namespaces: Option<Vec<String>>,
}

impl Settings {
    /// Those that the simulator's variables make, and the defaults of all others.
    pub fn of(organisation: &Organisation) -> Settings {
        Settings { cluster: organisation.kubernetes.name.clone(), namespaces: None }
    }
}

type Gauges = Vec<(&'static str, Option<f64>)>;

/// Every gauge of the cluster.
pub fn gauges(organisation: &Organisation, settings: &Settings) -> Vec<Expected> {
    let cluster = &organisation.kubernetes;
    let inside = |namespace: &String| settings.namespaces.as_ref().is_none_or(|names| names.contains(namespace));
    let pods: Vec<&Pod> = cluster.pods.iter().filter(|pod| inside(&pod.namespace)).collect();
    let deployments: Vec<&Deployment> = cluster.deployments.iter().filter(|one| inside(&one.namespace)).collect();
    let mut gauges = of_pods(&pods);
    gauges.extend(restarts(&pods, organisation.now));
    gauges.extend(of_deployments(&deployments));
    gauges.extend(of_nodes(cluster));
    gauges.extend(usage::gauges(&pods, cluster.has_metrics));
    // With a part of the namespaces, the GPUs that the others' pods have are not known.
    let all = settings.namespaces.is_none();
    gauges.push(("k8s.resources.gpu_allocation_efficiency_pct", gpus(cluster).filter(|_| all)));
    let tags = vec![("cluster", settings.cluster.clone())];
    gauges.into_iter().map(|(metric, value)| Expected { metric, tags: tags.clone(), value }).collect()
}

fn of_pods(pods: &[&Pod]) -> Gauges {
    let with = |fits: &dyn Fn(&Pod) -> bool| count(pods.iter().filter(|pod| fits(pod)).count());
    let waits = |reasons: &'static [&'static str]| {
        with(&|pod| statuses(pod).any(|status| matches!(status.state, State::Waiting(why) if reasons.contains(&why))))
    };
    vec![
        ("k8s.pods.total", count(pods.len())),
        ("k8s.pods.running", with(&|pod| pod.phase == "Running")),
        ("k8s.pods.pending", with(&|pod| pod.phase == "Pending")),
        ("k8s.pods.failed", with(&|pod| pod.phase == "Failed")),
        ("k8s.pods.unschedulable", with(&|pod| pod.phase == "Pending" && pod.unscheduled == Some("Unschedulable"))),
        ("k8s.pods.crash_looping", waits(&["CrashLoopBackOff"])),
        ("k8s.pods.image_pull_errors", waits(&["ErrImagePull", "ImagePullBackOff", "InvalidImageName"])),
        ("k8s.pods.high_restarts", with(&|pod| statuses(pod).any(|status| status.restarts > 5))),
    ]
}

/// What is said of its containers and init containers.
fn statuses(pod: &Pod) -> impl Iterator<Item = &Status> {
    pod.all_containers().filter_map(|container| container.status.as_ref())
}

fn restarts(pods: &[&Pod], now: Timestamp) -> Gauges {
    let recent = |end: &Terminated| end.finished.is_some_and(|at| in_days(now, at, 7));
    let (mut total, mut week, mut oom) = (0, 0, 0);
    for pod in pods {
        // "the whole restartCount of pods started in 7d; of older pods 1 for each container whose last termination
        // ended in 7d"
        let is_young = pod.started.is_some_and(|at| in_days(now, at, 7));
        for status in statuses(pod) {
            total += status.restarts;
            week += match &status.last {
                _ if is_young => status.restarts,
                Some(last) if recent(last) => 1,
                _ => 0,
            };
            // "last or current terminated state": a container counts once.
            let current = match &status.state {
                State::Terminated(end) => Some(end),
                _ => None,
            };
            let killed = |end: &Terminated| end.reason == "OOMKilled" && recent(end);
            oom += u32::from(status.last.iter().chain(current).any(killed));
        }
    }
    vec![
        ("k8s.restarts_total", Some(f64::from(total))),
        ("k8s.restarts_7d", Some(f64::from(week))),
        ("k8s.oomkilled_7d", Some(f64::from(oom))),
    ]
}

fn of_deployments(deployments: &[&Deployment]) -> Gauges {
    let available = deployments.iter().filter(|one| one.available == Some(Condition::True)).count();
    let zero = deployments.iter().filter(|one| one.replicas == Some(0)).count();
    vec![
        ("k8s.deployments.total", count(deployments.len())),
        ("k8s.deployments.available", count(available)),
        ("k8s.deployments.unavailable", count(deployments.len() - available)),
        ("k8s.deployments.zero_replicas", count(zero)),
    ]
}

fn of_nodes(cluster: &Kubernetes) -> Gauges {
    let ready = cluster.nodes.iter().filter(|node| node.ready == Some(Condition::True)).count();
    vec![("k8s.nodes.ready", count(ready)), ("k8s.nodes.not_ready", count(cluster.nodes.len() - ready))]
}

/// "requested by scheduled, unfinished pods / allocatable on Ready nodes"
fn gpus(cluster: &Kubernetes) -> Option<f64> {
    let ready = cluster.nodes.iter().filter(|node| node.ready == Some(Condition::True));
    let allocatable: u64 = ready.map(|node| node.allocatable_gpus).sum();
    let scheduled = cluster.pods.iter().filter(|pod| pod.node.is_some() && !pod.has_ended());
    let requested: u64 = scheduled.map(|pod| requests::of(pod, |amounts| amounts.gpus).unwrap_or(0)).sum();
    share(requested as usize, allocatable as usize)
}
