//! Reading back what earlier runs have sent: the history of the health scores.
//!
//! One request asks for many metrics: a scalar query has a column for each, and a row for each combination of the tags
//! that all of them are grouped by. A metric without one of these tags has `N/A` there, which tells its rows apart.

use std::collections::BTreeSet;
use std::time::Duration;

use collector::Context;
use collector::Failure;
use collector::Finding;
use collector::Reason;
use collector::Tags;
use collector::transport::Ask;
use collector::transport::Pace;
use collector::transport::Reply;
use collector::transport::Transport;
use collector::transport::Verdict;
use health_fom::Boxed;
use health_fom::History;
use health_fom::metrics::Fold;
use health_fom::metrics::Metric;
use health_fom::metrics::Sample;
use reqwest::RequestBuilder;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::series;
use crate::telemetry;

/// How this server is called in messages.
const DATADOG: &str = "Datadog";
/// What holds its address.
const SETTING: &str = "datadog.site (DD_SITE) or datadog.url (DD_URL)";
/// The pace of reading. A query over a few hours takes below a second; an answer of 1,000 repositories about 1 MiB.
const PACE: Pace =
    Pace { first_wait: Duration::from_secs(1), per_try: Duration::from_secs(30), in_flight: 2, max_body: 64 << 20 };
/// Most metrics in one request. No limit is documented; the built-in scores have fewer.
const MOST: usize = 100;
/// The value of a tag that a series does not have.
const NOT_THERE: &str = "N/A";

/// Where and how to read.
#[derive(Debug, Clone)]
pub struct ReaderSettings {
    /// `https://api.{site}`, or an override, without a slash at the end.
    pub base_url: String,
    /// The API key.
    pub api_key: SecretString,
    /// The application key, which may read (scope `timeseries_query`).
    pub app_key: SecretString,
    /// Tags that this run's points carry, `key:value`: only series with the same are read.
    pub common_tags: Vec<String>,
    /// The means are of so much time before the run's instant.
    pub lookback: Duration,
}

/// Reads from Datadog.
#[derive(Debug)]
pub struct Reader {
    settings: ReaderSettings,
    lookback: String,
}

/// A history that cannot be read, since a key could not.
#[derive(Debug)]
pub struct Locked(pub Failure);

#[derive(Deserialize)]
struct Answer {
    data: Option<Data>,
    errors: Option<Value>,
}

#[derive(Deserialize)]
struct Data {
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    columns: Vec<Column>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Column {
    Group { name: String, values: Vec<Vec<String>> },
    Number { name: String, values: Vec<Option<f64>> },
}

impl Reader {
    /// A reader.
    pub fn new(settings: ReaderSettings) -> Self {
        let lookback = words(settings.lookback);
        Reader { settings, lookback }
    }

    async fn samples(&self, metrics: &[Metric], context: &Context) -> Result<Vec<Sample>, Failure> {
        let transport = Transport::new(context, PACE, SETTING);
        transport.secrets().keep(self.settings.api_key.expose_secret());
        transport.secrets().keep(self.settings.app_key.expose_secret());
        let mut samples = Vec::new();
        for metrics in metrics.chunks(MOST) {
            let count = metrics.len();
            let ask = Ask {
                doing: format!("read {count} metrics of the last {} from Datadog", self.lookback),
                asking: format!("{count} metrics of the last {}", self.lookback),
            };
            let keys: BTreeSet<&'static str> = metrics.iter().flat_map(|metric| metric.def.tags).copied().collect();
            let body = self.body(metrics, &keys, context.now().as_second());
            let build = |http: &reqwest::Client| self.request(http, &body);
            let read = |reply: &Reply| read(reply, &ask, metrics);
            samples.extend(transport.send(&ask, &build, &read).await?);
        }
        Ok(samples)
    }

    fn request(&self, http: &reqwest::Client, body: &Value) -> RequestBuilder {
        http.post(format!("{}/api/v2/query/scalar", self.settings.base_url))
            .header("DD-API-KEY", self.settings.api_key.expose_secret())
            .header("DD-APPLICATION-KEY", self.settings.app_key.expose_secret())
            .json(body)
    }

