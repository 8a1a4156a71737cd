//! Projects and what their latest status update says.

use std::collections::BTreeMap;

use collector::Batch;
use collector::Tags;

use crate::catalog;
use crate::records::Field;
use crate::records::Project;
use crate::records::shown;

/// The words of a project's status; those after the third have no metric.
pub(crate) const KNOWN: [&str; 6] = ["on_track", "at_risk", "off_track", "on_hold", "complete", "dropped"];

/// Gauges of the projects that are not archived. One listed twice counts once.
pub(crate) fn compute(projects: &[Project], tags: &Tags) -> Batch {
    let mut by_gid: BTreeMap<&str, &Project> = BTreeMap::new();
    for project in projects {
        let kept = by_gid.entry(&project.gid).or_insert(project);
        *kept = (*kept).max(project);
    }
    let mut batch = Batch::new();
    batch.gauge(&catalog::PROJECTS_ACTIVE, by_gid.len() as f64, tags);
    let untold: Vec<&str> = by_gid
        .values()
        .filter(|project| project.status == Field::Unreadable)
        .map(|project| shown(&project.gid))
        .collect();
    if let [first, ..] = untold.as_slice() {
        batch.warn(format!(
            "Asana does not tell the type of the status update of {} projects ({first}, ...); no status is sent",
            untold.len()
        ));
    }
    let statuses: Vec<&str> =
        by_gid.values().filter_map(|project| project.status.value()).map(|status| &**status).collect();
    let defs = [&catalog::PROJECTS_ON_TRACK, &catalog::PROJECTS_AT_RISK, &catalog::PROJECTS_OFF_TRACK];
    for (def, word) in defs.into_iter().zip(KNOWN) {
        let count = statuses.iter().filter(|status| **status == word).count();
        batch.gauge_or_absent(def, untold.is_empty().then_some(count as f64), tags);
    }
    let odd: Vec<&str> = statuses.into_iter().filter(|status| !KNOWN.contains(status)).collect();
    if let Some(odd_one) = odd.iter().min() {
        batch.warn(format!(
            "{} projects have a status that orgpulse does not know ({}); they count as active alone",
            odd.len(),
            word(odd_one)
        ));
    }
    batch
}

/// A status as it is put into messages. A server that sends something else may send anything, a credential too.
fn word(status: &str) -> &str {
    let is_word = (1..=32).contains(&status.len()) && status.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if is_word { status } else { "no word" }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;
    use crate::metrics::sample::*;

    fn project(gid: &str, status: Value) -> Project {
        serde_json::from_value(json!({"gid": gid, "current_status_update": status})).unwrap()
    }

    #[test]
    fn counts_each_status_and_none_for_a_project_without_one() {
        let of = |gid: &str, status: &str| project(gid, json!({"gid": "5", "status_type": status}));
        let projects = [
            of("1", "on_track"),
            of("2", "on_track"),
            of("3", "at_risk"),
            of("4", "off_track"),
            of("5", "on_hold"),
            of("6", "complete"),
            of("7", "dropped"),
            project("8", json!(null)),
            // Listed on two pages.
            of("1", "on_track"),
        ];
        let batch = compute(&projects, &tags());
        assert_eq!(value(&batch, "asana.projects.active"), Some(8.0));
        assert_eq!(value(&batch, "asana.projects.on_track"), Some(2.0));
        assert_eq!(value(&batch, "asana.projects.at_risk"), Some(1.0));
        assert_eq!(value(&batch, "asana.projects.off_track"), Some(1.0));
        assert!(batch.warnings().is_empty(), "{batch:?}");
    }

    #[test]
    fn an_empty_workspace_has_zeros() {
        let batch = compute(&[], &tags());
        let values: Vec<f64> = batch.gauges().iter().map(collector::Gauge::value).collect();
        assert_eq!(values, [0.0; 4]);
    }

    #[test]
    fn a_status_that_is_not_told_makes_no_smaller_number() {
        for odd in [json!({"gid": "5"}), json!({"status_type": null}), json!("on_track"), json!({"status_type": 3})] {
            let batch = compute(&[project("1", json!({"status_type": "on_track"})), project("2", odd)], &tags());
            assert_eq!(value(&batch, "asana.projects.active"), Some(2.0));
            for name in ["on_track", "at_risk", "off_track"] {
                assert_eq!(value(&batch, &format!("asana.projects.{name}")), None);
            }
            assert!(batch.warnings()[0].contains("of 1 projects (2"), "{batch:?}");
        }
        let missing: Project = serde_json::from_value(json!({"gid": "1"})).unwrap();
        assert_eq!(value(&compute(&[missing], &tags()), "asana.projects.on_track"), None);
    }

    #[test]
    fn a_new_status_is_told() {
        let batch = compute(&[project("1", json!({"status_type": "blocked"}))], &tags());
        assert_eq!(value(&batch, "asana.projects.on_track"), Some(0.0));
        assert!(batch.warnings()[0].contains("(blocked)"), "{batch:?}");
    }

    #[test]
    fn a_status_that_is_no_word_is_not_repeated() {
        // A server may send anything, also what it was sent.
        for odd in [crate::testing::TOKEN, "", "On Track", "0123456789abcdef", &"x".repeat(5000), "\u{1b}[31mred"] {
            let batch = compute(&[project("1", json!({"status_type": odd}))], &tags());
            let warning = &batch.warnings()[0];
            assert!(warning.contains("1 projects have a status") && warning.contains("(no word)"), "{warning}");
            assert!(warning.len() < 200, "{warning}");
        }
    }
}
