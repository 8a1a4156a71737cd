//! What an answer means: good, try again, or a failure with words and a cure.

use std::time::Duration;

use collector::Failure;
use collector::Reason;
use collector::transport::Ask;
use collector::transport::Reply;
use collector::transport::Verdict;
use http::StatusCode;
use kube::core::Status;
use serde::de::DeserializeOwned;

use super::Resource;
use super::Turned;
use crate::records::List;

/// How the server is called in messages.
const SERVER: &str = "the API server";

const IN_ITS_PLACE: &str =
    "Check the server's address, and look for a login page or proxy between orgpulse and the API server";

/// A page of a list.
pub(super) fn page<T: DeserializeOwned>(reply: &Reply, resource: Resource, ask: &Ask) -> Result<Turned<T>, Verdict> {
    if reply.status == StatusCode::OK {
        let page: List<T> = reply.json(ask, SERVER)?;
        if page.kind == resource.list_kind() {
            return Ok(Turned::Page(page));
        }
        let why = format!("the answer is a {}, not a {}", reply.clip(&page.kind), resource.list_kind());
        return Err(bad(ask, why));
    }
    let status = status_of(reply);
    let words = status.as_ref().map_or(String::new(), |status| reply.clip(&status.message));
    if reply.status == StatusCode::GONE {
        let why = format!("{SERVER} answered 410 {words}");
        return Ok(Turned::Expired(Failure::new(Reason::BadReply, ask.doing.as_str(), why.trim_end())));
    }
    Err(refused(reply, resource, ask, status.as_ref(), &words))
}

/// The verdict on an answer that is not good.
fn refused(reply: &Reply, resource: Resource, ask: &Ask, status: Option<&Status>, words: &str) -> Verdict {
    if let Some(verdict) = reply.temporary(ask, SERVER, words) {
        return patiently(verdict, status, resource);
    }
    let code = reply.status.as_u16();
    let why = format!("{SERVER} answered {code} {words}");
    let right = resource.right();
    let (reason, cure) = match code {
        _ if reply.is_html() => return bad(ask, format!("{SERVER} answered {code} with a page of HTML")),
        401 => (
            Reason::Unauthorized,
            "Renew the credential: the kubeconfig user's token, certificate or login, or the service account's token; and \
             check that it is one of this cluster"
                .to_owned(),
        ),
        403 => (
            Reason::Forbidden,
            format!("Allow the verb list on {right}: the chart's ClusterRole does; see with kubectl auth can-i list {right}"),
        ),
        404 => (Reason::NotFound, "Check the server's address, with the path in it if there is one".to_owned()),
        300..=399 => (Reason::BadReply, format!("A redirect is not followed. {IN_ITS_PLACE}")),
        _ => (Reason::BadReply, IN_ITS_PLACE.to_owned()),
    };
    Verdict::Failed(Failure::new(reason, ask.doing.as_str(), why.trim_end()).with_cure(cure))
}

/// With the wait that only the body tells, and with a cure that fits.
fn patiently(verdict: Verdict, status: Option<&Status>, resource: Resource) -> Verdict {
    let Verdict::Again { mut failure, wait } = verdict else { return verdict };
    if resource == Resource::PodMetrics && failure.reason == Reason::Unreachable {
        failure.cure = "Look at what serves metrics.k8s.io: kubectl get apiservice v1beta1.metrics.k8s.io".to_owned();
    }
    let told = status.and_then(|status| status.details.as_ref()).map(|details| details.retry_after_seconds);
    let told = told.filter(|seconds| *seconds > 0).map(|seconds| Duration::from_secs(u64::from(seconds)));
    Verdict::Again { failure, wait: wait.or(told) }
}

/// What Kubernetes says of an error; none where something else answered.
fn status_of(reply: &Reply) -> Option<Status> {
    let status: Status = serde_json::from_slice(&reply.body).ok()?;
    Some(status).filter(|status| !status.message.is_empty() || !status.reason.is_empty())
}

fn bad(ask: &Ask, why: String) -> Verdict {
    Verdict::Failed(Failure::new(Reason::BadReply, ask.doing.as_str(), why).with_cure(IN_ITS_PLACE))
}
