//! Pages of runs, from the first to the last that is needed.
//!
//! W&B's cursors are places in the order, counted from the first (`arrayconnection:199`). Whatever comes or goes before a
//! place while pages are read has runs repeated or left out, and so do runs that are equal in the order: its users have
//! seen lists of the right length in which some runs stood twice and others not at all (wandb/wandb#7666).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use collector::Failure;
use collector::Reason;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::client::Client;
use crate::config::Project;
use crate::queries::Query;
use crate::records::Listed;
use crate::records::Page;

/// Pages in a row that bring nothing new, although more are said to follow.
const MAX_BARREN: usize = 5;

/// What is listed.
pub(super) struct Listing<'a> {
    pub client: &'a Client,
    pub query: Query,
    pub project: &'a Project,
    /// JSON as a text, in the manner of MongoDB.
    pub filters: String,
    /// Keys of the summaries, where the document asks for them.
    pub keys: Option<&'a [String]>,
}

/// What the pages held.
#[derive(Debug)]
pub(super) struct Reading<T> {
    /// By id. Of a run that was seen twice, what was seen last.
    pub runs: BTreeMap<String, T>,
    pub pages: usize,
    /// Runs of the filter as of the last page, read or not.
    pub total: u64,
    /// Whether that became fewer from one page to the next.
    pub shrunk: bool,
    /// Whether the server told that no page follows: then these are all runs of the filter.
    pub ended: bool,
    /// Whether a run was on two pages.
    pub repeated: bool,
    /// The newest heartbeat of the first page that had any.
    pub newest: Option<Timestamp>,
}

impl Listing<'_> {
    /// Reads pages until one is `enough`, or there are no more.
    pub async fn read<T: Listed + DeserializeOwned>(
        &self,
        enough: impl Fn(&[T]) -> Result<bool, Failure> + Send,
    ) -> Result<Reading<T>, Failure> {
        let mut reading = Reading {
            runs: BTreeMap::new(),
            pages: 0,
            total: 0,
            shrunk: false,
            ended: false,
            repeated: false,
            newest: None,
        };
        let (mut after, mut cursors, mut barren) = (None, BTreeSet::new(), 0);
        loop {
            let page: Page<T> = self.page(after.as_deref()).await?;
            reading.pages += 1;
            reading.shrunk |= reading.pages > 1 && page.run_count < reading.total;
            reading.total = page.run_count;
            let runs: Vec<T> = page.runs.edges.into_iter().map(|edge| edge.node).collect();
            reading.newest = reading.newest.or_else(|| runs.iter().filter_map(Listed::heartbeat).max());
            let (done, before, listed) = (enough(&runs)?, reading.runs.len(), runs.len());
            reading.runs.extend(runs.into_iter().map(|run| (run.id().to_owned(), run)));
            reading.repeated |= reading.runs.len() < before + listed;
            let next = page.runs.page_info;
            reading.ended = !next.has_next_page;
            if done || !next.has_next_page {
                return Ok(reading);
            }
            barren = if reading.runs.len() == before { barren + 1 } else { 0 };
            let cursor = next.end_cursor.filter(|cursor| !cursor.is_empty());
            let cursor = cursor.ok_or_else(|| self.bad("the server says that pages follow, and not where"))?;
            if barren == MAX_BARREN || !cursors.insert(cursor.clone()) {
                return Err(self.bad("the server's pages repeat themselves, or are empty without end"));
            }
            after = Some(cursor);
        }
    }

    async fn page<T: DeserializeOwned>(&self, after: Option<&str>) -> Result<T, Failure> {
        let mut variables = json!({"filters": self.filters, "size": self.query.size, "after": after});
        if let Some(keys) = self.keys {
            variables["keys"] = json!(keys);
        }
        self.client.project(self.query, self.project, variables).await
    }

    /// A failure of the listing as a whole.
    pub fn bad(&self, why: &str) -> Failure {
        unsound(self.query, self.project, why)
    }
}

/// The failure of a listing whose pages do not fit together.
pub(super) fn unsound(query: Query, project: &Project, why: &str) -> Failure {
    Failure::new(Reason::BadReply, format!("read {} of {project}", query.what), why).with_cure(
        "It may pass by the next run; if it stays, update the server if it is one of your own, or report it with its version",
    )
}
