//! EC2: forms in, XML out.

mod instance_types;
mod instances;
mod prices;
mod region;
mod storage;

use super::failure::Failure;
use super::form;
use super::form::Filter;
use super::form::Kind;
use super::form::Parameters;
use super::page::Cut;
use super::page::Page;
use super::page::Pages;
use super::page::hash;
use super::page::invalid_token;
use super::service::Answer;
use super::service::Call;
use super::service::Reply;
use super::xml::Xml;
use crate::organisation::aws::Region;
use jiff::Timestamp;
use std::ops::RangeInclusive;

pub const VERSION: &str = "2016-11-15";

/// An action, with the parameters of its request.
pub struct Action {
    pub name: &'static str,
    pub members: &'static [(&'static str, Kind)],
    answer: fn(&Request) -> Result<String, Failure>,
}

const DRY_RUN: (&str, Kind) = ("DryRun", Kind::Boolean);
const FILTER: (&str, Kind) = ("Filter", Kind::Filters);
const MAX_RESULTS: (&str, Kind) = ("MaxResults", Kind::Integer);
const NEXT_TOKEN: (&str, Kind) = ("NextToken", Kind::Text);
const MANAGED: (&str, Kind) = ("IncludeManagedResources", Kind::Unsimulated);

pub const ACTIONS: [Action; 7] = [
    Action {
        name: "DescribeInstances",
        members: &[("InstanceId", Kind::List), MANAGED, DRY_RUN, FILTER, NEXT_TOKEN, MAX_RESULTS],
        answer: instances::answer,
    },
    Action {
        name: "DescribeInstanceTypes",
        members: &[
            ("InstanceType", Kind::List),
            ("IncludeUnsupportedInRegion", Kind::Unsimulated),
            DRY_RUN,
            FILTER,
            NEXT_TOKEN,
            MAX_RESULTS,
        ],
        answer: instance_types::answer,
    },
    Action {
        name: "DescribeVolumes",
        members: &[("VolumeId", Kind::List), MANAGED, DRY_RUN, FILTER, NEXT_TOKEN, MAX_RESULTS],
        answer: storage::volumes,
    },
    Action {
        name: "DescribeSnapshots",
        members: &[
            ("Owner", Kind::List),
            ("RestorableBy", Kind::Unsimulated),
            ("SnapshotId", Kind::List),
            DRY_RUN,
            FILTER,
            NEXT_TOKEN,
            MAX_RESULTS,
        ],
        answer: storage::snapshots,
    },
    Action {
        name: "DescribeAddresses",
        members: &[("PublicIp", Kind::List), ("AllocationId", Kind::List), DRY_RUN, FILTER],
        answer: region::addresses,
    },
    Action {
        name: "DescribeRegions",
        members: &[("RegionName", Kind::List), ("AllRegions", Kind::Boolean), DRY_RUN, FILTER],
        answer: region::regions,
    },
    Action {
        name: "DescribeSpotPriceHistory",
        members: &[
            ("AvailabilityZoneId", Kind::Unsimulated),
            ("StartTime", Kind::Instant),
            ("EndTime", Kind::Instant),
            ("InstanceType", Kind::List),
            ("ProductDescription", Kind::List),
            ("AvailabilityZone", Kind::Text),
            DRY_RUN,
            FILTER,
            NEXT_TOKEN,
            MAX_RESULTS,
        ],
        answer: prices::spot,
    },
];

/// What a page holds when no number is asked for.
enum Usual {
    /// Everything there is.
    All,
    /// As many as a page may hold.
    Largest,
}

/// A request whose parameters are known.
pub struct Request<'a> {
    call: &'a Call<'a>,
    action: &'static str,
    region: &'a Region,
    parameters: Parameters,
}

pub fn answer(call: &Call, action: &str) -> Answer {
    let Some(action) = ACTIONS.iter().find(|known| known.name == action) else {
        return Err(Failure::unknown(format!("the action ec2:{action}")));
    };
    let region = call.state.region(&call.scope.region)?;
    let parameters = Parameters::of(form::pairs(call.body), action.members)?;
    if parameters.boolean("DryRun") {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(Failure::new(412, "DryRunOperation", message));
    }
    (action.answer)(&Request { call, action: action.name, region, parameters }).map(|body| Reply::xml(200, body))
}

