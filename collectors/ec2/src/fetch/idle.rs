//! Mean CPU utilization of the last hour, from CloudWatch.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::Dimension;
use aws_sdk_cloudwatch::types::Metric;
use aws_sdk_cloudwatch::types::MetricDataQuery;
use aws_sdk_cloudwatch::types::MetricDataResult;
use aws_sdk_cloudwatch::types::MetricStat;
use aws_sdk_cloudwatch::types::ScanBy;
use aws_sdk_cloudwatch::types::StatusCode;
use collector::Failure;
use collector::Reason;
use jiff::SignedDuration;
use jiff::Timestamp;

use crate::client::Ask;
use crate::client::Client;
use crate::client::Tokens;
use crate::fetch::bad_reply;
use crate::fetch::date;
use crate::store::Store;

/// Queries that CloudWatch takes in one call; each is billed.
const QUERIES: usize = 500;
/// Seconds. Without detailed monitoring an instance has one datapoint in 5 minutes.
const PERIOD: i32 = 300;
/// Datapoints that CloudWatch gives on a page at most. 500 instances have 6,000 in an hour.
const DATAPOINTS: i32 = 100_800;

/// The mean of each instance in percent: from the store where it was asked for less than an hour ago, else from
/// CloudWatch. None = CloudWatch has no datapoint.
pub(crate) async fn cpu_means(
    client: &Client,
    store: &Store,
    account: &str,
    region: &str,
    ids: &[&str],
    now: Timestamp,
) -> Result<BTreeMap<String, Option<f64>>, Failure> {
    let mut means = store.cpu(account, region, ids);
    let missing: Vec<&str> = ids.iter().copied().filter(|id| !means.contains_key(*id)).collect();
    for ids in missing.chunks(QUERIES) {
        let asked = ask(client, region, ids, now).await?;
        // At once: what has been asked for has been billed, whatever becomes of the rest.
        store.keep_cpu(account, region, &asked);
        means.extend(asked);
    }
    Ok(means)
}

/// One call for up to [`QUERIES`] instances, and its further pages.
pub(crate) async fn ask(
    client: &Client,
    region: &str,
    ids: &[&str],
    now: Timestamp,
) -> Result<BTreeMap<String, Option<f64>>, Failure> {
    let ask = Ask::new(format!("read the CPU utilization in {region}"), "cloudwatch:GetMetricData", region);
    let cloudwatch = client.cloudwatch(region);
    let queries: Vec<MetricDataQuery> = ids.iter().enumerate().map(|(i, id)| query(i, id)).collect();
    let start = now.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MIN);
    let (mut sums, mut tokens) = (vec![Sum::default(); ids.len()], Tokens::default());
    loop {
        let request = cloudwatch.get_metric_data().start_time(date(start)).end_time(date(now));
        let request = request.scan_by(ScanBy::TimestampDescending).max_datapoints(DATAPOINTS);
        let request = request.set_metric_data_queries(Some(queries.clone())).set_next_token(tokens.next());
        let page = client.ask(&ask, request.send()).await.map_err(or_switch_it_off)?;
        for result in page.metric_data_results() {
            let number = result.id().and_then(|id| id.strip_prefix('i')?.parse::<usize>().ok());
            let Some(sum) = number.and_then(|number| sums.get_mut(number)) else { continue };
            sum.add(result, &ask)?;
        }
        if !tokens.advance(page.next_token(), &ask)? {
            break;
        }
    }
    if sums.iter().any(|sum| !sum.complete) {
        return Err(bad_reply(&ask, "CloudWatch gave no whole result for some instances"));
    }
    let mean = |sum: &Sum| (sum.count > 0.0).then(|| sum.total / sum.count);
    Ok(ids.iter().zip(&sums).map(|(id, sum)| ((*id).to_owned(), mean(sum))).collect())
}

#[derive(Debug, Clone, Default)]
struct Sum {
    total: f64,
    count: f64,
    /// Whether CloudWatch said that there is no more.
    complete: bool,
}

impl Sum {
    /// Adds one page of a result.
    fn add(&mut self, result: &MetricDataResult, ask: &Ask<'_>) -> Result<(), Failure> {
        let failed = |reason, why| Err(Failure::new(reason, ask.doing.as_str(), why));
        match result.status_code() {
            Some(StatusCode::Complete) => self.complete = true,
            // More of it is on the next page.
            Some(StatusCode::PartialData) => (),
            Some(StatusCode::Forbidden) => {
                let why = "CloudWatch answered Forbidden for an instance";
                return failed(Reason::Forbidden, why).map_err(|failure: Failure| {
                    or_switch_it_off(failure.with_cure(format!("Allow {} on the resource *", ask.action)))
                });
            }
            Some(StatusCode::InternalError) => {
                return failed(Reason::Unreachable, "CloudWatch answered InternalError for an instance");
            }
            // None or an unknown one: nothing says that this is the whole.
            _ => (),
        }
        for value in result.values().iter().filter(|value| value.is_finite()) {
            self.total += value;
            self.count += 1.0;
        }
        Ok(())
    }
}

fn query(number: usize, id: &str) -> MetricDataQuery {
    let dimension = Dimension::builder().name("InstanceId").value(id).build();
    let metric = Metric::builder().namespace("AWS/EC2").metric_name("CPUUtilization").dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(PERIOD).stat("Average").build();
    MetricDataQuery::builder().id(format!("i{number}")).metric_stat(stat).return_data(true).build()
}

fn or_switch_it_off(failure: Failure) -> Failure {
    if !failure.cure.starts_with("Allow ") {
        return failure;
    }
    let cure = format!("{}. Or do without ec2.instances.idle (ec2.idle: false)", failure.cure);
    failure.with_cure(cure)
}
