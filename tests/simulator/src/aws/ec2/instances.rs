//! DescribeInstances.

use super::Request;
use super::Usual;
use super::instant;
use crate::aws::failure::Failure;
use crate::aws::xml::Xml;
use crate::organisation::aws::Instance;
use crate::organisation::aws::InstanceState;
use crate::organisation::aws::Lifecycle;
use crate::organisation::aws::Tenancy;

pub fn answer(request: &Request) -> Result<String, Failure> {
    request.names_or_pages("InstanceId")?;
    let all = request.named(
        request.region.instances.iter().collect(),
        "InstanceId",
        "InvalidInstanceID.NotFound",
        |instance| instance.id.as_str(),
    )?;
    let instances = request.filtered(all, filter)?;
    let page = request.page(instances.len(), 5..=1_000, Usual::All, 1_000)?;
    // A reservation whose instances lie on two pages is on both, each time with its part.
    let reservations = instances[page.range].chunk_by(|a, b| a.reservation == b.reservation);
    let owner = request.call.state.account();
    Ok(request.document(page.token.as_deref(), |xml| {
        xml.items("reservationSet", reservations, |xml, instances: &[&Instance]| {
            xml.maybe("reservationId", instances.first().map(|i| &i.reservation));
            xml.text("ownerId", owner);
            xml.items("groupSet", [(); 0], |_, ()| {});
            xml.items("instancesSet", instances, |xml, instance| write(xml, instance));
        });
    }))
}

fn filter(instance: &Instance, name: &str) -> Option<Vec<String>> {
    let text = |text: &str| Some(vec![text.to_owned()]);
    match name {
        "instance-state-name" => text(state(instance.state).1),
        "instance-state-code" => Some(vec![state(instance.state).0.to_string()]),
        "instance-type" => text(&instance.instance_type),
        "instance-id" => text(&instance.id),
        "availability-zone" => text(&instance.zone),
        "tenancy" => text(tenancy(instance.tenancy)),
        "platform-details" => text(instance.platform.details()),
        // What is bought on demand matches no value at all.
        "instance-lifecycle" => Some(instance.lifecycle.map(|l| lifecycle(l).to_owned()).into_iter().collect()),
        "state-reason-code" => Some(instance.reason.map(str::to_owned).into_iter().collect()),
        _ => None,
    }
}

fn state(state: InstanceState) -> (u8, &'static str) {
    match state {
        InstanceState::Pending => (0, "pending"),
        InstanceState::Running => (16, "running"),
        InstanceState::ShuttingDown => (32, "shutting-down"),
        InstanceState::Terminated => (48, "terminated"),
        InstanceState::Stopping => (64, "stopping"),
        InstanceState::Stopped => (80, "stopped"),
    }
}

fn lifecycle(lifecycle: Lifecycle) -> &'static str {
    match lifecycle {
        Lifecycle::Spot => "spot",
        Lifecycle::Scheduled => "scheduled",
        Lifecycle::CapacityBlock => "capacity-block",
    }
}

fn tenancy(tenancy: Tenancy) -> &'static str {
    match tenancy {
        Tenancy::Default => "default",
        Tenancy::Dedicated => "dedicated",
        Tenancy::Host => "host",
    }
}

fn write(xml: &mut Xml, instance: &Instance) {
    let (code, name) = state(instance.state);
    let is_gone = instance.state == InstanceState::Terminated;
    xml.text("instanceId", &instance.id);
    xml.text("imageId", "ami-0a1b2c3d4e5f60718");
    xml.element("instanceState", |xml| {
        xml.text("code", code);
        xml.text("name", name);
    });
    xml.text("privateDnsName", if is_gone { "" } else { "ip-10-0-0-1.internal" });
    xml.text("dnsName", "");
    xml.text("reason", reason(instance));
    xml.text("amiLaunchIndex", 0);
    xml.text("instanceType", &instance.instance_type);
    xml.text("launchTime", instant(instance.launched));
    xml.element("placement", |xml| {
        xml.text("availabilityZone", &instance.zone);
        xml.text("groupName", "");
        xml.text("tenancy", tenancy(instance.tenancy));
        if instance.tenancy == Tenancy::Host && !is_gone {
            xml.text("hostId", "h-0a1b2c3d4e5f60718");
        }
    });
    if instance.platform.is_windows() {
        xml.text("platform", "windows");
    }
    xml.element("monitoring", |xml| xml.text("state", "disabled"));
    if !is_gone {
        xml.text("subnetId", "subnet-0a1b2c3d4e5f60718");
        xml.text("vpcId", "vpc-0a1b2c3d4e5f60718");
        xml.text("privateIpAddress", "10.0.0.1");
    }
    xml.maybe("instanceLifecycle", instance.lifecycle.map(lifecycle));
    if instance.lifecycle == Some(Lifecycle::Spot) {
        xml.text("spotInstanceRequestId", "sir-0a1b2c3d");
    }
    if let Some(code) = instance.reason {
        xml.element("stateReason", |xml| {
            xml.text("code", code);
            xml.text("message", format!("{code}: {}", explanation(code)));
        });
    }
    xml.items("tagSet", &instance.name, |xml, name| {
        xml.text("key", "Name");
        xml.text("value", name);
    });
    xml.text("architecture", if instance.instance_type.starts_with("c6g") { "arm64" } else { "x86_64" });
    xml.text("ebsOptimized", false);
    xml.text("hypervisor", "xen");
    xml.text("rootDeviceType", "ebs");
    xml.text("virtualizationType", "hvm");
    xml.text("platformDetails", instance.platform.details());
    xml.text("usageOperation", instance.platform.operation());
}

/// StateTransitionReason: who ended it, and when. That instant is nowhere else.
fn reason(instance: &Instance) -> String {
    let who = match instance.reason {
        Some(code) if code.starts_with("Client.") => "User initiated",
        Some("Server.InternalError") => "Server.InternalError",
        Some(_) => "Service initiated",
        None => return String::new(),
    };
    match instance.ended {
        Some(at) => format!("{who} ({})", at.strftime("%Y-%m-%d %H:%M:%S GMT")),
        None => who.to_owned(),
    }
}

fn explanation(code: &str) -> &'static str {
    match code {
        "Server.SpotInstanceTermination" => "Spot instance termination",
        "Server.SpotInstanceShutdown" => "Instance shutdown because of a Spot interruption",
        "Server.InternalError" => "Internal error on launch",
        _ => "User initiated shutdown",
    }
}
