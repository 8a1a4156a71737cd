//! Rows and the gauges that they come to.

use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use super::super::sample::*;
use super::*;

fn batch(rows: &[Value]) -> Batch {
    let tasks: Vec<Task> = rows.iter().cloned().map(task).collect();
    compute(&tasks, now())
}

#[track_caller]
fn assert_values(batch: &Batch, expected: &[(&str, Option<f64>)]) {
    for (name, expected) in expected {
        assert_eq!(value(batch, &format!("skypilot.{name}")), *expected, "{name}");
    }
}

#[test]
fn every_status_counts_where_it_belongs() {
    let statuses = [
        "PENDING",
        "SUBMITTED",
        "STARTING",
        "RUNNING",
        "RUNNING",
        "RECOVERING",
        "WINDING_DOWN",
        "CANCELLING",
        "CANCELLED",
        "SUCCEEDED",
        "SUCCEEDED",
        "FAILED",
        "FAILED_SETUP",
        "FAILED_PRECHECKS",
        "FAILED_NO_RESOURCE",
        "FAILED_CONTROLLER",
    ];
    let rows: Vec<Value> = statuses
        .iter()
        .enumerate()
        .map(|(id, status)| json!({"job_id": id, "status": status, "user_hash": format!("u{id}"), "end_at": ago(1.0)}))
        .collect();
    let batch = batch(&rows);
    assert_values(
        &batch,
        &[
            ("jobs.queued", Some(3.0)),
            ("jobs.running", Some(3.0)),
            ("jobs.recovering", Some(1.0)),
            ("jobs.failed", Some(5.0)),
            ("jobs.succeeded", Some(2.0)),
            ("jobs.cancelled", Some(2.0)),
            // The first eight have not ended.
            ("users.active_count", Some(8.0)),
        ],
    );
    assert!(batch.warnings().is_empty());
}

#[test]
fn an_unknown_status_is_told_and_counts_as_not_ended() {
    let batch = batch(&[
        json!({"job_id": 1, "status": "HIBERNATING", "user_hash": "ann"}),
        json!({"job_id": 2, "status": "HIBERNATING", "user_hash": "bob"}),
        json!({"job_id": 3, "status": null, "user_hash": null}),
    ]);
    assert_values(
        &batch,
        &[
            ("jobs.running", Some(0.0)),
            ("jobs.queued", Some(0.0)),
            ("jobs.failed", Some(0.0)),
            ("jobs.succeeded", Some(0.0)),
            ("users.active_count", Some(2.0)),
        ],
    );
    let [warning] = batch.warnings() else { panic!("{:?}", batch.warnings()) };
    assert!(warning.contains("2 \"HIBERNATING\"") && warning.contains("1 \"(none)\""), "{warning}");
}

#[test]
fn a_pipeline_is_one_job() {
    let batch = batch(&[
        json!({"job_id": 1, "task_id": 0, "status": "SUCCEEDED", "job_duration": 3000.0, "recovery_count": 1,
               "resources": "8x[H100:8]", "region": "us-west-2"}),
        json!({"job_id": 1, "task_id": 1, "status": "RUNNING", "job_duration": 900.0, "recovery_count": 2,
               "resources": "2x[L4:4][Spot]", "region": "us-east-1"}),
        json!({"job_id": 1, "task_id": 2, "status": "PENDING", "job_duration": 0.0, "resources": "1x[A10G:1]",
               "region": "-"}),
    ]);
    assert_values(
        &batch,
        &[
            ("jobs.running", Some(1.0)),
            ("jobs.queued", Some(0.0)),
            ("jobs.succeeded", Some(0.0)),
            ("jobs.runtime_seconds.max", Some(3900.0)),
            ("jobs.runtime_buckets.1_4h", Some(1.0)),
            ("jobs.with_recoveries", Some(1.0)),
            ("jobs.recovery_count.max", Some(3.0)),
            ("resources.gpus.total_count", Some(8.0)),
            ("resources.gpus.l4_count", Some(8.0)),
            ("resources.gpus.h100_count", Some(0.0)),
            ("resources.spot_jobs", Some(1.0)),
            ("resources.ondemand_jobs", Some(0.0)),
            ("regions.us_east_1", Some(1.0)),
            ("regions.us_west_2", Some(0.0)),
        ],
    );
}

