//! Instances.

use std::collections::HashSet;

use aws_sdk_ec2::types;
use aws_sdk_ec2::types::InstanceLifecycleType;
use aws_sdk_ec2::types::InstanceStateName;
use collector::Failure;
use jiff::Timestamp;

use crate::client::Ask;
use crate::client::Client;
use crate::client::Tokens;
use crate::fetch::instant;
use crate::fetch::list;
use crate::records::Instance;
use crate::records::State;
use crate::records::Tenancy;

/// Instances of a page. EC2 takes 5 to 1000; an instance is some 6 KiB of XML, which bounds the memory of a page.
const PAGE: i32 = 500;

/// All instances of a region in any state. EC2 lists without an order: one that is listed on two pages counts once.
pub(crate) async fn instances(client: &Client, region: &str) -> Result<Vec<Instance>, Failure> {
    let ask = Ask::new(format!("list the instances of {region}"), "ec2:DescribeInstances", region);
    let ec2 = client.ec2(region);
    let (mut instances, mut seen, mut tokens) = (Vec::new(), HashSet::new(), Tokens::default());
    loop {
        let request = ec2.describe_instances().max_results(PAGE).set_next_token(tokens.next());
        let page = client.ask(&ask, request.send()).await?;
        for one in list(&page.reservations, &ask)?.iter().flat_map(|reservation| reservation.instances()) {
            let one = record(one);
            if one.id.is_empty() || seen.insert(one.id.clone()) {
                instances.push(one);
            }
        }
        if !tokens.advance(page.next_token(), &ask)? {
            return Ok(instances);
        }
    }
}

fn record(one: &types::Instance) -> Instance {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let placement = one.placement();
    let windows = || one.platform().is_some_and(|platform| platform.as_str().eq_ignore_ascii_case("windows"));
    let platform = match one.platform_details().filter(|details| !details.is_empty()) {
        Some(details) => details,
        None if windows() => "Windows",
        None => "Linux/UNIX",
    };
    Instance {
        id: text(one.instance_id()),
        kind: text(one.instance_type().map(|kind| kind.as_str())),
        state: state(one.state().and_then(|state| state.name())),
        launched: one.launch_time().and_then(instant),
        zone: text(placement.and_then(|placement| placement.availability_zone())),
        spot: one.instance_lifecycle() == Some(&InstanceLifecycleType::Spot),
        platform: platform.to_owned(),
        tenancy: match placement.and_then(|placement| placement.tenancy()) {
            Some(types::Tenancy::Dedicated) => Tenancy::Dedicated,
            Some(types::Tenancy::Host) => Tenancy::Host,
            _ => Tenancy::Default,
        },
        vcpus: one.cpu_options().and_then(|cpu| vcpus(cpu.core_count()?, cpu.threads_per_core()?)),
        interrupted: one.state_reason().and_then(|reason| reason.code()) == Some("Server.SpotInstanceTermination"),
        changed: one.state_transition_reason().and_then(changed),
    }
}

fn state(name: Option<&InstanceStateName>) -> State {
    match name {
        Some(InstanceStateName::Pending) => State::Pending,
        Some(InstanceStateName::Running) => State::Running,
        Some(InstanceStateName::Stopping) => State::Stopping,
        Some(InstanceStateName::Stopped) => State::Stopped,
        Some(InstanceStateName::ShuttingDown) => State::ShuttingDown,
        Some(InstanceStateName::Terminated) => State::Terminated,
        _ => State::Unknown,
    }
}

fn vcpus(cores: i32, threads: i32) -> Option<u32> {
    u32::try_from(cores.checked_mul(threads)?).ok().filter(|vcpus| *vcpus > 0)
}

/// The time in a StateTransitionReason: "User initiated (2026-11-20 10:00:00 GMT)".
fn changed(reason: &str) -> Option<Timestamp> {
    let (_, rest) = reason.rsplit_once('(')?;
    let time = rest.split(')').next()?.trim_end_matches(" GMT").trim_end_matches(" UTC");
    format!("{}Z", time.trim()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_change_is_in_words() {
        let at = |text: &str| changed(text).map(|at| at.to_string());
        let expected = Some("2026-11-20T10:00:00Z".to_owned());
        assert_eq!(at("User initiated (2026-11-20 10:00:00 GMT)"), expected);
        assert_eq!(at("User initiated (2026-11-20 10:00:00 UTC)"), expected);
        assert_eq!(at("Server.SpotInstanceTermination: Spot (capacity) (2026-11-20 10:00:00 GMT)"), expected);
        for text in ["", "User initiated", "User initiated (yesterday)", "(", "Server.InternalError"] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn cpu_options_that_are_none_are_not_used() {
        assert_eq!(vcpus(4, 1), Some(4));
        for (cores, threads) in [(0, 2), (-1, 2), (i32::MAX, 2)] {
            assert_eq!(vcpus(cores, threads), None);
        }
    }

    #[test]
    fn an_empty_instance_is_a_record_all_the_same() {
        let one = record(&types::Instance::builder().build());
        assert_eq!((one.state, one.platform.as_str(), one.spot), (State::Unknown, "Linux/UNIX", false));
        let windows = types::Instance::builder().platform(types::PlatformValues::Windows).platform_details("").build();
        assert_eq!(record(&windows).platform, "Windows");
    }
}
