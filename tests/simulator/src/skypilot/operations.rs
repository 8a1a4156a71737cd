//! Operations that were posted, and what became of them.

use serde_json::Value;
use serde_json::json;
use std::collections::HashMap;
use tokio::time::Instant;

/// By id.
#[derive(Debug, Default)]
pub struct Operations {
    known: HashMap<String, Operation>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct Operation {
    pub id: String,
    /// Such as sky.status.
    pub name: &'static str,
    /// The user that it is done for.
    pub user: String,
    /// From when on the result can be had.
    pub done_at: Instant,
    pub outcome: Outcome,
}

/// What an operation comes to.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// JSON as a text.
    Returned(String),
    /// A Python exception.
    Failed { kind: &'static str, message: String },
}

impl Operations {
    /// Keeps one under a new id.
    pub fn keep(&mut self, name: &'static str, user: &str, done_at: Instant, outcome: Outcome) -> String {
        let mut rng = fastrand::Rng::with_seed(self.known.len() as u64);
        let id = format!(
            "{:08x}-{:04x}-4{:03x}-9{:03x}-{:012x}",
            rng.u32(..),
            rng.u16(..),
            rng.u16(..4096),
            rng.u16(..4096),
            rng.u64(..1 << 48)
        );
        let operation = Operation { id: id.clone(), name, user: user.to_owned(), done_at, outcome };
        self.known.insert(id.clone(), operation);
        id
    }

    pub fn find(&self, id: &str) -> Option<Operation> {
        self.known.get(id).cloned()
    }
}

impl Operation {
    pub fn has_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed { .. })
    }

    /// The request as `/api/get` tells it; its own status and results are texts within.
    pub fn payload(&self, now: f64) -> Value {
        let (status, returned, error) = match &self.outcome {
            Outcome::Returned(value) => ("SUCCEEDED", value.clone(), "null".to_owned()),
            Outcome::Failed { kind, message } => {
                let error = json!({ "object": PICKLE, "type": kind, "message": message });
                ("FAILED", "null".to_owned(), error.to_string())
            }
        };
        json!({
            "request_id": self.id,
            "name": self.name,
            "entrypoint": PICKLE,
            "request_body": PICKLE,
            "status": status,
            "created_at": now,
            "user_id": self.user,
            "return_value": returned,
            "error": error,
            "pid": 1234,
            "schedule_type": "short",
            "user_name": null,
            "cluster_name": null,
            "status_msg": null,
            "should_retry": false,
            "finished_at": now + 0.25,
            "file_mounts_blob_id": null,
        })
    }
}

/// What the server sends of Python's own objects, which no client but its own can read.
const PICKLE: &str = "gASVDAAAAAAAAACMCHNpbXVsYXRllC4=";
