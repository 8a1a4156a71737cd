//! What instance types have.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use aws_sdk_ec2::types::GpuDeviceInfo;
use aws_sdk_ec2::types::InstanceType;
use aws_sdk_ec2::types::InstanceTypeInfo;
use collector::Failure;

use crate::client::Ask;
use crate::client::Client;
use crate::client::Tokens;
use crate::fetch::list;
use crate::records::Hardware;
use crate::store::Store;

/// Names that EC2 takes in one call. It gives as many on a page, and refuses names beside a MaxResults, as it does for the
/// ids of instances.
const NAMES: usize = 100;

/// The hardware of these types: from the store, else asked for. A type that EC2 does not describe is not in the result.
pub(crate) async fn hardware(
    client: &Client,
    store: &Store,
    region: &str,
    kinds: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Hardware>, Failure> {
    let mut types = store.types(kinds);
    let missing: Vec<&str> =
        kinds.iter().copied().filter(|kind| !kind.is_empty() && !types.contains_key(*kind)).collect();
    let ask = Ask::new(format!("describe the instance types of {region}"), "ec2:DescribeInstanceTypes", region);
    let ec2 = client.ec2(region);
    for names in missing.chunks(NAMES) {
        let names: Vec<InstanceType> = names.iter().map(|name| InstanceType::from(*name)).collect();
        let mut tokens = Tokens::default();
        loop {
            let request = ec2.describe_instance_types().set_instance_types(Some(names.clone()));
            let page = client.ask(&ask, request.set_next_token(tokens.next()).send()).await?;
            for info in list(&page.instance_types, &ask)? {
                if let (Some(kind), Some(hardware)) = (info.instance_type(), record(info)) {
                    types.insert(kind.as_str().to_owned(), hardware);
                }
            }
            if !tokens.advance(page.next_token(), &ask)? {
                break;
            }
        }
    }
    store.keep_types(missing.iter().filter_map(|kind| Some(((*kind).to_owned(), *types.get(*kind)?))));
    Ok(types)
}

/// None where the answer does not tell the vCPUs, or how many GPUs of whom there are.
fn record(info: &InstanceTypeInfo) -> Option<Hardware> {
    let vcpus = u32::try_from(info.v_cpu_info()?.default_v_cpus()?).ok()?;
    let gpus = info.gpu_info().map_or(&[][..], |gpus| gpus.gpus());
    let gpus = gpus.iter().map(count).sum::<Option<f64>>()?;
    Some(Hardware { vcpus, gpus })
}

/// How many GPUs a device of the list stands for. Habana's Gaudi is listed among them as well; Trainium and Inferentia
/// are not.
fn count(gpu: &GpuDeviceInfo) -> Option<f64> {
    if !["nvidia", "amd"].contains(&gpu.manufacturer()?.to_lowercase().as_str()) {
        return Some(0.0);
    }
    match (gpu.logical_gpu_count(), gpu.gpu_partition_size()) {
        (Some(count), Some(part)) if count > 0 && part > 0.0 && part < 1.0 => Some(f64::from(count) * part),
        _ => gpu.count().filter(|count| *count >= 0).map(f64::from),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::GpuInfo;
    use aws_sdk_ec2::types::VCpuInfo;

    use super::*;

    fn info(gpus: &[GpuDeviceInfo]) -> InstanceTypeInfo {
        let cpu = VCpuInfo::builder().default_v_cpus(8).build();
        let info = InstanceTypeInfo::builder().v_cpu_info(cpu);
        match gpus {
            [] => info.build(),
            gpus => info.gpu_info(GpuInfo::builder().set_gpus(Some(gpus.to_vec())).build()).build(),
        }
    }

    fn gpu(manufacturer: &str, count: i32) -> GpuDeviceInfo {
        GpuDeviceInfo::builder().manufacturer(manufacturer).count(count).build()
    }

    #[test]
    fn gpus_are_those_of_nvidia_and_amd() {
        for (gpus, expected) in [
            (vec![], 0.0),
            (vec![gpu("NVIDIA", 8)], 8.0),
            (vec![gpu("AMD", 1)], 1.0),
            (vec![gpu("Habana", 8)], 0.0),
            (vec![gpu("NVIDIA", 4), gpu("AMD", 2)], 6.0),
        ] {
            assert_eq!(record(&info(&gpus)), Some(Hardware { vcpus: 8, gpus: expected }));
        }
    }

    #[test]
    fn a_part_of_a_gpu_is_a_part() {
        let part = |count, size| {
            let gpu = GpuDeviceInfo::builder().manufacturer("NVIDIA").count(1);
            gpu.logical_gpu_count(count).gpu_partition_size(size).build()
        };
        assert_eq!(record(&info(&[part(1, 0.125)])).unwrap().gpus, 0.125);
        assert_eq!(record(&info(&[part(1, 1.0)])).unwrap().gpus, 1.0);
    }

    #[test]
    fn a_type_without_vcpus_is_not_described() {
        assert_eq!(record(&InstanceTypeInfo::builder().build()), None);
    }
}
