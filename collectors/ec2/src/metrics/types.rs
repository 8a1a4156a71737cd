//! GPUs and vCPUs of the running instances.

use std::collections::BTreeMap;

use collector::Batch;
use collector::Tags;
use jiff::Timestamp;

use crate::catalog;
use crate::records::Hardware;
use crate::records::Instance;

/// The gauges of the group; the name of a type that `types` lacks where there is one, since every sum would be too small.
pub(crate) fn compute(
    instances: &[Instance],
    types: &BTreeMap<String, Hardware>,
    now: Timestamp,
    tags: &Tags,
) -> Result<Batch, String> {
    let (mut with_gpu, mut without, mut gpus, mut vcpus) = (0u32, 0u32, 0.0, 0u64);
    for one in instances.iter().filter(|one| one.runs(now)) {
        let hardware = types.get(&one.kind).ok_or_else(|| one.kind.clone())?;
        if hardware.gpus > 0.0 {
            with_gpu += 1;
        } else {
            without += 1;
        }
        gpus += hardware.gpus;
        vcpus += u64::from(one.vcpus.unwrap_or(hardware.vcpus));
    }
    let mut batch = Batch::new();
    batch.gauge(&catalog::INSTANCES_GPU, f64::from(with_gpu), tags);
    batch.gauge(&catalog::INSTANCES_CPU, f64::from(without), tags);
    batch.gauge(&catalog::GPUS, gpus, tags);
    batch.gauge(&catalog::VCPUS, vcpus as f64, tags);
    Ok(batch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample::*;
    use crate::records::State;

    fn of(instances: &[Instance]) -> Result<Batch, String> {
        let types = [
            ("m5.large", Hardware { vcpus: 2, gpus: 0.0 }),
            ("p5.48xlarge", Hardware { vcpus: 192, gpus: 8.0 }),
            ("g6f.large", Hardware { vcpus: 2, gpus: 0.125 }),
        ];
        let types = types.map(|(name, hardware)| (name.to_owned(), hardware)).into();
        compute(instances, &types, now(), &tags())
    }

    fn typed(kind: &str) -> Instance {
        Instance { kind: kind.to_owned(), ..instance("i-1") }
    }

    #[test]
    fn counts_the_hardware_of_running_instances() {
        let stopped = Instance { state: State::Stopped, ..typed("p5.48xlarge") };
        let batch = of(&[typed("m5.large"), typed("p5.48xlarge"), typed("g6f.large"), stopped]).unwrap();
        assert_eq!(value(&batch, "ec2.instances.gpu_count"), Some(2.0));
        assert_eq!(value(&batch, "ec2.instances.cpu_count"), Some(1.0));
        assert_eq!(value(&batch, "ec2.gpus.total"), Some(8.125));
        assert_eq!(value(&batch, "ec2.vcpus.total"), Some(196.0));
    }

    #[test]
    fn cpu_options_go_before_the_default_of_the_type() {
        let batch = of(&[Instance { vcpus: Some(1), ..typed("m5.large") }]).unwrap();
        assert_eq!(value(&batch, "ec2.vcpus.total"), Some(1.0));
    }

    #[test]
    fn nothing_is_zero() {
        let batch = of(&[]).unwrap();
        assert_eq!(value(&batch, "ec2.gpus.total"), Some(0.0));
        assert_eq!(value(&batch, "ec2.instances.cpu_count"), Some(0.0));
    }

    #[test]
    fn an_unknown_type_gives_no_sum_unless_nothing_of_it_runs() {
        assert_eq!(of(&[typed("m5.large"), typed("x9.huge")]).unwrap_err(), "x9.huge");
        assert!(of(&[Instance { state: State::Terminated, ..typed("x9.huge") }]).is_ok());
    }
}
