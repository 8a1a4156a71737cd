//! Pull requests.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use collector::Failure;
use collector::Window;
use futures_util::future::try_join_all;
use serde_json::json;

use super::Cursors;
use super::Repo;
use super::all;
use super::broken;
use super::check_newest_first;
use super::complete;
use crate::metrics::pulls::has_review_comment;
use crate::queries;
use crate::records::ClosedPull;
use crate::records::OpenPull;

impl Repo<'_> {
    /// All open pull requests.
    pub async fn open_pulls(&self) -> Result<Vec<OpenPull>, Failure> {
        let (variables, of) = (self.variables(), self.full_name());
        // A pull request that is closed meanwhile moves the pages; a second reading is the cure.
        for _ in 0..2 {
            let open = all::<OpenPull>(self.client, queries::OPEN_PULLS, &variables, &of).await?;
            let distinct: BTreeSet<u64> = open.nodes.iter().map(|pull| pull.number).collect();
            if distinct.len() == open.nodes.len() && open.total_count == Some(distinct.len()) {
                return Ok(open.nodes);
            }
        }
        Err(broken(queries::OPEN_PULLS, &of, "the pages do not hold as many as GitHub counts, twice"))
    }

    /// The pull requests merged or closed in 7 days, among others that were updated in them.
    pub async fn closed_pulls(&self) -> Result<Vec<ClosedPull>, Failure> {
        let start = Window::days(self.now, 7).start();
        let mut pulls: BTreeMap<u64, ClosedPull> = BTreeMap::new();
        let pages = self.updated_since(start, &mut pulls).await?;
        // One that is touched while the pages are read moves to the top, past the reader: look there again.
        let newest = pulls.values().map(|pull| pull.updated_at).max();
        if let Some(newest) = newest.filter(|_| pages > 1) {
            self.updated_since(newest, &mut pulls).await?;
        }
        let window = Window::days(self.now, 7);
        let mut pulls: Vec<ClosedPull> = pulls.into_values().collect();
        let merged = pulls.iter_mut().filter(|pull| pull.merged_at.is_some_and(|at| window.contains(at)));
        try_join_all(merged.map(|pull| self.complete_pull(pull))).await?;
        Ok(pulls)
    }

    /// Reads the newest updates down to `since`; how many pages that took.
    async fn updated_since(
        &self,
        since: jiff::Timestamp,
        pulls: &mut BTreeMap<u64, ClosedPull>,
    ) -> Result<usize, Failure> {
        let (variables, of) = (self.variables(), self.full_name());
        let (mut after, mut cursors): (Option<String>, _) = (None, Cursors::default());
        let mut pages = 0;
        loop {
            let page = self.client.page::<ClosedPull>(queries::CLOSED_PULLS, &variables, after.as_deref(), &of).await?;
            pages += 1;
            check_newest_first(&page, queries::CLOSED_PULLS, &of, |pull| (pull.updated_at, pull.number))?;
            let next = cursors.next(&page.connection, queries::CLOSED_PULLS, &of)?;
            let mut last = false;
            for pull in page.connection.nodes {
                last |= pull.updated_at < since;
                if pull.updated_at >= since {
                    pulls.insert(pull.number, pull);
                }
            }
            if last || next.is_none() {
                return Ok(pages);
            }
            after = next;
        }
    }

    /// Reads what the nested pages left out, as far as a metric depends on it.
    async fn complete_pull(&self, pull: &mut ClosedPull) -> Result<(), Failure> {
        let of = format!("{}#{}", self.full_name(), pull.number);
        let variables = json!({"id": pull.id});
        // The first review can be on any page: a draft begun early may be submitted late.
        complete(self.client, queries::PULL_REVIEWS, &variables, &of, &mut pull.reviews).await?;
        complete(self.client, queries::PULL_READY, &variables, &of, &mut pull.ready).await?;
        let mut cursors = Cursors::default();
        while !has_review_comment(pull) {
            // Cheapest first: the rest of the threads that are known, then more threads.
            if let Some(thread) = pull.review_threads.nodes.iter_mut().find(|t| t.comments.page_info.has_next_page) {
                let variables = json!({"id": thread.id});
                complete(self.client, queries::THREAD_COMMENTS, &variables, &of, &mut thread.comments).await?;
            } else if let Some(next) = cursors.next(&pull.review_threads, queries::PULL_THREADS, &of)? {
                let page = self.client.page(queries::PULL_THREADS, &variables, Some(&next), &of).await?.connection;
                pull.review_threads.extend(page);
            } else {
                break;
            }
        }
        Ok(())
    }
}