#[test]
fn run_times_have_edges_and_percentiles_by_hand() {
    let durations = [0.0, HOUR - 1.0, HOUR, 4.0 * HOUR - 1.0, 4.0 * HOUR, DAY - 1.0, DAY, 14.0 * DAY];
    let mut rows: Vec<Value> =
        durations.iter().enumerate().map(|(id, seconds)| json!({"job_id": id, "job_duration": seconds})).collect();
    rows.push(json!({"job_id": 100, "job_duration": null}));
    rows.push(json!({"job_id": 101, "status": "SUCCEEDED", "job_duration": 1e9}));
    let batch = batch(&rows);
    assert_values(
        &batch,
        &[
            ("jobs.running", Some(9.0)),
            ("jobs.runtime_buckets.0_1h", Some(2.0)),
            ("jobs.runtime_buckets.1_4h", Some(2.0)),
            ("jobs.runtime_buckets.4_24h", Some(2.0)),
            ("jobs.runtime_buckets.over_24h", Some(2.0)),
            ("jobs.runtime_seconds.min", Some(0.0)),
            ("jobs.runtime_seconds.max", Some(14.0 * DAY)),
            ("jobs.runtime_seconds.avg", Some(durations.iter().sum::<f64>() / 8.0)),
            ("jobs.runtime_seconds.p50", Some((4.0 * HOUR - 1.0 + 4.0 * HOUR) / 2.0)),
        ],
    );
    assert!(batch.warnings().is_empty());
}

#[test]
fn gpus_are_summed_by_the_whole_name() {
    let rows: Vec<Value> = [
        "4x[L4:1]",
        "2x[H100:8][Spot]",
        "1x[H100-80GB:4]",
        "1x[H200:8]",
        "1x[L40S:2]",
        "3x[A10G:1]",
        "1x[A10:1]",
        "1x[L4:0.5]",
        "1x[tpu-v5litepod-8:1]",
        "16x[Trainium:16]",
        "1x[CPU:4+]",
    ]
    .iter()
    .enumerate()
    .map(|(id, resources)| json!({"job_id": id, "resources": resources}))
    .collect();
    assert_values(
        &batch(&rows),
        &[
            ("resources.gpus.l4_count", Some(4.5)),
            ("resources.gpus.h100_count", Some(20.0)),
            ("resources.gpus.a10g_count", Some(3.0)),
            ("resources.gpus.total_count", Some(4.5 + 20.0 + 8.0 + 2.0 + 3.0 + 1.0)),
            ("resources.spot_jobs", Some(1.0)),
            ("resources.ondemand_jobs", Some(10.0)),
        ],
    );
}

#[test]
fn jobs_that_share_a_machine_hold_its_gpus_once() {
    // Two jobs on one worker of a pool, of which the server tells each the whole worker; one on another worker.
    let on = |id: i64, worker: &str, cluster: &str| {
        json!({"job_id": id, "resources": "1x[H100:1]", "current_cluster_name": worker, "accelerators": {"H100": 8},
               "cluster_resources": cluster})
    };
    let rows = [
        on(1, "pool-1", "2x(gpus=H100:8, p5.48xlarge, ...)"),
        on(2, "pool-1", "2x(gpus=H100:8, p5.48xlarge, ...)"),
        on(3, "pool-2", "1x(gpus=H100:8, p5.48xlarge, ...)"),
    ];
    let shared = batch(&rows);
    let gpus = [("resources.gpus.h100_count", Some(24.0)), ("resources.gpus.total_count", Some(24.0))];
    assert_values(&shared, &gpus);
    assert_values(&shared, &[("jobs.running", Some(3.0)), ("resources.ondemand_jobs", Some(3.0))]);
    // Where the machine is not known any more, each is said to hold what it asked for.
    let gone = json!({"current_cluster_name": "pool-1", "resources": "1x[H100:1]"});
    let mut other = gone.clone();
    other["job_id"] = json!(2);
    assert_values(&batch(&[gone, other]), &[("resources.gpus.h100_count", Some(2.0))]);
}

#[test]
fn a_job_that_was_submitted_after_now_is_not_there_yet() {
    let later = |id: i64, status: &str| json!({"job_id": id, "status": status, "submitted_at": ago(-10.0), "start_at": ago(-20.0), "user_hash": "bob"});
    let batch = batch(&[
        later(1, "RUNNING"),
        later(2, "STARTING"),
        later(3, "RECOVERING"),
        // What was there before and went on after now is as the server says; one that waits has no time.
        json!({"job_id": 4, "submitted_at": ago(10.0), "start_at": ago(-10.0)}),
        json!({"job_id": 5, "status": "PENDING", "submitted_at": null, "start_at": null}),
        json!({"job_id": 6, "task_id": 0, "status": "SUCCEEDED"}),
        json!({"job_id": 6, "task_id": 1, "submitted_at": ago(-10.0), "start_at": ago(-20.0)}),
    ]);
    assert_values(
        &batch,
        &[
            ("jobs.queued", Some(1.0)),
            ("jobs.running", Some(2.0)),
            ("jobs.recovering", Some(0.0)),
            ("resources.gpus.l4_count", Some(2.0)),
            ("regions.us_east_1", Some(2.0)),
            ("users.active_count", Some(1.0)),
        ],
    );
}

