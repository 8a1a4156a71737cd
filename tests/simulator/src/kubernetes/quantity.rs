//! Amounts as Kubernetes writes them. The same amount has several spellings, which `variant` goes through.

const KI: u64 = 1 << 10;
const MI: u64 = 1 << 20;
const GI: u64 = 1 << 30;

/// Thousandths of CPUs.
pub fn cpu(milli: u64) -> String {
    if milli.is_multiple_of(1_000) { (milli / 1_000).to_string() } else { format!("{milli}m") }
}

/// Bytes as somebody wrote them into a manifest.
pub fn memory(bytes: u64, variant: usize) -> String {
    match variant % 3 {
        0 if bytes.is_multiple_of(GI) => format!("{}Gi", bytes / GI),
        0 | 1 if bytes.is_multiple_of(MI) => format!("{}Mi", bytes / MI),
        0 if bytes.is_multiple_of(1_000_000) => format!("{}M", bytes / 1_000_000),
        1 if bytes.is_multiple_of(1_000_000) => format!("{}e6", bytes / 1_000_000),
        _ => bytes.to_string(),
    }
}

/// Thousand-millionths of CPUs, as something measured them.
pub fn used_cpu(nano: u64, variant: usize) -> String {
    match variant % 3 {
        _ if nano == 0 => "0".to_owned(),
        0 if nano.is_multiple_of(1_000_000) => format!("{}m", nano / 1_000_000),
        1 if nano.is_multiple_of(1_000) => format!("{}u", nano / 1_000),
        _ => format!("{nano}n"),
    }
}

/// Bytes, likewise.
pub fn used_memory(bytes: u64, variant: usize) -> String {
    if variant % 4 < 3 && bytes.is_multiple_of(KI) { format!("{}Ki", bytes / KI) } else { bytes.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_the_same_amount() {
        assert_eq!((cpu(250), cpu(2_000), cpu(0)), ("250m".into(), "2".into(), "0".into()));
        let spellings = |bytes| [0, 1, 2].map(|variant| memory(bytes, variant));
        assert_eq!(spellings(2 * GI), ["2Gi", "2048Mi", "2147483648"]);
        assert_eq!(spellings(129_000_000), ["129M", "129e6", "129000000"]);
        assert_eq!(spellings(7), ["7", "7", "7"]);
        assert_eq!([0, 1, 2].map(|variant| used_cpu(3_000_000, variant)), ["3m", "3000u", "3000000n"]);
        assert_eq!([0, 1, 2].map(|variant| used_cpu(5, variant)), ["5n", "5n", "5n"]);
        assert_eq!(
            (used_memory(4_096, 0), used_memory(4_096, 3), used_memory(5, 0)),
            ("4Ki".into(), "4096".into(), "5".into())
        );
    }
}
