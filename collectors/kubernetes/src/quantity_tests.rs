use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// The published cases: ORGPULSE_CONTRACTS names the folder, else it is beside the checkout.
#[expect(clippy::print_stderr, reason = "a check that cannot be made here must not pass in silence")]
fn published() -> Option<Value> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/contracts").to_owned();
    let folder = std::env::var("ORGPULSE_CONTRACTS").unwrap_or(beside);
    let Ok(text) = std::fs::read_to_string(format!("{folder}/kubernetes/quantity-cases.json")) else {
        assert!(std::env::var_os("CI").is_none(), "set ORGPULSE_CONTRACTS to the folder of Kubernetes' contract");
        eprintln!("NOT CHECKED against the cases of quantities: set ORGPULSE_CONTRACTS to the folder of contracts");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn every_published_case_is_read_as_it_says() {
    let Some(cases) = published() else { return };
    let valid = cases["valid"].as_array().unwrap();
    let invalid = cases["invalid"].as_array().unwrap();
    assert!(valid.len() > 20 && invalid.len() > 9, "the cases were not understood");
    for case in valid {
        let text = case["text"].as_str().unwrap();
        assert_eq!(Quantity::parse(text).map(Quantity::number), case["value"].as_f64(), "{text}");
    }
    for text in invalid {
        assert_eq!(Quantity::parse(text.as_str().unwrap()), None, "{text}");
    }
}

#[test]
fn quantities_are_exact_to_a_billionth() {
    for (text, billionths) in [
        ("1n", 1),
        ("0.1", 100_000_000),
        ("1.5Gi", 1_610_612_736_000_000_000),
        ("0.1Ki", 102_400_000_000),
        ("1E", 1_000_000_000_000_000_000_000_000_000),
        ("1E0", 1_000_000_000),
        ("1e-9", 1),
        ("5.", 5_000_000_000),
        ("-100m", -100_000_000),
        ("0.000000000000000000000000000000000000000000", 0),
        // What is finer rounds up.
        ("1.5n", 2),
        ("0.1n", 1),
        ("1e-30", 1),
        ("0.00000000000000001", 1),
        ("1.0000000000000000000000000000001n", 2),
        // As large as it gets.
        ("1e40", MAX),
        ("1e99999999999", MAX),
        ("99999999999999999999999999999999999999999999999999Ei", MAX),
        ("0e99999999999", 0),
        ("1e-99999999999", 1),
    ] {
        assert_eq!(Quantity::parse(text), Some(Quantity(billionths)), "{text}");
    }
}

#[test]
fn what_is_none_is_refused() {
    for text in [".", "+", "-", "1i", "Ki", "1ki", "1e+", "1e1.5", "1 ", " 1", "1Zi", "1m5", "١", "1e5m", "\u{0}"] {
        assert_eq!(Quantity::parse(text), None, "{text:?}");
    }
    assert!(serde_json::from_str::<Quantity>("\"1GiB\"").is_err());
    assert!(serde_json::from_str::<Quantity>("1.5").is_err());
    // No one requests, uses or offers less than nothing.
    for negative in ["\"-5\"", "\"-1n\"", "-5"] {
        assert!(serde_json::from_str::<Quantity>(negative).is_err(), "{negative}");
    }
    assert_eq!(serde_json::from_str::<Quantity>("\"-0\"").unwrap(), Quantity::ZERO);
    assert_eq!(serde_json::from_str::<Quantity>("3").unwrap(), Quantity::whole(3));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,12}|[-+]?[0-9.]{0,50}([numkMGTPE]i?|[eE][-+]?[0-9]{0,12})?") {
        if let Some(quantity) = Quantity::parse(&text) {
            prop_assert!(quantity.0.abs() <= MAX);
            prop_assert!(quantity.number().is_finite());
        }
    }

    #[test]
    fn a_thousand_of_the_lesser_is_one_of_the_greater(count in 0..1_000_000u32) {
        let decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P"];
        for pair in decimal.windows(2) {
            prop_assert_eq!(Quantity::parse(&format!("{count}000{}", pair[0])), Quantity::parse(&format!("{count}{}", pair[1])));
        }
        let binary = ["Ki", "Mi", "Gi", "Ti"];
        for pair in binary.windows(2) {
            let lesser = u64::from(count) * 1024;
            prop_assert_eq!(Quantity::parse(&format!("{lesser}{}", pair[0])), Quantity::parse(&format!("{count}{}", pair[1])));
        }
    }
}
