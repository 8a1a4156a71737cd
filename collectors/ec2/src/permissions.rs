//! The IAM actions that a configuration needs.

use crate::config::Config;
use crate::config::Regions;

/// One action of an IAM policy. EC2, CloudWatch and the price list know no narrower resource than `*` for these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// `ec2:DescribeInstances`
    pub action: &'static str,
    /// What it is for.
    pub why: &'static str,
    /// The setting that makes it needed; empty for what always is.
    pub condition: &'static str,
}

/// What the credential must be allowed, in the order of the services. `sts:GetCallerIdentity` is not among them: AWS
/// allows it to every identity.
pub fn permissions(config: &Config) -> Vec<Permission> {
    let all = config.regions == Regions::All;
    let prices = config.price_file.is_none();
    let rows = [
        ("ec2:DescribeInstances", "instances", "", true),
        ("ec2:DescribeInstanceTypes", "GPUs and vCPUs of the types that run", "", true),
        ("ec2:DescribeVolumes", "EBS volumes", "", true),
        ("ec2:DescribeSnapshots", "EBS snapshots", "", true),
        ("ec2:DescribeAddresses", "Elastic IP addresses", "", true),
        ("ec2:DescribeRegions", "the enabled regions", "ec2.regions is all", all),
        ("ec2:DescribeSpotPriceHistory", "spot prices", "ec2.price_file is not set", prices),
        ("pricing:GetProducts", "on-demand prices", "ec2.price_file is not set", prices),
        ("cloudwatch:GetMetricData", "CPU utilization, for idle instances", "ec2.idle is on", config.idle),
    ];
    let needed = rows.into_iter().filter(|(.., needed)| *needed);
    needed.map(|(action, why, condition, _)| Permission { action, why, condition }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::PriceFile;
    use crate::testing::config;

    fn actions(config: &Config) -> Vec<&'static str> {
        permissions(config).iter().map(|permission| permission.action).collect()
    }

    #[test]
    fn only_what_is_enabled_is_asked_for() {
        let least = Config { price_file: Some(PriceFile::default()), idle: false, ..config("http://x") };
        let always = actions(&least);
        assert!(always.iter().all(|action| action.starts_with("ec2:Describe")) && always.len() == 5, "{always:?}");
        let most = Config { regions: Regions::All, ..config("http://x") };
        let further: Vec<_> = actions(&most).into_iter().filter(|action| !always.contains(action)).collect();
        let expected =
            ["ec2:DescribeRegions", "ec2:DescribeSpotPriceHistory", "pricing:GetProducts", "cloudwatch:GetMetricData"];
        assert_eq!(further, expected);
    }
}
