//! Typed records of the server: the queue of managed jobs, whole or not at all, and the clusters.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use collector::Failure;
use collector::Reason;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;

use crate::client::Client;
use crate::client::Trouble;
use crate::records::Cluster;
use crate::records::Health;
use crate::records::QueuePage;
use crate::records::Task;

/// The first version of the API with `/jobs/queue/v2`.
const QUEUE_V2: u32 = 22;
/// What is computed with. Every server that knows `fields` knows these; one that does not sends whole rows.
const FIELDS: &[&str] = &[
    "job_id",
    "task_id",
    "status",
    "job_duration",
    "recovery_count",
    "resources",
    "cluster_resources",
    "accelerators",
    "current_cluster_name",
    "region",
    "zone",
    "user_hash",
    "submitted_at",
    "start_at",
    "end_at",
];
/// Jobs of a page, on a server that does not tell all at once.
const PAGE: usize = 500;
/// Pages at most: 100,000 jobs.
const MAX_PAGES: usize = 200;
/// Readings of a queue that do not add up.
const MAX_READINGS: u32 = 3;
const WHAT: &str = "the queue of managed jobs";

/// What the server knows of managed jobs.
#[derive(Debug)]
pub(crate) enum Queue {
    /// All tasks of all jobs of all users.
    Jobs(Vec<Task>),
    /// The jobs controller is not up: no job is in progress, and the history is not known.
    ControllerDown,
}

/// Reads all managed jobs, the history included.
pub(crate) async fn queue(client: &Client, server: &Health) -> Result<Queue, Failure> {
    match known(rows(client, server).await)? {
        Some(tasks) => one_row_a_task(tasks).map(Queue::Jobs),
        None => Ok(Queue::ControllerDown),
    }
}

/// How many tasks the server knows, asked in the cheapest way that it has; none when the jobs controller is not up.
pub(crate) async fn count(client: &Client, server: &Health) -> Result<Option<u64>, Failure> {
    let old = async || rows_v1(client).await.map(|rows| rows.len() as u64);
    let counted = match has_queue_v2(server) {
        false => old().await,
        true => match page(client, &["job_id", "task_id", "status"], json!({"page": 1, "limit": 1})).await {
            Err(Trouble::Missing(_)) => old().await,
            page => page.map(|page| page.counted().or(page.total).unwrap_or(page.jobs.len() as u64)),
        },
    };
    known(counted)
}

/// None when the jobs controller is not up.
fn known<T>(read: Result<T, Trouble>) -> Result<Option<T>, Failure> {
    match read {
        Ok(read) => Ok(Some(read)),
        // The same error type also says that the controller cannot be reached, or was not set up rightly: then nothing is
        // known. These words alone say that it is down.
        Err(Trouble::Operation(error, failure)) if error.kind == "ClusterNotUpError" => {
            match error.message.to_lowercase().contains("no in-progress managed jobs") {
                true => Ok(None),
                false => Err(failure.with_cure("Look at the jobs controller: the API server cannot ask it")),
            }
        }
        Err(trouble) => Err(trouble.failure()),
    }
}

/// Reads the clusters of all users.
pub(crate) async fn clusters(client: &Client) -> Result<Vec<Cluster>, Failure> {
    let what = "the clusters";
    // By default the server sends SSH keys along.
    let body = json!({
        "all_users": true, "refresh": "NONE",
        "include_credentials": false, "include_handle": false, "summary_response": true,
    });
    let text = client.run("/status", body, what).await.map_err(Trouble::failure)?;
    let mut clusters: Vec<Cluster> = read(&text, what)?;
    let bad = |why| Err(Failure::new(Reason::BadReply, format!("read {what}"), why));
    if clusters.iter().any(|cluster| cluster.status.is_none()) {
        return bad("a cluster has no status");
    }
    clusters.sort_by(|one, other| one.name.cmp(&other.name));
    let same = |one: &Cluster, other: &Cluster| one.name.is_some() && one.name == other.name;
    if clusters.windows(2).any(|pair| same(&pair[0], &pair[1]) && pair[0] != pair[1]) {
        return bad("a cluster is told twice, and differently");
    }
    clusters.dedup_by(|one, other| same(one, other));
    Ok(clusters)
}

/// All rows, by the newest way that the server has.
async fn rows(client: &Client, server: &Health) -> Result<Vec<Task>, Trouble> {
    if !has_queue_v2(server) {
        return rows_v1(client).await;
    }
    let mut before = None;
    for _ in 0..MAX_READINGS {
        let page = match page(client, FIELDS, json!({})).await {
            Err(Trouble::Missing(_)) => return rows_v1(client).await,
            // A server that cannot put a job into the new rows still lists it in the old ones: 0.11.0 has room for whole
            // GPUs only. Where that fails too, the first error tells more.
            Err(Trouble::Operation(error, failure)) if error.kind == "ValidationError" => {
                return rows_v1(client).await.map_err(|_| Trouble::Operation(error, failure));
            }
            page => page?,
        };
        if is_whole(&page) {
            return Ok(page.jobs);
        }
        // Jobs that come and go between the server's counting and its listing are gone in a second reading; a server
        // that does not tell everything at once stops at the same place again.
        if before == Some(page.jobs.len()) {
            return rows_by_page(client).await;
        }
        before = Some(page.jobs.len());
    }
    Err(Trouble::Failed(not_whole()))
}

