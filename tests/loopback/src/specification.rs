//! The specification of the metrics: one file for all sources, kept beside the checkout. A metric is one line of it.

use std::collections::BTreeSet;

use collector::MetricDef;

/// A metric's line: name, unit, and its tags where they are not the section's.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    name: String,
    unit: String,
    tags: Vec<String>,
}

/// Fails unless the catalog holds exactly the metrics of this section, with their units and tags, and names each once.
/// Without the file the check cannot be made: it says so, and under CI it fails.
#[expect(clippy::print_stderr, reason = "a check that did not happen has to be seen")]
pub fn hold(section: &str, catalog: &[MetricDef]) {
    let names: BTreeSet<_> = catalog.iter().map(|def| def.name).collect();
    assert_eq!(names.len(), catalog.len(), "a metric is named twice");
    let folder = std::env::var("ORGPULSE_SPEC")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/spec").to_owned());
    let Ok(text) = std::fs::read_to_string(format!("{folder}/metrics.yaml")) else {
        assert!(std::env::var_os("CI").is_none(), "no metrics.yaml in {folder}; set ORGPULSE_SPEC");
        eprintln!("NOT CHECKED against the specification: no metrics.yaml in {folder}");
        return;
    };
    let sorted = |tags: Vec<String>| {
        let mut tags = tags;
        tags.sort();
        tags
    };
    let ours: BTreeSet<Line> = catalog
        .iter()
        .map(|def| Line {
            name: def.name.to_owned(),
            unit: def.unit.to_owned(),
            tags: sorted(def.tags.iter().map(|tag| (*tag).to_owned()).collect()),
        })
        .collect();
    let specified: BTreeSet<Line> =
        read(&text, section).into_iter().map(|line| Line { tags: sorted(line.tags), ..line }).collect();
    assert_eq!(ours, specified);
}

/// The names of a section's metrics, whatever else is said of them. Without the file none: it says so, and under CI it fails.
#[expect(clippy::print_stderr, reason = "a check that did not happen has to be seen")]
pub fn names(section: &str) -> Option<BTreeSet<String>> {
    let folder = std::env::var("ORGPULSE_SPEC")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/spec").to_owned());
    let Ok(text) = std::fs::read_to_string(format!("{folder}/metrics.yaml")) else {
        assert!(std::env::var_os("CI").is_none(), "no metrics.yaml in {folder}; set ORGPULSE_SPEC");
        eprintln!("NOT CHECKED against the specification: no metrics.yaml in {folder}");
        return None;
    };
    let head = format!("{section}:");
    let lines = text.lines().skip_while(|line| **line != head).skip(1);
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    let names = lines.filter_map(|line| line.trim_start().strip_prefix("- {name: ")?.split_once(','));
    Some(names.map(|(name, _)| name.to_owned()).collect())
}

/// The lines of a section. A metric's `tags` come on top of the section's, its `tags_override` in their place.
fn read(text: &str, section: &str) -> Vec<Line> {
    let head = format!("{section}:");
    let lines = text.lines().skip_while(|line| **line != head).skip(1);
    let lines: Vec<&str> = lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#'])).collect();
    let common = lines.iter().find_map(|line| line.trim_start().strip_prefix("tags: ")).map(list);
    let common = common.unwrap_or_else(|| panic!("the section {section} has no tags"));
    let metrics: Vec<Line> = lines
        .iter()
        .filter_map(|line| line.trim_start().strip_prefix("- {name: "))
        .map(|line| {
            let (name, rest) = line.split_once(", unit: ").expect("a unit after the name");
            let (unit, rest) = rest.split_once(", ").expect("something after the unit");
            // What the metric means may hold any word.
            let rest = rest.split_once(" is: ").map_or(rest, |(before, _)| before);
            let tags = match (rest.split_once("tags_override: "), rest.split_once("tags: ")) {
                (Some((_, tags)), _) => list(tags),
                (None, Some((_, tags))) => [common.clone(), list(tags)].concat(),
                (None, None) => common.clone(),
            };
            Line { name: name.to_owned(), unit: unit.trim_matches('"').to_owned(), tags }
        })
        .collect();
    assert!(!metrics.is_empty(), "the section {section} was not understood");
    metrics
}

/// The words of `[a, b]`, whatever follows.
fn list(text: &str) -> Vec<String> {
    let inside = text.trim_start_matches('[').split(']').next().unwrap_or_default();
    inside.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
one:
  tags: [a, b]     # why
  metrics:
    - {name: one.x, unit: job, origin: seed, is: \"jobs, tags: [no]\"}
    - {name: one.y, unit: \"\", origin: add, tags: [c], is: \"more\"}
    # a remark
    - {name: one.z, unit: \"\", origin: seed, tags_override: [], is: \"none\"}
two:
  tags: []
  metrics:
    - {name: two.x, unit: job, origin: seed, is: \"\"}
";

    #[test]
    fn reads_units_and_tags_of_one_section() {
        let line = |name: &str, unit: &str, tags: &[&str]| Line {
            name: name.to_owned(),
            unit: unit.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        let one = vec![line("one.x", "job", &["a", "b"]), line("one.y", "", &["a", "b", "c"]), line("one.z", "", &[])];
        assert_eq!(read(TEXT, "one"), one);
        assert_eq!(read(TEXT, "two"), vec![line("two.x", "job", &[])]);
    }

    #[test]
    #[should_panic(expected = "has no tags")]
    fn an_unknown_section_is_no_empty_one() {
        read(TEXT, "three");
    }
}
