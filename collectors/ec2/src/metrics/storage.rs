//! Volumes, snapshots, addresses.

use collector::Batch;
use collector::Tags;

use crate::catalog;
use crate::records::Addresses;
use crate::records::Snapshots;
use crate::records::Volume;
use crate::records::VolumeUse;

/// The gauges of the group of volumes.
pub(crate) fn volumes(volumes: &[Volume], tags: &Tags) -> Batch {
    let mut batch = Batch::new();
    let count = |use_| volumes.iter().filter(|volume| volume.use_ == use_).count() as f64;
    let unattached = volumes.iter().filter(|volume| volume.use_ == VolumeUse::Unattached);
    batch.gauge(&catalog::VOLUMES_TOTAL, volumes.len() as f64, tags);
    batch.gauge(&catalog::VOLUMES_ATTACHED, count(VolumeUse::Attached), tags);
    batch.gauge(&catalog::VOLUMES_UNATTACHED, count(VolumeUse::Unattached), tags);
    batch.gauge_or_absent(&catalog::VOLUMES_SIZE, sum(volumes.iter().map(|volume| volume.size)), tags);
    batch.gauge_or_absent(&catalog::VOLUMES_UNATTACHED_SIZE, sum(unattached.map(|volume| volume.size)), tags);
    sizeless(&mut batch, volumes.iter().filter(|volume| volume.size.is_none()).count(), "volumes", tags);
    batch
}

/// The gauges of the group of snapshots. Those of others are in no number: a server that lists them ignores the filter
/// by owner, and what the account owns is known all the same.
pub(crate) fn snapshots(snapshots: &Snapshots, tags: &Tags) -> Batch {
    let mut batch = Batch::new();
    batch.gauge(&catalog::SNAPSHOTS_TOTAL, snapshots.sizes.len() as f64, tags);
    batch.gauge_or_absent(&catalog::SNAPSHOTS_SIZE, sum(snapshots.sizes.iter().copied()), tags);
    sizeless(&mut batch, snapshots.sizes.iter().filter(|size| size.is_none()).count(), "snapshots", tags);
    if snapshots.of_others > 0 {
        let others = snapshots.of_others;
        batch.warn(format!("EC2 ({tags}) listed {others} snapshots of other owners although asked for those of the account; they are left out"));
    }
    batch
}

/// The gauge of the group of addresses.
pub(crate) fn addresses(addresses: &Addresses, tags: &Tags) -> Batch {
    let mut batch = Batch::new();
    batch.gauge(&catalog::ADDRESSES_UNATTACHED, addresses.unattached as f64, tags);
    batch
}

/// None where a size is not known: the sum of the others would be too small.
fn sum(sizes: impl Iterator<Item = Option<u32>>) -> Option<f64> {
    sizes.map(|size| size.map(u64::from)).sum::<Option<u64>>().map(|sum| sum as f64)
}

fn sizeless(batch: &mut Batch, count: usize, what: &str, tags: &Tags) {
    if count > 0 {
        batch.warn(format!("EC2 ({tags}): {count} {what} have no size; the sum of sizes is not sent"));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::sample::tags;
    use crate::metrics::sample::value;

    fn volume(use_: VolumeUse, size: u32) -> Volume {
        Volume { use_, size: Some(size) }
    }

    #[test]
    fn volumes_by_their_use() {
        let batch = volumes(
            &[
                volume(VolumeUse::Attached, 100),
                volume(VolumeUse::Unattached, 8),
                volume(VolumeUse::Unattached, 16),
                volume(VolumeUse::Neither, 1000),
            ],
            &tags(),
        );
        let get = |name: &str| value(&batch, &format!("ec2.ebs.volumes.{name}"));
        assert_eq!((get("total"), get("attached"), get("unattached")), (Some(4.0), Some(1.0), Some(2.0)));
        assert_eq!((get("size_gb"), get("unattached_size_gb")), (Some(1124.0), Some(24.0)));
    }

    #[test]
    fn nothing_is_zero() {
        assert_eq!(volumes(&[], &tags()).gauges().iter().map(|gauge| gauge.value()).sum::<f64>(), 0.0);
        assert_eq!(volumes(&[], &tags()).gauges().len(), 5);
        assert_eq!(value(&snapshots(&Snapshots::default(), &tags()), "ec2.ebs.snapshots.total"), Some(0.0));
        assert_eq!(value(&addresses(&Addresses::default(), &tags()), "ec2.addresses.unattached"), Some(0.0));
    }

    #[test]
    fn what_has_no_size_is_counted_and_told_and_gives_no_sum() {
        let batch =
            volumes(&[Volume { use_: VolumeUse::Attached, size: None }, volume(VolumeUse::Attached, 3)], &tags());
        assert_eq!(value(&batch, "ec2.ebs.volumes.total"), Some(2.0));
        assert_eq!(value(&batch, "ec2.ebs.volumes.size_gb"), None);
        assert_eq!(value(&batch, "ec2.ebs.volumes.unattached_size_gb"), Some(0.0));
        assert!(batch.warnings()[0].contains("1 volumes have no size"), "{:?}", batch.warnings());
    }

    #[test]
    fn snapshots_of_others_are_left_out_and_told() {
        let batch = snapshots(&Snapshots { sizes: vec![Some(8), Some(100)], of_others: 1301 }, &tags());
        assert_eq!(value(&batch, "ec2.ebs.snapshots.total"), Some(2.0));
        assert_eq!(value(&batch, "ec2.ebs.snapshots.size_gb"), Some(108.0));
        assert!(batch.warnings()[0].contains("1301 snapshots of other owners"), "{:?}", batch.warnings());
    }

    proptest! {
        #[test]
        fn the_unattached_are_a_part(sizes in prop::collection::vec((0..3u8, 0..u32::MAX), 0..20)) {
            let uses = [VolumeUse::Attached, VolumeUse::Unattached, VolumeUse::Neither];
            let all: Vec<Volume> = sizes.iter().map(|(use_, size)| volume(uses[usize::from(*use_)], *size)).collect();
            let batch = volumes(&all, &tags());
            let get = |name: &str| value(&batch, &format!("ec2.ebs.volumes.{name}")).unwrap_or(f64::NAN);
            prop_assert!(get("attached") + get("unattached") <= get("total"));
            prop_assert!(get("unattached_size_gb") <= get("size_gb"));
        }
    }
}
