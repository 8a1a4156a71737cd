//! Idle instances, by CloudWatch.

use std::collections::BTreeMap;

use collector::Reason;

use super::whole::cloud;
use crate::testing::*;

/// Instances that have run for so many hours.
fn running(count: u32) -> Cloud {
    Cloud {
        instances: (0..count).map(|n| instance(n, "m5.large", "running", 2, "")).collect(),
        cpu: (0..count).map(|n| (id(n), vec![1.0])).collect(),
        ..Cloud::empty()
    }
}

#[tokio::test]
async fn five_hundred_instances_are_one_call() {
    for (instances, calls) in [(500, 1), (501, 2)] {
        let server = running(instances).serve().await;
        let batch = collected(&server, |_| ()).await.unwrap();
        assert_eq!(value(&batch, "ec2.instances.idle"), Some(f64::from(instances)));
        assert_eq!(server.seen().iter().filter(|seen| seen.path.ends_with("/GetMetricData")).count(), calls);
    }
}

#[tokio::test]
async fn a_result_over_several_pages_is_one_mean() {
    let odd = |asked: &Asked| {
        let first = asked.before == 0;
        let results = match first {
            // 0 and 0, then 30: a mean of 10, though the first page alone looks idle.
            true => vec![result("i0", "PartialData", &[0.0, 0.0]), result("i1", "Complete", &[1.0])],
            false => vec![result("i0", "Complete", &[30.0])],
        };
        (asked.action == "monitoring:GetMetricData").then(|| metric_data(results, first.then_some("more")))
    };
    let batch = collected(&running(2).with(odd).serve().await, |_| ()).await.unwrap();
    assert_eq!(value(&batch, "ec2.instances.idle"), Some(1.0));
}

#[tokio::test]
async fn a_result_that_is_not_whole_fails_the_group() {
    for (status, reason) in [
        ("PartialData", Reason::BadReply),
        ("InternalError", Reason::Unreachable),
        ("Forbidden", Reason::Forbidden),
        ("missing", Reason::BadReply),
    ] {
        let odd = move |asked: &Asked| {
            let mut results = vec![result("i0", "Complete", &[1.0])];
            if status != "missing" {
                results.push(result("i1", status, &[1.0]));
            }
            (asked.action == "monitoring:GetMetricData").then(|| metric_data(results, None))
        };
        let batch = collected(&running(2).with(odd).serve().await, |_| ()).await.unwrap();
        assert_eq!(failed_in(&batch, HOME), [("idle", reason)].into(), "{status}");
        accounts_for_all(&batch, HOME);
    }
}

#[tokio::test]
async fn what_has_no_datapoint_is_told_and_not_idle() {
    let mut cloud = running(3);
    cloud.cpu.insert(id(1), Vec::new());
    let batch = collected(&cloud.serve().await, |_| ()).await.unwrap();
    assert_eq!(value(&batch, "ec2.instances.idle"), Some(2.0));
    assert!(
        batch.warnings().iter().any(|warning| warning.contains("of 1 running instances")),
        "{:?}",
        batch.warnings()
    );
}

#[tokio::test]
async fn without_any_datapoint_there_is_no_point_and_no_failure() {
    let batch = collected(&Cloud { cpu: BTreeMap::new(), ..running(3) }.serve().await, |_| ()).await.unwrap();
    assert_eq!(failed_in(&batch, HOME), BTreeMap::new());
    assert_eq!(value(&batch, "ec2.instances.idle"), None);
    accounts_for_all(&batch, HOME);
}

#[tokio::test]
async fn switched_off_it_is_absent_and_cloudwatch_is_not_asked() {
    let server = cloud().serve().await;
    let batch = collected(&server, |config| config.idle = false).await.unwrap();
    assert_eq!((value(&batch, "ec2.instances.idle"), failed_in(&batch, HOME)), (None, BTreeMap::new()));
    accounts_for_all(&batch, HOME);
    assert!(server.seen().iter().all(|seen| !seen.path.ends_with("/GetMetricData")));
}

#[tokio::test]
async fn the_limit_is_that_of_the_configuration() {
    let batch = collected(&cloud().serve().await, |config| config.idle_cpu_pct = 50.0).await.unwrap();
    assert_eq!(value(&batch, "ec2.instances.idle"), Some(2.0));
}
