//! What is read of a repository, group by group: typed records, whole or not at all.

mod branches;
mod commits;
mod delivery;
mod files;
mod pulls;
mod repository;
mod runs;

use std::collections::BTreeSet;

use collector::Failure;
use collector::Reason;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use delivery::Deployments;
pub(crate) use repository::Repo;

use crate::client::Client;
use crate::client::Page;
use crate::queries::Query;
use crate::records::Connection;

/// Reads all pages that are missing of a connection.
async fn complete<T: DeserializeOwned>(
    client: &Client,
    query: Query,
    variables: &Value,
    of: &str,
    so_far: &mut Connection<T>,
) -> Result<(), Failure> {
    let mut cursors = Cursors::default();
    while let Some(cursor) = cursors.next(so_far, query, of)? {
        so_far.extend(client.page(query, variables, Some(&cursor), of).await?.connection);
    }
    Ok(())
}

/// The cursors that have been followed: a server whose pages go round in a circle would be asked until the deadline.
#[derive(Default)]
struct Cursors(BTreeSet<String>);

impl Cursors {
    /// The cursor of the page after `page`; none after the last.
    fn next<T>(&mut self, page: &Connection<T>, query: Query, of: &str) -> Result<Option<String>, Failure> {
        if !page.page_info.has_next_page {
            return Ok(None);
        }
        match &page.page_info.end_cursor {
            Some(cursor) if self.0.insert(cursor.clone()) => Ok(Some(cursor.clone())),
            Some(_) => Err(broken(query, of, "GitHub's pages do not go on")),
            None => Err(broken(query, of, "another page follows, and GitHub does not say where it begins")),
        }
    }
}

/// Checks a page of a listing that is read from the newest on, and only so far back as needed: nothing else would tell
/// that something of it is missing.
fn check_newest_first<T, K: Ord>(
    page: &Page<T>,
    query: Query,
    of: &str,
    key: impl Fn(&T) -> (Timestamp, K),
) -> Result<(), Failure> {
    let keys: Vec<(Timestamp, K)> = page.connection.nodes.iter().map(key).collect();
    let distinct = keys.iter().map(|(_, id)| id).collect::<BTreeSet<_>>().len();
    if distinct != keys.len() {
        return Err(broken(query, of, "a page holds one entry twice"));
    }
    if page.connection.page_info.has_next_page && distinct != page.size {
        let why = format!("a page that another follows holds {distinct} entries of {}", page.size);
        return Err(broken(query, of, why));
    }
    if keys.windows(2).any(|pair| pair[0].0 < pair[1].0) {
        return Err(broken(query, of, "the entries are not in the order that was asked for, newest first"));
    }
    Ok(())
}

/// Reads all pages.
async fn all<T: DeserializeOwned>(
    client: &Client,
    query: Query,
    variables: &Value,
    of: &str,
) -> Result<Connection<T>, Failure> {
    let mut whole = client.page(query, variables, None, of).await?.connection;
    complete(client, query, variables, of, &mut whole).await?;
    Ok(whole)
}

fn broken(query: Query, of: &str, why: impl Into<String>) -> Failure {
    Failure::new(Reason::BadReply, format!("read {} of {of}", query.what), why)
}