#[test]
fn what_is_not_known_of_a_running_job_is_not_sent() {
    let unknown = batch(&[json!({}), json!({"job_id": 2, "resources": "-"})]);
    assert_values(
        &unknown,
        &[
            ("jobs.running", Some(2.0)),
            ("resources.gpus.l4_count", None),
            ("resources.gpus.total_count", None),
            ("resources.spot_jobs", None),
            ("resources.ondemand_jobs", None),
        ],
    );
    assert_eq!(unknown.warnings().len(), 2);
    // Of one that does not run, it does not matter.
    let queued = batch(&[json!({}), json!({"job_id": 2, "resources": "-", "status": "PENDING"})]);
    assert_values(&queued, &[("resources.gpus.l4_count", Some(1.0)), ("resources.spot_jobs", Some(0.0))]);
    assert!(queued.warnings().is_empty());
}

#[test]
fn regions_count_with_their_zones() {
    let regions = [
        "us-east-1",
        "us-east-1a",
        "US-EAST-1",
        "us-east-10",
        "us-west-2",
        " us-west-2-lax-1a ",
        "-",
        "eastus",
        "us-east-1-prod-eks",
    ];
    let rows: Vec<Value> = regions
        .iter()
        .enumerate()
        .map(|(id, region)| json!({"job_id": id, "region": region, "zone": "-"}))
        .chain([json!({"job_id": 90, "region": "-", "zone": "us-west-2c"})])
        .chain([json!({"job_id": 91, "region": null, "zone": null})])
        .chain([json!({"job_id": 92, "status": "SUCCEEDED"})])
        .collect();
    assert_values(
        &batch(&rows),
        &[("regions.us_east_1", Some(3.0)), ("regions.us_west_2", Some(3.0)), ("regions.other", Some(3.0))],
    );
}

#[test]
fn a_running_job_whose_region_is_not_told_is_told_of() {
    let batch = batch(&[
        json!({"job_id": 1}),
        json!({"job_id": 2, "region": "-", "zone": "-"}),
        json!({"job_id": 3, "region": null, "zone": null}),
        json!({"job_id": 4, "region": "-", "zone": "-", "status": "PENDING"}),
    ]);
    assert_values(&batch, &[("regions.us_east_1", Some(1.0)), ("regions.other", Some(0.0))]);
    let [warning] = batch.warnings() else { panic!("{:?}", batch.warnings()) };
    assert!(warning.contains("region of 2 running jobs"), "{warning}");
    // A server that tells no regions at all has no gauges of them, which says it.
    let mut bare = row(json!({}));
    for key in ["region", "zone"] {
        bare.as_object_mut().unwrap().remove(key);
    }
    let bare: Task = serde_json::from_value(bare).unwrap();
    let batch = compute(&[bare], now());
    assert_values(&batch, &[("regions.other", None)]);
    assert!(batch.warnings().is_empty(), "{:?}", batch.warnings());
}

#[test]
fn recoveries_that_are_not_told_are_no_zero() {
    let names = ["jobs.with_recoveries", "jobs.recovery_count.avg", "jobs.recovery_count.max"];
    for unknown in [json!(null), json!(-1), json!(1.5), json!(1e30)] {
        let batch = batch(&[json!({"recovery_count": 2}), json!({"job_id": 2, "recovery_count": unknown})]);
        assert_values(&batch, &names.map(|name| (name, None)));
        let [warning] = batch.warnings() else { panic!("{:?}", batch.warnings()) };
        assert!(warning.contains("recoveries of 1 running jobs"), "{warning}");
    }
    // What does not run, or has not begun, has nothing to tell.
    let batch = batch(&[
        json!({"recovery_count": 2}),
        json!({"task_id": 1, "status": "PENDING", "recovery_count": null}),
        json!({"job_id": 2, "status": "FAILED", "recovery_count": null, "end_at": ago(1.0)}),
    ]);
    assert_values(&batch, &[(names[0], Some(1.0)), (names[1], Some(2.0)), (names[2], Some(2.0))]);
    assert!(batch.warnings().is_empty(), "{:?}", batch.warnings());
}

