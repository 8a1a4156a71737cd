//! A list from its first page to its last. A part is never taken for the whole.

use std::collections::HashSet;

use collector::Failure;
use collector::Reason;
use serde::de::DeserializeOwned;

use super::Client;
use super::PAGE;
use super::Resource;
use super::Turned;
use crate::records::Keyed;

/// Pages of a list at most: 500,000 objects, more than a cluster holds. Beyond it something gives pages without end.
const MAX_PAGES: usize = 1000;
/// Bytes of the name of a next page, which becomes part of an address; Kubernetes' own have some hundreds.
const LONGEST_TOKEN: usize = 8192;

impl Client {
    /// The whole list of all namespaces, or of one. One whose token expires on the way is begun again, once: what is left of
    /// it would be of another moment.
    ///
    /// # Errors
    /// When any page cannot be read, or the pages do not add up.
    pub(crate) async fn list<T: DeserializeOwned + Keyed>(
        &self,
        resource: Resource,
        namespace: Option<&str>,
    ) -> Result<Vec<T>, Failure> {
        match self.list_once(resource, namespace).await? {
            Ok(all) => Ok(all),
            Err(_expired) => self.list_once(resource, namespace).await?.map_err(|expired| {
                expired.with_cure(
                    "The list was begun again, and expired again: the API server forgets faster than it answers; look at its \
                     health, and at etcd's compaction",
                )
            }),
        }
    }

    /// The list; inside, a token that has expired.
    async fn list_once<T: DeserializeOwned + Keyed>(
        &self,
        resource: Resource,
        namespace: Option<&str>,
    ) -> Result<Result<Vec<T>, Failure>, Failure> {
        let wrong = |why: String| odd(resource, &why);
        let (mut all, mut token) = (Vec::new(), None::<String>);
        let (mut seen, mut still_to_come) = (HashSet::new(), None::<u64>);
        for _ in 0..MAX_PAGES {
            let page = match self.page::<T>(resource, namespace, PAGE, token.as_deref()).await? {
                Turned::Page(page) => page,
                Turned::Expired(failure) => return Ok(Err(failure)),
            };
            let (next, remaining) = (page.metadata.next, page.metadata.remaining_item_count);
            let is_last = next.is_empty();
            let here = page.items.len() as u64;
            let remaining = if is_last { Some(remaining.unwrap_or(0)) } else { remaining };
            if let (Some(told), Some(remaining)) = (still_to_come, remaining)
                && told != here.saturating_add(remaining)
            {
                return Err(wrong(format!(
                    "a page said that {told} come after it, and the next one holds {here} and says {remaining}"
                )));
            }
            all.extend(page.items);
            if is_last {
                return match remaining {
                    Some(0) | None => Ok(Ok(once(resource, all)?)),
                    Some(rest) => Err(wrong(format!("the last page says that {rest} come after it"))),
                };
            }
            if next.len() > LONGEST_TOKEN {
                return Err(wrong(format!("the name of the next page is {} bytes long", next.len())));
            }
            if !seen.insert(next.clone()) {
                return Err(wrong("a page names a next one that came before".to_owned()));
            }
            still_to_come = remaining;
            token = Some(next);
        }
        Err(wrong(format!("it has no end within {MAX_PAGES} pages")))
    }
}

/// The objects, each of which is there once: pages that overlap may lack others.
fn once<T: Keyed>(resource: Resource, all: Vec<T>) -> Result<Vec<T>, Failure> {
    let mut keys = HashSet::with_capacity(all.len());
    match all.iter().find(|one| !keys.insert(one.key())) {
        Some(twice) => {
            let key = twice.key();
            let place = if key.namespace.is_empty() { String::new() } else { format!("{}/", key.namespace) };
            Err(odd(resource, &format!("{place}{} is in it twice", key.name)))
        }
        None => {
            drop(keys);
            Ok(all)
        }
    }
}

fn odd(resource: Resource, why: &str) -> Failure {
    let cure = "See the next run; if it lasts, look for a proxy between orgpulse and the API server";
    let doing = format!("list the {}", resource.name());
    Failure::new(Reason::BadReply, doing, format!("the list does not add up: {why}")).with_cure(cure)
}
