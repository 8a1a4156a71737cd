//! EC2's answers, as XML.

use crate::metrics::sample::now;
use jiff::SignedDuration;

/// The id of the n-th instance; as long as real ones are.
pub(crate) fn id(number: u32) -> String {
    format!("i-{number:017x}")
}

/// An element.
pub(crate) fn item(name: &str, inside: &str) -> String {
    format!("<{name}>{inside}</{name}>")
}

/// An instance that was launched so many hours ago, in zone a of the home region. `more` holds further elements:
/// `<instanceLifecycle>spot</instanceLifecycle>`.
pub(crate) fn instance(number: u32, kind: &str, state: &str, hours: i64, more: &str) -> String {
    let launched = now() - SignedDuration::from_hours(hours);
    let placement = match more.contains("<placement>") {
        true => String::new(),
        false => "<placement><availabilityZone>eu-central-1a</availabilityZone><tenancy>default</tenancy></placement>"
            .to_owned(),
    };
    let platform = match more.contains("<platformDetails>") {
        true => String::new(),
        false => item("platformDetails", "Linux/UNIX"),
    };
    item(
        "item",
        &format!(
            "<instanceId>{}</instanceId><instanceType>{kind}</instanceType><instanceState><code>0</code><name>{state}</name>\
             </instanceState><launchTime>{launched}</launchTime>{placement}{platform}{more}",
            id(number)
        ),
    )
}
