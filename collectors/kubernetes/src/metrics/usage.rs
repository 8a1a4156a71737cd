//! How much of what running pods request they use.

use std::collections::HashMap;

use collector::Batch;
use collector::Failure;
use collector::MetricDef;
use collector::Reason;
use collector::Tags;
use jiff::SignedDuration;
use jiff::Timestamp;

use super::was_there;
use crate::catalog;
use crate::catalog::group;
use crate::quantity::Quantity;
use crate::records::Key;
use crate::records::Phase;
use crate::records::Pod;
use crate::records::PodUsage;
use crate::records::Used;

/// A measurement that is older says nothing of now. metrics-server measures every 15 to 60 s and forgets what it cannot
/// renew; an adapter of another source may lag by some minutes.
const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);

/// Less than a thousandth of a core.
const IDLE_CPU: Quantity = Quantity::billionths(1_000_000);
/// Less than 10 MiB.
const IDLE_MEMORY: Quantity = Quantity::whole(10 << 20);
/// Using less than one in so many of what it requests makes a pod over-allocated.
const OVERALLOCATED: i128 = 5;
const GIB: f64 = (1 << 30) as f64;

/// A running pod, and what it uses.
struct Measured<'a> {
    pod: &'a Pod,
    used: Used,
}

impl Measured<'_> {
    fn is_idle(&self) -> bool {
        self.used.cpu < IDLE_CPU && self.used.memory < IDLE_MEMORY
    }

    fn is_overallocated(&self) -> bool {
        let request = self.pod.request;
        self.used.cpu.times(OVERALLOCATED) < request.cpu || self.used.memory.times(OVERALLOCATED) < request.memory
    }
}

/// Gauges of these pods and what was measured of them.
pub(crate) fn compute(pods: &[Pod], usage: &[PodUsage], now: Timestamp, tags: &Tags) -> Batch {
    let running = pods.iter().filter(|pod| pod.phase == Phase::Running && was_there(pod.created, now));
    let running: HashMap<&Key, &Pod> = running.map(|pod| (&pod.key, pod)).collect();
    let (mut measured, mut stale, mut newest) = (Vec::new(), 0_usize, None);
    for one in usage {
        let (Some(pod), Some(used)) = (running.get(&one.key), one.used) else { continue };
        // Of a pod of the same name that was there before.
        if pod.started.is_some_and(|started| one.at < started) {
            continue;
        }
        if now.duration_since(one.at) > MAX_AGE {
            stale += 1;
            newest = newest.max(Some(one.at));
        } else {
            measured.push(Measured { pod, used });
        }
    }
    let mut batch = Batch::new();
    match newest {
        Some(newest) if measured.is_empty() => batch.fail(group::USAGE, tags, out_of_date(newest, now)),
        _ if measured.is_empty() && !running.is_empty() => {
            absent(&mut batch, "no running pod has been measured yet", tags)
        }
        _ => gauges(&measured, tags, &mut batch),
    }
    if stale > 0 && !measured.is_empty() {
        let why = format!("more than {} minutes old", MAX_AGE.as_mins());
        batch.warn(format!("the usage of {stale} of {} running pods is {why}; they are left out", running.len()));
    }
    batch
}

/// What is said where the cluster has no API for it.
pub(crate) fn not_served(tags: &Tags) -> Batch {
    let mut batch = Batch::new();
    absent(&mut batch, "the cluster has no metrics.k8s.io API: nothing like metrics-server is installed", tags);
    batch
}

/// Says of each metric of usage why it has no value.
fn absent(batch: &mut Batch, why: &'static str, tags: &Tags) {
    for def in catalog::METRICS.iter().filter(|def| def.group == group::USAGE) {
        batch.absent(def, why, tags);
    }
}

fn gauges(measured: &[Measured<'_>], tags: &Tags, batch: &mut Batch) {
    let count = |is: &dyn Fn(&Measured<'_>) -> bool| measured.iter().filter(|one| is(one)).count() as f64;
    batch.gauge(&catalog::PODS_IDLE, count(&|one| one.is_idle()), tags);
    batch.gauge(&catalog::OVERALLOCATED, count(&|one| one.is_overallocated()), tags);
    let cpu: Vec<_> = measured.iter().map(|one| (one.used.cpu, one.pod.request.cpu)).collect();
    let memory: Vec<_> = measured.iter().map(|one| (one.used.memory, one.pod.request.memory)).collect();
    batch.gauge(&catalog::CPU_WASTE, waste(&cpu).number(), tags);
    batch.gauge(&catalog::MEMORY_WASTE, waste(&memory).number() / GIB, tags);
    let efficiencies: [(&'static MetricDef, _); 2] =
        [(&catalog::CPU_EFFICIENCY, cpu), (&catalog::MEMORY_EFFICIENCY, memory)];
    for (def, pairs) in efficiencies {
        batch.gauge_or_absent(def, efficiency(&pairs), tags);
    }
}

/// What is requested and not used; what one uses beyond its request is no other's.
fn waste(pairs: &[(Quantity, Quantity)]) -> Quantity {
    pairs.iter().map(|(used, requested)| requested.beyond(*used)).fold(Quantity::ZERO, Quantity::plus)
}

/// What is used of what is requested, over those that request any.
fn efficiency(pairs: &[(Quantity, Quantity)]) -> Option<f64> {
    let sums = pairs.iter().filter(|(_, requested)| *requested > Quantity::ZERO);
    let zero = (Quantity::ZERO, Quantity::ZERO);
    let (used, requested) = sums.fold(zero, |sum, one| (sum.0.plus(one.0), sum.1.plus(one.1)));
    used.percent_of(requested)
}

fn out_of_date(newest: Timestamp, now: Timestamp) -> Failure {
    let age = now.duration_since(newest).as_mins();
    let why = format!("the newest measurement of a running pod is of {newest}, {age} minutes before the run");
    Failure::new(Reason::BadReply, "read what pods use from metrics.k8s.io", why)
        .with_cure("Look at metrics-server (kubectl top pods), and compare this machine's clock with the cluster's")
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
