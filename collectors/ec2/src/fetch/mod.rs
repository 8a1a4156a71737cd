//! AWS's answers -> records, page by page, so that no whole answer of a region is held.

mod account;
mod idle;
mod instances;
mod on_demand;
mod spot;
mod storage;
mod types;

pub(crate) use account::Identity;
pub(crate) use account::identity;
pub(crate) use account::regions;
pub(crate) use idle::ask as cpu_metrics;
pub(crate) use idle::cpu_means;
pub(crate) use instances::instances;
pub(crate) use on_demand::PriceList;
pub(crate) use on_demand::price_list_region;
pub(crate) use spot::spot_prices;
pub(crate) use storage::addresses;
pub(crate) use storage::snapshots;
pub(crate) use storage::volumes;
pub(crate) use types::hardware;

use aws_smithy_types::DateTime;
use collector::Failure;
use collector::Reason;
use jiff::Timestamp;

use crate::client::Ask;

/// An instant of the SDK.
fn instant(at: &DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

/// An instant for the SDK, in whole seconds.
fn date(at: Timestamp) -> DateTime {
    DateTime::from_secs(at.as_second())
}

/// The list of a page. AWS always sends it, empty too: an answer without it says nothing, and is no list of nothing.
fn list<'a, T>(list: &'a Option<Vec<T>>, ask: &Ask<'_>) -> Result<&'a [T], Failure> {
    list.as_deref().ok_or_else(|| bad_reply(ask, "the answer lacks the list that was asked for"))
}

fn bad_reply(ask: &Ask<'_>, why: impl Into<String>) -> Failure {
    Failure::new(Reason::BadReply, ask.doing.as_str(), why)
}
