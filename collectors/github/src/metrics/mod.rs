//! Records to gauges: pure functions, time is an argument, and the order of the records never matters.

pub(crate) mod branches;
pub(crate) mod ci;
pub(crate) mod commits;
pub(crate) mod delivery;
pub(crate) mod pulls;

use jiff::Timestamp;

/// Hours from one instant to another; negative when they are the other way round.
pub(crate) fn hours(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 3600.0
}

/// Minutes from one instant to another; negative when they are the other way round.
pub(crate) fn minutes(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 60.0
}

/// Sample values of the unit tests.
#[cfg(test)]
pub(crate) mod sample {
    use collector::Batch;
    use collector::Tags;
    use jiff::SignedDuration;
    use jiff::Timestamp;
    use serde_json::Value;
    use serde_json::json;

    pub fn now() -> Timestamp {
        "2026-03-10T12:00:00Z".parse().unwrap()
    }

    pub fn ago(seconds: i64) -> Timestamp {
        now() - SignedDuration::from_secs(seconds)
    }

    /// [`ago`], as GitHub writes it.
    pub fn when(seconds: i64) -> String {
        ago(seconds).to_string()
    }

    pub const HOUR: i64 = 3600;
    pub const DAY: i64 = 24 * HOUR;

    pub fn tags() -> Tags {
        Tags::new().with("org", "acme").with("repo", "acme/widgets")
    }

    pub fn user(login: &str) -> Value {
        json!({"__typename": "User", "login": login})
    }

    pub fn bot(login: &str) -> Value {
        json!({"__typename": "Bot", "login": login})
    }

    /// The value of a metric; none when the batch says that it is absent.
    pub fn value(batch: &Batch, name: &str) -> Option<f64> {
        let found = batch.gauges().iter().find(|gauge| gauge.def().name == name).map(|gauge| gauge.value());
        let absent = batch.absences().iter().any(|absence| absence.def.name == name);
        assert!(found.is_some() != absent, "{name} is neither or both: {:?}", batch.warnings());
        found
    }

    /// A pull request merged an hour ago, a day old, with changes of `with` laid over it.
    pub fn pull(with: Value) -> crate::records::ClosedPull {
        let mut record = json!({
            "id": "PR_1", "number": 1, "createdAt": when(DAY), "updatedAt": when(HOUR), "mergedAt": when(HOUR),
            "closedAt": when(HOUR), "additions": 10, "deletions": 5, "totalCommentsCount": 0, "author": user("ann"),
            "mergeCommit": {"oid": "m1"}, "firstCommit": {"nodes": []}, "reviews": {"nodes": []},
            "reviewThreads": {"nodes": []}, "ready": {"nodes": []},
        });
        lay(&mut record, with);
        serde_json::from_value(paged(record)).unwrap()
    }

    /// A commit of an hour ago by ann.
    pub fn commit(with: Value) -> crate::records::Commit {
        let mut record = json!({
            "oid": "c1", "message": "Add a cog", "committedDate": when(HOUR), "additions": 3, "deletions": 1,
            "changedFilesIfAvailable": 1, "parents": {"nodes": [{"id": "C_c0", "oid": "c0"}]},
            "author": {"name": "Ann", "email": "ann@example.com", "user": user("ann")},
            "associatedPullRequests": {"nodes": []},
        });
        lay(&mut record, with);
        serde_json::from_value(paged(record)).unwrap()
    }

    /// `record` with all of each connection in its one page.
    pub fn paged(mut record: Value) -> Value {
        if let Some(nodes) = record.get("nodes").and_then(Value::as_array).map(Vec::len) {
            record["pageInfo"] = json!({"hasNextPage": false, "endCursor": null});
            record["totalCount"] = json!(nodes);
        }
        match &mut record {
            Value::Object(fields) => fields.values_mut().for_each(|value| *value = paged(value.take())),
            Value::Array(items) => items.iter_mut().for_each(|value| *value = paged(value.take())),
            _ => (),
        }
        record
    }

    fn lay(record: &mut Value, with: Value) {
        for (key, value) in with.as_object().unwrap() {
            record[key] = value.clone();
        }
    }
}
