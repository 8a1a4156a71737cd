//! The client: listings read to their end, and single things. No arithmetic.

mod reply;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Duration;

use collector::Context;
use collector::Failure;
use collector::Reason;
use collector::transport::Ask;
use collector::transport::Pace;
use collector::transport::Reply;
use collector::transport::Transport;
use collector::transport::Verdict;
use reqwest::StatusCode;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::config::Config;
use crate::records::One;
use crate::records::Page;

/// Asana allows 50 at once for a token, and asks for about 10 a second.
pub(crate) const PACE: Pace = Pace {
    first_wait: Duration::from_secs(1),
    // Under the shared client's 30 s between two pieces of an answer.
    per_try: Duration::from_secs(25),
    in_flight: 8,
    // A hundred tasks are some 60 kB.
    max_body: 8 << 20,
};

/// Objects of a page: the most that Asana gives. Without a limit a listing has no pages, and Asana cuts it short.
const PAGE: &str = "100";
/// Pages of a listing at most: 100,000 objects. Beyond it something gives pages without end.
const MAX_PAGES: usize = 1000;

/// Characters from which on the last part of a token is masked by itself; a shorter one would be found in any words.
const SECRET_PART: usize = 8;

/// The client of one collection.
#[derive(Debug)]
pub(crate) struct Client {
    transport: Transport,
    url: String,
    token: SecretString,
}

/// Something to ask for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Path below the address of the API.
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    pub ask: Ask,
    pub about: About,
}

/// What a refusal is about, and so what mends it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum About {
    Workspace,
    Project,
}

/// What became of a page.
enum Turned<T> {
    Page(Page<T>),
    /// Asana does not take the offset any more.
    Expired(Failure),
}

impl Client {
    /// A client of what `config` names.
    pub fn new(config: &Config, context: &Context, pace: Pace) -> Self {
        let transport = Transport::new(context, pace, "asana.url (ASANA_URL)");
        let token = config.access_token.expose_secret();
        transport.secrets().keep(token);
        // Gids of no secrecy come first in a token; what follows them is one by itself.
        let last = token.rsplit(['/', ':']).next().filter(|part| part.len() >= SECRET_PART);
        last.into_iter().for_each(|part| transport.secrets().keep(part));
        Client { transport, url: config.url.clone(), token: config.access_token.clone() }
    }

    /// A whole listing, page by page. One whose offset expires on the way is begun again, once.
    ///
    /// # Errors
    /// When any page cannot be read: a part is never taken for the whole.
    pub async fn list<T: DeserializeOwned>(&self, request: &Request) -> Result<Vec<T>, Failure> {
        match self.list_once(request).await? {
            Ok(all) => Ok(all),
            Err(_expired) => self.list_once(request).await?.map_err(|expired| {
                expired.with_cure("The listing was begun again, and broke off again: see the next run")
            }),
        }
    }

    /// One object.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn get<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Failure> {
        let read = |reply: &Reply| match reply.status.is_success() {
            true => reply::good::<One<T>>(reply, &request.ask),
            false => Err(reply::refused(reply, request)),
        };
        let one = self.transport.send(&request.ask, &|http| self.build(http, request, &[]), &read).await?;
        Ok(one.data)
    }

    /// The first object of a listing; none of an empty one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn first<T: DeserializeOwned>(&self, request: &Request) -> Result<Option<T>, Failure> {
        match self.page(request, "1", None).await? {
            Turned::Page(page) => Ok(page.data.into_iter().next()),
            Turned::Expired(failure) => Err(failure),
        }
    }

    /// The listing; inside, an offset that has expired.
    async fn list_once<T: DeserializeOwned>(&self, request: &Request) -> Result<Result<Vec<T>, Failure>, Failure> {
        let (mut all, mut offset) = (Vec::new(), None);
        let mut seen = HashSet::new();
        for _ in 0..MAX_PAGES {
            let page: Page<T> = match self.page(request, PAGE, offset.as_deref()).await? {
                Turned::Page(page) => page,
                Turned::Expired(failure) => return Ok(Err(failure)),
            };
            all.extend(page.data);
            // An empty page is not the end: only the absence of a next one is.
            let Some(next) = page.next_page else { return Ok(Ok(all)) };
            if next.offset.is_empty() || !seen.insert(next.offset.clone()) {
                return Err(endless(request, "a page names a next one that came before"));
            }
            offset = Some(next.offset);
        }
        Err(endless(request, &format!("it has no end within {MAX_PAGES} pages")))
    }

    async fn page<T: DeserializeOwned>(
        &self,
        request: &Request,
        limit: &str,
        offset: Option<&str>,
    ) -> Result<Turned<T>, Failure> {
        let mut paging = vec![("limit", limit)];
        paging.extend(offset.map(|offset| ("offset", offset)));
        let read = |reply: &Reply| match reply.status {
            status if status.is_success() => reply::good(reply, &request.ask).map(Turned::Page),
            // The same query was good without it.
            StatusCode::BAD_REQUEST if offset.is_some() => match reply::refused(reply, request) {
                Verdict::Failed(failure) => Ok(Turned::Expired(Failure { reason: Reason::BadReply, ..failure })),
                verdict => Err(verdict),
            },
            _ => Err(reply::refused(reply, request)),
        };
        self.transport.send(&request.ask, &|http| self.build(http, request, &paging), &read).await
    }

    fn build(&self, http: &reqwest::Client, request: &Request, paging: &[(&str, &str)]) -> reqwest::RequestBuilder {
        http.get(format!("{}{}", self.url, request.path))
            .bearer_auth(self.token.expose_secret())
            .header(reqwest::header::ACCEPT, "application/json")
            .query(&request.query)
            .query(paging)
    }
}

fn endless(request: &Request, why: &str) -> Failure {
    let why = format!("the listing does not end: {why}");
    let cure = "Look for a proxy between orgpulse and Asana that answers in its place";
    Failure::new(Reason::BadReply, request.ask.doing.as_str(), why).with_cure(cure)
}
