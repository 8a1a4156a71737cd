//! The documented rules for names, tags and units, and what becomes of those that break them.

/// Characters that a metric's name may have.
const LONGEST_NAME: usize = 200;

/// Characters of a tag that are kept.
const LONGEST_TAG: usize = 200;

/// The name as it is stored: every character but ASCII letters, digits, `_` and `.` becomes `_`.
///
/// # Errors
/// When it does not start with an ASCII letter or has more than 200 characters: says which.
pub(super) fn metric_name(name: &str) -> Result<String, String> {
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Err(format!("metric name {name:?} does not start with a letter"));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(format!("metric name {name:?} has more than {LONGEST_NAME} characters"));
    }
    Ok(name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '_' }).collect())
}

/// The tag as it is stored: in lower case, what comes before its first letter removed, every character but letters,
/// digits and `_-:./` replaced by `_`, at most 200 characters, no colon at its end. None when nothing is left.
pub(super) fn tag(tag: &str) -> Option<String> {
    let lower = tag.to_lowercase();
    let kept: String = lower
        .trim_start_matches(|c: char| !c.is_alphabetic())
        .chars()
        .take(LONGEST_TAG)
        .map(|c| if c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | '/') { c } else { '_' })
        .collect();
    let kept = kept.trim_end_matches(':');
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// Whether the unit is one that Datadog's page of units lists.
pub(super) fn is_known_unit(unit: &str) -> bool {
    UNITS.split_whitespace().any(|known| known == unit)
}

/// Without those of two words and of voltage, current and temperature, which an organisation's pulse does not have.
const UNITS: &str = "
    bit byte kibibyte mebibyte gibibyte tebibyte pebibyte exbibyte
    nanosecond microsecond millisecond second minute hour day week
    percent_nano percent apdex fraction
    connection request packet segment response message payload timeout datagram route session hop
    process thread host node fault service instance cpu file inode sector block
    buffer error read write occurrence event time unit operation item task worker resource email sample stage monitor
    location check attempt device update method job container execution throttle invocation user success build
    prediction exception
    table index lock transaction query row key command offset record object cursor assertion scan document shard flush
    merge refresh fetch column commit wait ticket question
    hit miss eviction get set dollar cent microdollar euro pound page split hertz kilohertz megahertz gigahertz entry
    nanocore microcore millicore core kilocore watt kilowatt span run step";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_rewritten_or_refused() {
        assert_eq!(metric_name("github.prs.open_7d").as_deref(), Ok("github.prs.open_7d"));
        assert_eq!(metric_name("Git hub-prs/é").as_deref(), Ok("Git_hub_prs__"));
        assert!(metric_name(&"a".repeat(200)).is_ok());
        assert!(metric_name(&"a".repeat(201)).is_err());
        for bad in ["", "7d", "_a", ".a", "é"] {
            assert!(metric_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn tags_are_rewritten_as_documented() {
        for (given, stored) in [
            ("env:prod", Some("env:prod")),
            ("Env:PROD", Some("env:prod")),
            ("repo:acme/widgets.rs-x_y", Some("repo:acme/widgets.rs-x_y")),
            ("team:öl & gas", Some("team:öl___gas")),
            ("team:Ärzte", Some("team:ärzte")),
            ("1st:x", Some("st:x")),
            (" env:prod", Some("env:prod")),
            ("env:", Some("env")),
            ("env::", Some("env")),
            ("env", Some("env")),
            ("123", None),
            ("", None),
        ] {
            assert_eq!(tag(given).as_deref(), stored, "{given:?}");
        }
        assert_eq!(tag(&"a".repeat(201)), Some("a".repeat(200)));
        assert_eq!(tag(&format!("{}:b", "a".repeat(199))), Some("a".repeat(199)));
    }

    #[test]
    fn units_are_words_of_the_list() {
        assert!(is_known_unit("gibibyte") && is_known_unit("commit"));
        assert!(!is_known_unit("") && !is_known_unit("pull request") && !is_known_unit("giga"));
    }
}
