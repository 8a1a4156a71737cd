//! Pods: their phases, what keeps them from running, their restarts.

use collector::Batch;
use collector::Tags;
use collector::Window;
use jiff::Timestamp;

use super::was_there;
use crate::catalog;
use crate::records::Container;
use crate::records::Phase;
use crate::records::Pod;
use crate::records::Waiting;

/// Gauges of these pods.
pub(crate) fn compute(pods: &[Pod], now: Timestamp, tags: &Tags) -> Batch {
    let pods: Vec<&Pod> = pods.iter().filter(|pod| was_there(pod.created, now)).collect();
    let week = Window::days(now, 7);
    let count = |is: &dyn Fn(&Pod) -> bool| pods.iter().filter(|pod| is(pod)).count() as f64;
    let in_phase = |phase| count(&|pod| pod.phase == phase);
    let with = |is: &dyn Fn(&Container) -> bool| count(&|pod| pod.containers.iter().any(is));
    let containers = || pods.iter().flat_map(|pod| &pod.containers);
    let mut batch = Batch::new();
    for (def, value) in [
        (&catalog::PODS_TOTAL, pods.len() as f64),
        (&catalog::PODS_RUNNING, in_phase(Phase::Running)),
        (&catalog::PODS_PENDING, in_phase(Phase::Pending)),
        (&catalog::PODS_FAILED, in_phase(Phase::Failed)),
        (&catalog::PODS_UNSCHEDULABLE, count(&|pod| pod.phase == Phase::Pending && pod.unschedulable)),
        (&catalog::PODS_CRASH_LOOPING, with(&|one| one.waiting == Waiting::CrashLoop)),
        (&catalog::PODS_IMAGE_PULL_ERRORS, with(&|one| one.waiting == Waiting::Image)),
        (&catalog::PODS_HIGH_RESTARTS, with(&|one| one.restarts > catalog::MANY_RESTARTS)),
        (&catalog::RESTARTS_TOTAL, containers().map(|one| one.restarts).sum::<u64>() as f64),
        (&catalog::RESTARTS_7D, pods.iter().map(|pod| restarts_in(week, pod)).sum::<u64>() as f64),
        (&catalog::OOM_KILLED_7D, containers().filter(|one| oom_killed_in(week, one)).count() as f64),
    ] {
        batch.gauge(def, value, tags);
    }
    batch
}

/// The restarts of a pod that are known to lie in the window, which ends at the run's instant.
fn restarts_in(window: Window, pod: &Pod) -> u64 {
    let started = pod.started.or(pod.created);
    if started.is_some_and(|started| window.contains(started)) {
        return pod.containers.iter().map(|one| one.restarts).sum();
    }
    if started.is_some_and(|started| started > window.end()) {
        return 0;
    }
    // What ended without having been restarted before, such as an init container, is no restart.
    let restarted = |one: &&Container| one.restarts > 0 && one.last_ended.is_some_and(|at| window.contains(at));
    pod.containers.iter().filter(restarted).count() as u64
}

fn oom_killed_in(window: Window, container: &Container) -> bool {
    container.oom_killed.iter().flatten().any(|at| window.contains(*at))
}

#[cfg(test)]
#[path = "pods_tests.rs"]
mod tests;