/// Page by page, until one brings nothing new.
async fn rows_by_page(client: &Client) -> Result<Vec<Task>, Trouble> {
    let mut tasks = BTreeMap::new();
    for number in 1..=MAX_PAGES {
        let mut page = page(client, FIELDS, json!({"page": number, "limit": PAGE})).await?;
        let before = tasks.len();
        tasks.extend(std::mem::take(&mut page.jobs).into_iter().map(|task| ((task.job_id, task.task_id), task)));
        if tasks.len() == before {
            page.jobs = tasks.into_values().collect();
            return if is_whole(&page) { Ok(page.jobs) } else { Err(Trouble::Failed(not_whole())) };
        }
    }
    Err(Trouble::Failed(not_whole()))
}

fn has_queue_v2(server: &Health) -> bool {
    server.api_version.is_none_or(|version| version >= QUEUE_V2)
}

async fn page(client: &Client, fields: &[&str], with: Value) -> Result<QueuePage, Trouble> {
    let mut body = json!({"refresh": false, "skip_finished": false, "all_users": true, "fields": fields});
    for (key, value) in with.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let text = client.run("/jobs/queue/v2", body, WHAT).await?;
    if text.trim_ascii_start().starts_with('[') {
        let jobs = read(&text, WHAT).map_err(Trouble::Failed)?;
        return Ok(QueuePage { jobs, total: None, status_counts: None });
    }
    read(&text, WHAT).map_err(Trouble::Failed)
}

/// The queue of servers before version 22 of the API: a list of whole rows. It has no pages, and no counts to be held
/// against; a list that is cut is no JSON.
async fn rows_v1(client: &Client) -> Result<Vec<Task>, Trouble> {
    let body = json!({"refresh": false, "skip_finished": false, "all_users": true});
    let text = client.run("/jobs/queue", body, WHAT).await?;
    read(&text, WHAT).map_err(Trouble::Failed)
}

/// Whether a reply has all rows that the server counts; one that comes twice is one. `status_counts` are rows; `total`
/// are rows on some versions, jobs on others, and on the newest trees of jobs that started each other.
fn is_whole(page: &QueuePage) -> bool {
    let named = page.jobs.iter().filter(|task| task.task_id.is_some());
    let named = named.map(|task| (task.job_id, task.task_id)).collect::<BTreeSet<_>>().len();
    let rows = (named + page.jobs.iter().filter(|task| task.task_id.is_none()).count()) as u64;
    let jobs = page.jobs.iter().map(|task| task.job_id).collect::<BTreeSet<_>>().len() as u64;
    match (page.counted(), page.total) {
        (Some(counted), total) => counted == rows && total.is_none_or(|total| total <= rows),
        (None, Some(total)) => total == rows || total == jobs,
        (None, None) => true,
    }
}

fn not_whole() -> Failure {
    let why = "the rows of the reply are not as many as the server counts, also when read again";
    Failure::new(Reason::BadReply, format!("read {WHAT}"), why)
}

/// A row without a job cannot be counted, and tasks without a number have no order, which a job's status goes by. The
/// same row twice is one; two that contradict each other say nothing.
fn one_row_a_task(mut tasks: Vec<Task>) -> Result<Vec<Task>, Failure> {
    let bad = |why: String| Failure::new(Reason::BadReply, format!("read {WHAT}"), why);
    // What is missing sorts before what is there.
    tasks.sort_by_key(|task| (task.job_id, task.task_id));
    if tasks.first().is_some_and(|task| task.job_id.is_none()) {
        return Err(bad("a row of the reply has no job_id".to_owned()));
    }
    for pair in tasks.windows(2) {
        let [one, next] = pair else { continue };
        let job = one.job_id.filter(|_| one.job_id == next.job_id);
        if let Some(job) = job.filter(|_| one.task_id.is_none()) {
            return Err(bad(format!("a row of job {job}, which has several, has no task_id")));
        }
        // Run times go on from row to row.
        if let Some(job) = job.filter(|_| one.task_id == next.task_id)
            && *next != (Task { job_duration: next.job_duration, ..one.clone() })
        {
            return Err(bad(format!("a task of job {job} is told twice, and differently")));
        }
    }
    tasks.dedup_by_key(|task| (task.job_id, task.task_id));
    Ok(tasks)
}

fn read<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| {
        // Its own words would quote what was sent.
        let why = format!("the result is not what the API promises, at character {}", error.column());
        Failure::new(Reason::BadReply, format!("read {what}"), why)
    })
}
