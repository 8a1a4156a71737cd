//! Lists, page by page.

use super::controls::State;
use super::objects;
use super::pods;
use super::reply::Answer;
use super::reply::Reply;
use super::resource::Asked;
use super::resource::Resource;
use super::selector::Selector;
use super::tokens::Refused;
use super::usage;
use serde_json::Value;
use serde_json::json;
use std::collections::HashMap;

/// The version of everything: nothing changes while the simulator runs.
pub const RESOURCE_VERSION: &str = "184467";

/// Parameters that a list may have; the last two change nothing here.
const KNOWN: [&str; 7] =
    ["limit", "continue", "fieldSelector", "labelSelector", "resourceVersion", "timeoutSeconds", "pretty"];

/// One object before it is written: what selectors look at, and how it is written.
pub struct Object<'a> {
    pub fields: Vec<(&'static str, &'a str)>,
    pub write: Box<dyn Fn() -> Value + 'a>,
}

pub fn list(state: &State, asked: &Asked, query: &str) -> Answer {
    let query: HashMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    if let Some(unknown) = query.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(Reply::unknown(&format!("the parameter {unknown} of a list")));
    }
    let text = |name: &str| query.get(name).map_or("", String::as_str);
    if !text("labelSelector").is_empty() {
        return Err(Reply::unknown("label selectors"));
    }
    let selector = Selector::parse(text("fieldSelector"), asked.resource)?;
    let limit = limit(text("limit"))?;
    let mut objects = objects(state, asked);
    objects.retain(|object| selector.fits(&object.fields));
    let (api_version, kind) = asked.resource.list_kind();
    if asked.resource.is_aggregated() {
        // metrics-server has all in its memory and hands out all of it.
        let items: Vec<Value> = objects.iter().map(|object| (object.write)()).collect();
        return Ok(written(api_version, kind, &json!({}), &items));
    }
    let list = format!("{asked:?} {selector:?}");
    let start = match text("continue") {
        "" => 0,
        token => state.with_tokens(|tokens| tokens.redeem(token, &list)).map_err(|refused| match refused {
            Refused::Invalid => Reply::bad_request("continue key is not valid: illegal base64 data"),
            Refused::Expired(fresh) => Reply::expired(&fresh),
        })?,
    };
    let rest = objects.get(start..).unwrap_or_default();
    let page = rest.get(..limit.unwrap_or(rest.len())).unwrap_or(rest);
    let mut metadata = json!({ "resourceVersion": RESOURCE_VERSION });
    let remaining = rest.len() - page.len();
    if remaining > 0 {
        metadata["continue"] = state.with_tokens(|tokens| tokens.issue(&list, start + page.len())).into();
        if selector.is_empty() {
            metadata["remainingItemCount"] = remaining.into();
        }
    }
    let items: Vec<Value> = page.iter().map(|object| (object.write)()).collect();
    Ok(written(api_version, kind, &metadata, &items))
}

fn objects<'a>(state: &'a State, asked: &Asked) -> Vec<Object<'a>> {
    let cluster = state.cluster();
    let inside = |namespace: &str| asked.namespace.as_deref().is_none_or(|only| only == namespace);
    match asked.resource {
        Resource::Pods => pods::objects(cluster, &inside),
        Resource::Nodes => objects::nodes(cluster),
        Resource::Namespaces => objects::namespaces(cluster),
        Resource::Deployments => objects::deployments(cluster, &inside),
        Resource::PodMetrics => usage::pods(cluster, &inside, state.now()),
        Resource::NodeMetrics => usage::nodes(cluster, state.now()),
    }
}

fn written(api_version: &str, kind: &str, metadata: &Value, items: &[Value]) -> Reply {
    let body = json!({ "kind": kind, "apiVersion": api_version, "metadata": metadata, "items": items });
    Reply::json(body.to_string())
}

/// None for no limit, as 0 is.
fn limit(text: &str) -> Result<Option<usize>, Reply> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || Reply::bad_request(&format!("strconv.ParseInt: parsing \"{text}\": invalid syntax"));
    let limit: i64 = text.parse().map_err(|_| wrong())?;
    match usize::try_from(limit) {
        Ok(limit) => Ok((limit > 0).then_some(limit)),
        Err(_) => Err(Reply::bad_request("limit: Invalid value: must be greater than or equal to 0")),
    }
}