#[test]
fn a_failed_job_without_an_end_is_told_of() {
    let failed = |id: i64, end: Value| json!({"job_id": id, "status": "FAILED", "end_at": end});
    let batch =
        batch(&[failed(1, json!(null)), failed(2, json!(0.0)), failed(3, json!(ago(1.0))), failed(4, json!(1e300))]);
    assert_values(&batch, &[("jobs.failed", Some(4.0)), ("jobs.failed_7d", Some(1.0))]);
    let [warning] = batch.warnings() else { panic!("{:?}", batch.warnings()) };
    assert!(warning.contains("when 3 failed managed jobs ended"), "{warning}");
}

#[test]
fn a_clock_far_ahead_is_told_of() {
    let ended = |seconds: f64| json!({"status": "FAILED", "end_at": ago(seconds)});
    let batch_of = |seconds| batch(&[ended(seconds)]);
    assert_values(&batch_of(-3600.0), &[("jobs.failed_7d", Some(0.0))]);
    let ahead = batch_of(-3600.0);
    let [warning] = ahead.warnings() else { panic!("{:?}", ahead.warnings()) };
    assert!(warning.contains("3600 s ahead"), "{warning}");
    // What ended between the beginning of the run and the server's reply.
    assert!(batch_of(-30.0).warnings().is_empty());
}

#[test]
fn impossible_run_times_and_waits_are_left_out() {
    let odd = batch(&[
        json!({"job_id": 1, "job_duration": 1e300, "start_at": ago(HOUR), "submitted_at": 0.0}),
        json!({"job_id": 2, "job_duration": 30.0}),
    ]);
    let expected = [("jobs.runtime_seconds.max", Some(30.0)), ("jobs.queue_wait_seconds.p90", Some(HOUR))];
    assert_values(&odd, &expected);
    assert!(odd.warnings().iter().any(|warning| warning.contains("run times that cannot be")), "{:?}", odd.warnings());
    let none = batch(&[json!({"job_duration": null})]);
    assert_values(&none, &[("jobs.running", Some(1.0)), ("jobs.runtime_seconds.max", None)]);
    let [warning] = none.warnings() else { panic!("{:?}", none.warnings()) };
    assert!(warning.contains("run time of no running job"), "{warning}");
}

#[test]
fn an_unknown_status_behind_the_current_task_is_told_too() {
    let batch = batch(&[json!({"task_id": 0}), json!({"task_id": 1, "status": "HIBERNATING"})]);
    assert_values(&batch, &[("jobs.running", Some(1.0))]);
    let [warning] = batch.warnings() else { panic!("{:?}", batch.warnings()) };
    assert!(warning.contains("1 \"HIBERNATING\""), "{warning}");
}

#[test]
fn users_are_told_apart_and_nobody_is_no_user() {
    let batch = batch(&[
        json!({"job_id": 1, "user_hash": "ann"}),
        json!({"job_id": 2, "user_hash": "ann", "status": "PENDING"}),
        json!({"job_id": 3, "user_hash": "bob", "status": "CANCELLING"}),
        json!({"job_id": 4, "user_hash": "cid", "status": "SUCCEEDED"}),
        json!({"job_id": 5, "user_hash": null}),
        json!({"job_id": 6, "user_hash": ""}),
        json!({"job_id": 7, "task_id": 0, "user_hash": ""}),
        json!({"job_id": 7, "task_id": 1, "user_hash": "dan"}),
    ]);
    assert_values(&batch, &[("users.active_count", Some(3.0))]);
}

#[test]
fn windows_are_open_at_their_start_and_nothing_after_now_is_in_one() {
    let ended = |id: i64, seconds: f64| json!({"job_id": id, "status": "FAILED", "end_at": ago(seconds)});
    let rows = [
        ended(1, 0.0),
        ended(2, 7.0 * DAY - 1.0),
        ended(3, 7.0 * DAY),
        ended(4, -1.0),
        json!({"job_id": 5, "status": "FAILED", "end_at": null}),
        json!({"job_id": 6, "task_id": 0, "status": "FAILED", "end_at": ago(8.0 * DAY)}),
        json!({"job_id": 6, "task_id": 1, "status": "CANCELLED", "end_at": ago(1.0 * DAY)}),
        json!({"job_id": 7, "status": "SUCCEEDED", "end_at": ago(1.0)}),
    ];
    assert_values(&batch(&rows), &[("jobs.failed", Some(6.0)), ("jobs.failed_7d", Some(3.0))]);
}

