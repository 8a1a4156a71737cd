//! What a pod requests, as the scheduler counts it.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de;

use super::GPU;
use super::or_default;
use crate::quantity::Quantity;

/// What a pod requests of the resources that are computed with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// Cores.
    pub(crate) cpu: Quantity,
    /// Bytes.
    pub(crate) memory: Quantity,
    /// Whole GPUs (`nvidia.com/gpu`).
    pub(crate) gpus: Quantity,
}

impl Request {
    fn each(self, other: Request, merge: impl Fn(Quantity, Quantity) -> Quantity) -> Request {
        Request {
            cpu: merge(self.cpu, other.cpu),
            memory: merge(self.memory, other.memory),
            gpus: merge(self.gpus, other.gpus),
        }
    }

    fn plus(self, other: Request) -> Request {
        self.each(other, Quantity::plus)
    }

    fn or_more(self, other: Request) -> Request {
        self.each(other, Ord::max)
    }
}

/// `spec` of a pod, as far as it says what is requested.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) node_name: Box<str>,
    #[serde(default, deserialize_with = "or_default")]
    containers: Vec<Container>,
    #[serde(default, deserialize_with = "or_default")]
    init_containers: Vec<Container>,
    #[serde(default, deserialize_with = "or_default")]
    overhead: Resources,
    /// Of the pod as a whole (Kubernetes 1.32 and later).
    #[serde(default, deserialize_with = "or_default")]
    resources: Requirements,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    #[serde(default, deserialize_with = "or_default")]
    resources: Requirements,
    /// Always makes a sidecar of an init container.
    #[serde(default, deserialize_with = "or_default")]
    restart_policy: String,
}

#[derive(Debug, Default, Deserialize)]
struct Requirements {
    #[serde(default, deserialize_with = "or_default")]
    requests: Resources,
    #[serde(default, deserialize_with = "or_default")]
    limits: Resources,
}

impl Requirements {
    /// Where there is a limit and no request the API server has the limit requested.
    fn request(&self) -> Request {
        let of = |name| self.requests.get(name).or(self.limits.get(name)).unwrap_or_default();
        Request { cpu: of("cpu"), memory: of("memory"), gpus: of(GPU) }
    }
}

impl Spec {
    /// The greater of two things, and the overhead: what its containers and sidecars request together, and what it takes to
    /// start its neediest init container, which runs beside the sidecars that were started before it. What the pod
    /// requests as a whole stands in the place of that.
    pub(super) fn request(&self) -> Request {
        let containers = self.containers.iter().map(|one| one.resources.request());
        let containers = containers.fold(Request::default(), Request::plus);
        let (mut sidecars, mut start) = (Request::default(), Request::default());
        for init in &self.init_containers {
            let own = init.resources.request();
            if init.restart_policy == "Always" {
                sidecars = sidecars.plus(own);
                start = start.or_more(sidecars);
            } else {
                start = start.or_more(sidecars.plus(own));
            }
        }
        let mut request = containers.plus(sidecars).or_more(start);
        // Devices cannot be requested by a pod as a whole.
        let whole = &self.resources.requests;
        request.cpu = whole.get("cpu").unwrap_or(request.cpu);
        request.memory = whole.get("memory").unwrap_or(request.memory);
        let of = |name| self.overhead.get(name).unwrap_or_default();
        request.plus(Request { cpu: of("cpu"), memory: of("memory"), gpus: of(GPU) })
    }
}

/// A map of resources, of which only those that are computed with are kept.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Resources {
    cpu: Option<Quantity>,
    memory: Option<Quantity>,
    gpus: Option<Quantity>,
}

impl Resources {
    pub(super) fn get(&self, name: &str) -> Option<Quantity> {
        match name {
            "cpu" => self.cpu,
            "memory" => self.memory,
            GPU => self.gpus,
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Resources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Resources, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Resources;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("quantities by resource")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Resources, A::Error> {
                let mut resources = Resources::default();
                while let Some(name) = map.next_key::<std::borrow::Cow<'_, str>>()? {
                    match &*name {
                        "cpu" => resources.cpu = Some(map.next_value()?),
                        "memory" => resources.memory = Some(map.next_value()?),
                        GPU => resources.gpus = Some(map.next_value()?),
                        _ => drop(map.next_value::<de::IgnoredAny>()?),
                    }
                }
                Ok(resources)
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}