    /// The window is (now - lookback, now], in whole seconds: the vendor's begins with `from` and ends before `to`.
    fn body(&self, metrics: &[Metric], keys: &BTreeSet<&'static str>, now: i64) -> Value {
        let lookback = i64::try_from(self.settings.lookback.as_secs()).unwrap_or_default();
        let by = keys.iter().copied().collect::<Vec<_>>().join(",");
        let by = if by.is_empty() { String::new() } else { format!(" by {{{by}}}") };
        let queries = metrics.iter().enumerate().map(|(at, metric)| {
            let query = format!("avg:{}{{{}}}{by}", series::kept_name(metric.def.name), self.scope(metric.source));
            json!({"data_source": "metrics", "name": column(at), "query": query, "aggregator": "avg"})
        });
        let formulas = (0..metrics.len()).map(|at| json!({"formula": column(at)}));
        json!({"data": {"type": "scalar_request", "attributes": {
            "from": (now - lookback + 1) * 1000,
            "to": (now + 1) * 1000,
            "queries": queries.collect::<Vec<_>>(),
            "formulas": formulas.collect::<Vec<_>>(),
        }}})
    }

    /// Of the same environment and service alone; a run without one reads only what was sent without one. Versions change
    /// between runs.
    fn scope(&self, source: &str) -> String {
        let mut scope = Vec::new();
        for key in ["env", "service"] {
            let own = self.settings.common_tags.iter().find_map(|tag| tag.strip_prefix(key)?.strip_prefix(':'));
            scope.push(match own {
                Some(value) => format!("{key}:{}", series::kept_value(key, value)),
                None => format!("!{key}:*"),
            });
        }
        scope.push(format!("source:{source}"));
        scope.join(",")
    }
}

impl History for Reader {
    fn read<'a>(&'a self, metrics: &'a [Metric], context: &'a Context) -> Boxed<'a, Result<Vec<Sample>, Failure>> {
        Box::pin(self.samples(metrics, context))
    }

    fn check<'a>(&'a self, context: &'a Context) -> Boxed<'a, Finding> {
        Box::pin(async {
            let own = [Metric { source: telemetry::NAME, def: &telemetry::RUN_DURATION }];
            let read = self.samples(&own, context).await;
            let good = |found: Vec<Sample>| match found.is_empty() {
                true => format!("accepted; no run of the last {} has sent anything here", self.lookback),
                false => format!("accepted; runs of the last {} can be read", self.lookback),
            };
            Finding { what: "application key".to_owned(), outcome: read.map(good) }
        })
    }

    fn fold(&self) -> Fold {
        series::kept_value
    }

    fn lookback(&self) -> &str {
        &self.lookback
    }
}

impl History for Locked {
    fn read<'a>(&'a self, _metrics: &'a [Metric], _context: &'a Context) -> Boxed<'a, Result<Vec<Sample>, Failure>> {
        Box::pin(async { Err(self.0.clone()) })
    }

    fn check<'a>(&'a self, _context: &'a Context) -> Boxed<'a, Finding> {
        Box::pin(async { Finding { what: "application key".to_owned(), outcome: Err(self.0.clone()) } })
    }

    fn fold(&self) -> Fold {
        series::kept_value
    }

    fn lookback(&self) -> &str {
        ""
    }
}

/// The name of a query and of its column.
fn column(at: usize) -> String {
    format!("q{at}")
}

