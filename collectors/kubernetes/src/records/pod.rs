//! Pods.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;

use super::Condition;
use super::Key;
use super::Keyed;
use super::Meta;
use super::Request;
use super::or_default;
use super::requests::Spec;

/// A pod.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Wire<'_>")]
pub(crate) struct Pod {
    pub(crate) key: Key,
    pub(crate) created: Option<Timestamp>,
    /// When its node took it up.
    pub(crate) started: Option<Timestamp>,
    pub(crate) phase: Phase,
    /// Whether a node was found for it.
    pub(crate) scheduled: bool,
    /// Whether the scheduler says that there is no node for it.
    pub(crate) unschedulable: bool,
    /// Containers and init containers; no ephemeral ones, which somebody attached for a look.
    pub(crate) containers: Box<[Container]>,
    pub(crate) request: Request,
}

/// `status.phase`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Pending,
    Running,
    Succeeded,
    Failed,
    /// Unknown, or a word that Kubernetes does not use today.
    Other,
}

/// What became of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) restarts: u64,
    pub(crate) waiting: Waiting,
    /// When the instance before this one ended.
    pub(crate) last_ended: Option<Timestamp>,
    /// When the instance before this one, and this one, were killed for want of memory.
    pub(crate) oom_killed: [Option<Timestamp>; 2],
}

/// What a container waits for, as far as it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    No,
    /// To be started again after it crashed.
    CrashLoop,
    /// For an image that cannot be pulled.
    Image,
    Else,
}

impl Pod {
    /// Whether it has come to its end.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }
}

impl Keyed for Pod {
    fn key(&self) -> &Key {
        &self.key
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    metadata: Meta,
    #[serde(default, deserialize_with = "or_default")]
    spec: Spec,
    #[serde(default, borrow, deserialize_with = "or_default")]
    status: Status<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    #[serde(default, borrow)]
    phase: Cow<'a, str>,
    #[serde(default)]
    start_time: Option<Timestamp>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    conditions: Vec<Condition<'a>>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    container_statuses: Vec<ContainerStatus<'a>>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    init_container_statuses: Vec<ContainerStatus<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerStatus<'a> {
    /// Kubernetes counts in 31 bits; the sum of more could be too much for a number.
    #[serde(default)]
    restart_count: u32,
    #[serde(default, borrow, deserialize_with = "or_default")]
    state: State<'a>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    last_state: State<'a>,
}

#[derive(Default, Deserialize)]
struct State<'a> {
    #[serde(default, borrow)]
    waiting: Option<Reason<'a>>,
    #[serde(default, borrow)]
    terminated: Option<Terminated<'a>>,
}

#[derive(Deserialize)]
struct Reason<'a> {
    #[serde(default, borrow)]
    reason: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terminated<'a> {
    #[serde(default, borrow)]
    reason: Cow<'a, str>,
    #[serde(default)]
    finished_at: Option<Timestamp>,
}

impl Terminated<'_> {
    /// The exit code 137 alone is no proof of it.
    fn oom_killed(&self) -> Option<Timestamp> {
        self.finished_at.filter(|_| self.reason == "OOMKilled")
    }
}

impl From<Wire<'_>> for Pod {
    fn from(wire: Wire<'_>) -> Pod {
        let Wire { metadata, spec, status } = wire;
        let refused =
            |one: &Condition<'_>| one.kind == "PodScheduled" && one.status == "False" && one.reason == "Unschedulable";
        let statuses = status.container_statuses.iter().chain(&status.init_container_statuses);
        Pod {
            created: metadata.creation_timestamp,
            key: metadata.key(),
            started: status.start_time,
            phase: match &*status.phase {
                "Pending" => Phase::Pending,
                "Running" => Phase::Running,
                "Succeeded" => Phase::Succeeded,
                "Failed" => Phase::Failed,
                _ => Phase::Other,
            },
            scheduled: !spec.node_name.is_empty(),
            unschedulable: status.conditions.iter().any(refused),
            containers: statuses.map(Container::from).collect(),
            request: spec.request(),
        }
    }
}

impl From<&ContainerStatus<'_>> for Container {
    fn from(status: &ContainerStatus<'_>) -> Container {
        let waiting = match status.state.waiting.as_ref().map(|waiting| &*waiting.reason) {
            None => Waiting::No,
            Some("CrashLoopBackOff") => Waiting::CrashLoop,
            Some("ErrImagePull" | "ImagePullBackOff" | "InvalidImageName") => Waiting::Image,
            Some(_) => Waiting::Else,
        };
        let (now, last) = (&status.state.terminated, &status.last_state.terminated);
        Container {
            restarts: u64::from(status.restart_count),
            waiting,
            last_ended: last.as_ref().and_then(|last| last.finished_at),
            oom_killed: [last, now].map(|ended| ended.as_ref().and_then(Terminated::oom_killed)),
        }
    }
}
