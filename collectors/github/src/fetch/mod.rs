//! What is read of a repository, group by group: typed records, whole or not at all.

mod branches;
mod commits;
mod delivery;
mod files;
mod pulls;
mod repository;
mod runs;

use collector::Failure;
use collector::Reason;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use delivery::Deployments;
pub(crate) use repository::Repo;

use crate::client::Client;
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
    while so_far.page_info.has_next_page {
        let cursor = so_far.page_info.end_cursor.clone();
        let page = client.page(query, variables, cursor.as_deref(), of).await?.connection;
        // Else a server that repeats a page would be asked until the deadline.
        if cursor.is_none() || page.page_info.has_next_page && page.page_info.end_cursor == cursor {
            return Err(broken(query, of, "GitHub's pages do not go on"));
        }
        so_far.extend(page);
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