/// `4h`, `90s`.
pub fn words(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

fn read(reply: &Reply, ask: &Ask, metrics: &[Metric]) -> Result<Vec<Sample>, Verdict> {
    let failed = |reason, why: String| Failure::new(reason, ask.doing.as_str(), why);
    if !reply.status.is_success() {
        return Err(refused(reply, ask));
    }
    let answer: Answer = reply.json(ask, DATADOG)?;
    let data = match (answer.data, answer.errors) {
        (Some(data), None | Some(Value::Null)) => data,
        (_, errors) => {
            let said = errors.map_or_else(|| "neither data nor errors".to_owned(), |errors| errors.to_string());
            let why = format!("Datadog answered 200 with {}", reply.clip(&said));
            return Err(Verdict::Failed(failed(Reason::BadReply, why)));
        }
    };
    table(data.attributes.columns, metrics).map_err(|why| {
        let failure = failed(Reason::BadReply, format!("the answer is not what the API promises: {why}"));
        Verdict::Failed(failure.with_cure("Report this as a defect, if no proxy answers in Datadog's place"))
    })
}

/// The samples of an answer's columns.
fn table(columns: Vec<Column>, metrics: &[Metric]) -> Result<Vec<Sample>, String> {
    let mut groups = Vec::new();
    let mut numbers = Vec::new();
    for column in columns {
        match column {
            Column::Group { name, values } => groups.push((name, values)),
            Column::Number { name, values } => numbers.push((name, values)),
        }
    }
    let mut samples = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, values) in numbers {
        // By its name: a query without data may have no column.
        let metric = name.strip_prefix('q').and_then(|at| metrics.get(at.parse::<usize>().ok()?));
        let metric = metric.ok_or_else(|| format!("there is a column {name:?}, which was not asked for"))?;
        if !seen.insert(name.clone()) {
            return Err(format!("there are two columns {name:?}"));
        }
        let mut rows = BTreeSet::new();
        for (row, value) in values.into_iter().enumerate() {
            let Some(value) = value.filter(|value| value.is_finite()) else { continue };
            let Some(tags) = tags(metric, &groups, row)? else { continue };
            if !metric.def.bounds.contains(value) {
                return Err(format!("{value} is no value of {}", metric.def.name));
            }
            if !rows.insert(tags.to_string()) {
                return Err(format!("{} of {tags} is told twice", metric.def.name));
            }
            samples.push(Sample { metric: metric.def.name, tags, value });
        }
    }
    Ok(samples)
}

/// The tags of a row, if they are exactly those of the metric.
fn tags(metric: &Metric, groups: &[(String, Vec<Vec<String>>)], row: usize) -> Result<Option<Tags>, String> {
    let mut tags = Tags::new();
    for (key, values) in groups {
        let values = values.get(row).ok_or_else(|| format!("the column {key:?} is shorter than others"))?;
        let there = values.iter().any(|value| value != NOT_THERE);
        if there != metric.def.tags.contains(&key.as_str()) {
            return Ok(None);
        }
    }
    for key in metric.def.tags {
        let column = groups.iter().find(|(name, _)| name == key);
        let values = column.and_then(|(_, values)| values.get(row)).map(Vec::as_slice);
        match values {
            Some([value]) => tags = tags.with(key, value.as_str()),
            // A series of ours has each tag once.
            Some(_) => return Ok(None),
            None => return Err(format!("there is no column {key:?}")),
        }
    }
    Ok(Some(tags))
}

/// The verdict on an answer that is not good.
fn refused(reply: &Reply, ask: &Ask) -> Verdict {
    let said: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let said = said.as_ref().and_then(|body| body["errors"][0].as_str());
    let said = reply.clip(said.unwrap_or_default());
    match reply.temporary(ask, DATADOG, &said) {
        Some(Verdict::Again { failure, wait }) => {
            // Datadog tells the wait in a header of its own, in seconds.
            let reset = reply.header("x-ratelimit-reset").and_then(|text| text.trim().parse().ok());
            return Verdict::Again { failure, wait: wait.or(reset.map(Duration::from_secs)) };
        }
        Some(verdict) => return verdict,
        None => {}
    }
    let (reason, cure) = match reply.status.as_u16() {
        401 | 403 => (
            Reason::Unauthorized,
            "Check DD_APP_KEY and DD_API_KEY: both belong to the organisation of DD_SITE, and the application key needs \
             the scope timeseries_query",
        ),
        404 | 405 => (Reason::NotFound, "There is no such address: check DD_SITE and DD_URL"),
        300..=399 => (Reason::BadReply, "A redirect is not followed: check DD_URL and DD_SITE"),
        400 => (Reason::BadReply, "Report this as a defect, with the words of Datadog"),
        _ => (Reason::Other, ""),
    };
    let why = format!("{DATADOG} answered {} {said}", reply.status.as_u16());
    Verdict::Failed(Failure::new(reason, ask.doing.as_str(), why.trim_end()).with_cure(cure))
}
