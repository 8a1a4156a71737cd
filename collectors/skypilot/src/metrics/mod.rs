//! Records to gauges: pure functions, time is an argument, and the order of the records never matters.

pub(crate) mod clusters;
mod job;
pub(crate) mod jobs;
mod resources;

/// Sample values of the unit tests.
#[cfg(test)]
pub(crate) mod sample {
    use collector::Batch;
    use jiff::Timestamp;
    use serde_json::Value;
    use serde_json::json;

    use crate::records::Task;

    pub const HOUR: f64 = 3600.0;
    pub const DAY: f64 = 24.0 * HOUR;

    pub fn now() -> Timestamp {
        "2026-03-10T12:00:00Z".parse().unwrap()
    }

    /// So many seconds before [`now`], as the server writes times.
    pub fn ago(seconds: f64) -> f64 {
        now().as_second() as f64 - seconds
    }

    /// A row as a newer server tells it, with changes of `with` laid over it: a running job of one node with one L4.
    pub fn task(with: Value) -> Task {
        serde_json::from_value(row(with)).unwrap()
    }

    /// [`task`] as JSON.
    pub fn row(with: Value) -> Value {
        let mut record = json!({
            "job_id": 1, "task_id": 0, "status": "RUNNING", "job_duration": 60.0, "recovery_count": 0,
            "resources": "1x[L4:1]", "cluster_resources": "-", "region": "us-east-1", "zone": "us-east-1a",
            "user_hash": "ann", "submitted_at": ago(2.0 * HOUR), "start_at": ago(HOUR), "end_at": null,
        });
        for (key, value) in with.as_object().unwrap() {
            record[key] = value.clone();
        }
        record
    }

    /// The value of a metric; none when the batch says that it is absent.
    #[track_caller]
    pub fn value(batch: &Batch, name: &str) -> Option<f64> {
        let found = batch.gauges().iter().find(|gauge| gauge.def().name == name).map(|gauge| gauge.value());
        let absent = batch.absences().iter().any(|absence| absence.def.name == name);
        assert!(found.is_some() != absent, "{name} is neither or both: {:?}", batch.warnings());
        found
    }
}