#[test]
fn queue_waits_are_those_of_first_tasks_that_started_in_a_day() {
    let wait = |id: i64, task: i64, start: f64, wait: f64| json!({"job_id": id, "task_id": task, "start_at": ago(start), "submitted_at": ago(start + wait)});
    let rows = [
        wait(1, 0, HOUR, 10.0),
        wait(1, 1, HOUR, 9999.0),
        wait(2, 0, DAY - 1.0, 20.0),
        wait(3, 0, DAY, 9999.0),
        wait(4, 0, -1.0, 9999.0),
        json!({"job_id": 5, "start_at": ago(HOUR), "submitted_at": null}),
        json!({"job_id": 6, "start_at": null}),
    ];
    assert_values(&batch(&rows), &[("jobs.queue_wait_seconds.p90", Some(19.0))]);
    assert_values(&batch(&[json!({"start_at": null})]), &[("jobs.queue_wait_seconds.p90", None)]);
}

#[test]
fn clocks_that_disagree_lead_to_no_negative_times() {
    let batch = batch(&[
        json!({"job_id": 1, "job_duration": -30.0, "start_at": ago(HOUR), "submitted_at": ago(HOUR - 60.0)}),
        json!({"job_id": 2, "job_duration": 30.0}),
    ]);
    assert_values(
        &batch,
        &[
            ("jobs.running", Some(2.0)),
            ("jobs.runtime_seconds.min", Some(30.0)),
            ("jobs.runtime_buckets.0_1h", Some(1.0)),
            ("jobs.queue_wait_seconds.p90", Some(HOUR)),
        ],
    );
    assert_eq!(batch.warnings().len(), 2);
}

fn any_row() -> impl Strategy<Value = Value> {
    let status =
        prop::sample::select(vec!["PENDING", "RUNNING", "RECOVERING", "SUCCEEDED", "FAILED", "CANCELLED", "NEW"]);
    let resources = prop::sample::select(vec!["4x[L4:1]", "2x[H100:8][Spot]", "1x[A10G:0.5]", "1x[CPU:1+]"]);
    let region = prop::sample::select(vec!["us-east-1", "us-west-2b", "europe-west4", "-"]);
    (0..6_i64, 0..3_i64, status, resources, region, -1e6..1e6f64, 0..3_i64).prop_map(
        |(job, task, status, resources, region, time, recoveries)| {
            json!({"job_id": job, "task_id": task, "status": status, "resources": resources, "region": region,
                   "job_duration": time.abs(), "recovery_count": recoveries, "end_at": ago(time), "start_at": ago(time)})
        },
    )
}

/// Rows with one row a task.
fn any_rows() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(any_row(), 0..20).prop_map(|rows| {
        let mut seen = BTreeSet::new();
        rows.into_iter().filter(|row| seen.insert((row["job_id"].as_i64(), row["task_id"].as_i64()))).collect()
    })
}

proptest! {
    #[test]
    fn the_order_of_the_rows_does_not_matter(rows in any_rows(), by in 0..20_usize) {
        let mut turned = rows.clone();
        turned.rotate_left(by.min(rows.len()));
        turned.reverse();
        let values = |rows: &[Value]| -> Vec<(&str, f64)> {
            batch(rows).gauges().iter().map(|gauge| (gauge.def().name, gauge.value())).collect()
        };
        prop_assert_eq!(values(&rows), values(&turned));
    }

    #[test]
    fn running_jobs_are_divided_without_rest(rows in any_rows()) {
        let batch = batch(&rows);
        let of = |name: &str| value(&batch, &format!("skypilot.{name}")).unwrap();
        let running = of("jobs.running");
        let buckets = ["0_1h", "1_4h", "4_24h", "over_24h"].map(|name| of(&format!("jobs.runtime_buckets.{name}")));
        prop_assert_eq!(buckets.iter().sum::<f64>(), running);
        prop_assert_eq!(of("resources.spot_jobs") + of("resources.ondemand_jobs"), running);
        prop_assert!(of("jobs.recovering") <= running && of("jobs.with_recoveries") <= running);
        prop_assert!(of("jobs.failed_7d") <= of("jobs.failed"));
        let named = ["l4", "a10g", "h100"].map(|name| of(&format!("resources.gpus.{name}_count")));
        prop_assert!(named.iter().sum::<f64>() <= of("resources.gpus.total_count") + 1e-9);
        let jobs: BTreeSet<_> = rows.iter().map(|row| row["job_id"].as_i64()).collect();
        let counted = ["queued", "running", "failed", "succeeded", "cancelled"].map(|name| of(&format!("jobs.{name}")));
        prop_assert!(counted.iter().sum::<f64>() <= jobs.len() as f64);
    }
}