impl Request<'_> {
    /// One page of a list, where MaxResults may be within the bounds. Whatever is asked for, a page has no more than
    /// `largest` of them; without a MaxResults it has as many as `usual` says.
    fn page(&self, len: usize, bounds: RangeInclusive<i64>, usual: Usual, largest: usize) -> Result<Page, Failure> {
        let asked = self.parameters.integer("MaxResults");
        if let Some(asked) = asked.filter(|n| !bounds.contains(n)) {
            let (least, most) = (bounds.start(), bounds.end());
            let message = format!(
                "Value ( {asked} ) for parameter maxResults is invalid. Expecting a value between {least} and {most}."
            );
            return Err(Failure::new(400, "InvalidParameterValue", message));
        }
        let size = match (asked, usual) {
            (Some(asked), _) => largest.min(asked as usize),
            (None, Usual::Largest) => largest,
            (None, Usual::All) => len,
        };
        let size = size.min(self.call.state.largest_page().unwrap_or(size));
        let scope = hash([self.action, self.region.name.as_str()]);
        let cut = Cut {
            len,
            size,
            fingerprint: scope ^ self.parameters.fingerprint(),
            // EC2 takes an empty token for none.
            token: self.parameters.text("NextToken").filter(|token| !token.is_empty()),
            pages: self.call.state.pages(),
        };
        cut.page().ok_or_else(|| invalid_token("InvalidNextToken"))
    }

    /// Refuses a request that names single things and asks for pages. EC2 documents it for instances, volumes and
    /// snapshots; of types it is not certain, and no client needs it there: the names of one request fit on a page.
    fn names_or_pages(&self, names: &str) -> Result<(), Failure> {
        if self.parameters.list(names).is_empty() || self.parameters.integer("MaxResults").is_none() {
            return Ok(());
        }
        let message = format!("The parameter {names} cannot be used with the parameter maxResults");
        Err(Failure::new(400, "InvalidParameterCombination", message))
    }

    /// The document, which ends with a token where the list does.
    fn document(&self, token: Option<&str>, inside: impl FnOnce(&mut Xml)) -> String {
        Xml::ec2(self.action, self.call.id, |xml| {
            inside(xml);
            xml.maybe("nextToken", token);
        })
    }

    /// Those that pass every filter; `texts` gives what a filter looks at, none for one that is not simulated.
    fn filtered<'t, T>(
        &self,
        all: impl IntoIterator<Item = &'t T>,
        texts: impl Fn(&'t T, &str) -> Option<Vec<String>>,
    ) -> Result<Vec<&'t T>, Failure> {
        let filters = self.parameters.filters();
        let mut out = Vec::new();
        for one in all {
            let mut passes = true;
            for filter in &filters {
                let texts =
                    texts(one, &filter.name).ok_or_else(|| Failure::unknown(format!("the filter {}", filter.name)))?;
                passes &= passes_one(filter, &texts);
            }
            if passes {
                out.push(one);
            }
        }
        Ok(out)
    }

    /// Those of the names given, or all; refuses a name that is not among them.
    fn named<'t, T>(
        &self,
        all: Vec<&'t T>,
        parameter: &str,
        code: &str,
        name: impl Fn(&'t T) -> &'t str,
    ) -> Result<Vec<&'t T>, Failure> {
        let names = self.parameters.list(parameter);
        if names.is_empty() {
            return Ok(all);
        }
        let unknown: Vec<&str> = names.iter().copied().filter(|n| !all.iter().any(|one| name(one) == *n)).collect();
        if !unknown.is_empty() {
            let message = format!("The following do not exist: [{}]", unknown.join(", "));
            return Err(Failure::new(400, code, message));
        }
        Ok(all.into_iter().filter(|one| names.contains(&name(one))).collect())
    }

    fn pages(&self) -> Pages {
        self.call.state.pages()
    }
}

fn passes_one(filter: &Filter, texts: &[String]) -> bool {
    filter.matches(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// An instant as EC2 spells it.
fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}
