//! What a pod requests: "max(sum of containers and sidecars, largest ordinary init container) + overhead, as the
//! scheduler counts it".

use crate::organisation::kubernetes::Amounts;
use crate::organisation::kubernetes::Pod;

/// Of one resource; none where nothing of the pod says anything of it. The scheduler adds to an ordinary init container
/// the sidecars that are begun before it: they run beside it.
pub fn of(pod: &Pod, resource: impl Fn(&Amounts) -> Option<u64>) -> Option<u64> {
    let (mut sidecars, mut largest) = (None, None);
    for container in &pod.init {
        let own = resource(&container.requests);
        if container.is_sidecar {
            sidecars = plus(sidecars, own);
        } else {
            largest = largest.max(plus(sidecars, own));
        }
    }
    let own = pod.containers.iter().map(|container| resource(&container.requests)).fold(sidecars, plus);
    plus(own.max(largest), resource(&pod.overhead))
}

/// What is not said adds nothing.
fn plus(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one + other),
        _ => one.or(other),
    }
}
