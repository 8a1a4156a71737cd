//! EC2's PlatformDetails in the words of the price list and of the spot price history.

/// How the price list names a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) system: &'static str,
    pub(crate) software: &'static str,
    /// The operation that is billed, which tells rows apart that the two words above do not.
    pub(crate) operation: &'static str,
    pub(crate) own_license: bool,
}

/// PlatformDetails, operatingSystem, preInstalledSw, operation: AWS's table "AMI billing information fields". Rows that
/// are not here (licences of one's own but Windows, marketplace images) have no price in the list that is theirs alone.
const TABLE: &[(&str, &str, &str, &str)] = &[
    ("Linux/UNIX", "Linux", "NA", "RunInstances"),
    ("Linux with SQL Server Enterprise", "Linux", "SQL Ent", "RunInstances:0100"),
    ("Linux with SQL Server Standard", "Linux", "SQL Std", "RunInstances:0004"),
    ("Linux with SQL Server Web", "Linux", "SQL Web", "RunInstances:0200"),
    ("Red Hat Enterprise Linux", "RHEL", "NA", "RunInstances:0010"),
    ("Red Hat Enterprise Linux with SQL Server Enterprise", "RHEL", "SQL Ent", "RunInstances:0110"),
    ("Red Hat Enterprise Linux with SQL Server Standard", "RHEL", "SQL Std", "RunInstances:0014"),
    ("Red Hat Enterprise Linux with SQL Server Web", "RHEL", "SQL Web", "RunInstances:0210"),
    ("Red Hat Enterprise Linux with HA", "Red Hat Enterprise Linux with HA", "NA", "RunInstances:1010"),
    (
        "Red Hat Enterprise Linux with SQL Server Enterprise and HA",
        "Red Hat Enterprise Linux with HA",
        "SQL Ent",
        "RunInstances:1110",
    ),
    (
        "Red Hat Enterprise Linux with SQL Server Standard and HA",
        "Red Hat Enterprise Linux with HA",
        "SQL Std",
        "RunInstances:1014",
    ),
    ("SUSE Linux", "SUSE", "NA", "RunInstances:000g"),
    ("Ubuntu Pro", "Ubuntu Pro", "NA", "RunInstances:0g00"),
    ("Windows", "Windows", "NA", "RunInstances:0002"),
    ("Windows BYOL", "Windows", "NA", "RunInstances:0800"),
    ("Windows with SQL Server Enterprise", "Windows", "SQL Ent", "RunInstances:0102"),
    ("Windows with SQL Server Standard", "Windows", "SQL Std", "RunInstances:0006"),
    ("Windows with SQL Server Web", "Windows", "SQL Web", "RunInstances:0202"),
];

/// How the price list names a platform; none for one that it does not price by itself.
pub(crate) fn listed(platform: &str) -> Option<Listed> {
    let row = TABLE.iter().find(|(details, ..)| *details == platform)?;
    let (details, system, software, operation) = *row;
    Some(Listed { system, software, operation, own_license: details.ends_with("BYOL") })
}

/// The platform of a row of the spot price history, which names some as "Linux/UNIX (Amazon VPC)".
pub(crate) fn spot_platform(description: &str) -> &str {
    description.strip_suffix(" (Amazon VPC)").unwrap_or(description)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_platforms_are_one_row_of_the_list() {
        let platforms: BTreeSet<_> = TABLE.iter().map(|row| row.0).collect();
        let operations: BTreeSet<_> = TABLE.iter().map(|row| row.3).collect();
        assert_eq!((platforms.len(), operations.len()), (TABLE.len(), TABLE.len()));
    }

    #[test]
    fn platforms_in_the_words_of_the_list() {
        let of = |platform| listed(platform).map(|listed| (listed.system, listed.software, listed.own_license));
        assert_eq!(of("Linux/UNIX"), Some(("Linux", "NA", false)));
        assert_eq!(of("Windows with SQL Server Standard"), Some(("Windows", "SQL Std", false)));
        assert_eq!(of("Windows BYOL"), Some(("Windows", "NA", true)));
        assert_eq!(of("Red Hat BYOL Linux"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn spot_rows_name_the_same_platform() {
        assert_eq!(spot_platform("Linux/UNIX (Amazon VPC)"), "Linux/UNIX");
        assert_eq!(spot_platform("Windows"), "Windows");
    }
}
