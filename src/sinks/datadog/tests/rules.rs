//! Datadog's rules for names, tags, units and time.

use super::NOW;
use super::point;
use super::points;
use crate::point::Point;
use crate::sinks::datadog::series::prepare;

fn tagged(tags: &[&str]) -> Point {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    Point { metric: "a.b", unit: "", value: 1.5, timestamp: NOW, tags }
}

#[test]
fn writes_a_gauge_as_the_intake_wants_it() {
    let prepared = prepare(vec![point("widgets", 0.1, NOW)], NOW);
    let expected = format!(
        r#"{{"metric":"github.prs.open","type":3,"points":[{{"timestamp":{NOW},"value":0.1}}],"tags":["env:test","org:acme","repo:acme/widgets"],"unit":"hour"}}"#
    );
    assert_eq!(&*prepared.series[0].json, expected);
    assert_eq!(prepared.warnings, Vec::<String>::new());
}

#[test]
fn only_units_of_datadogs_list_are_sent() {
    let json = |unit| prepare(vec![Point { unit, ..tagged(&[]) }], NOW).series[0].json.to_string();
    for known in ["second", "percent", "dollar", "commit", "task", "gibibyte"] {
        assert!(json(known).contains(&format!("\"unit\":\"{known}\"")), "{known}");
    }
    for unknown in ["", "pull request", "branch", "gpu", "run", "pod", "workflow"] {
        assert!(!json(unknown).contains("unit"), "{unknown}");
    }
}

#[test]
fn sorts_by_name_then_tags_whatever_the_order() {
    let named = |metric, tag: &str| Point { metric, ..tagged(&[tag]) };
    let sorted = vec![named("a.a", "x:2"), named("a.b", "x:1"), named("a.b", "x:2"), named("b", "x:0")];
    let mut reversed = sorted.clone();
    reversed.reverse();
    let prepared = prepare(reversed, NOW);
    assert_eq!(prepared.series, prepare(sorted, NOW).series);
    assert_eq!(prepared.series.iter().map(|s| s.metric()).collect::<Vec<_>>(), ["a.a", "a.b", "a.b", "b"]);
}

#[test]
fn tags_are_brought_into_datadogs_form_and_that_is_said() {
    let tags = |tags: &[&str]| {
        let prepared = prepare(vec![tagged(tags)], NOW);
        let json: serde_json::Value = serde_json::from_str(&prepared.series[0].json).unwrap();
        (
            json["tags"].as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect::<Vec<_>>(),
            prepared.warnings,
        )
    };
    assert_eq!(tags(&["Repo:Acme/Widgets"]), (vec!["repo:acme/widgets".to_owned()], vec![]), "case is no news");
    assert_eq!(tags(&["group:größe-1.2_x"]).1, Vec::<String>::new());
    for (odd, sent) in [("group:a b&c", "group:a_b_c"), ("1group:x", "group:x"), ("group:", "group")] {
        let (tags, warnings) = tags(&[odd]);
        assert_eq!(tags, [sent]);
        assert!(warnings.len() == 1 && warnings[0].contains(sent) && warnings[0].contains(odd), "{warnings:?}");
    }
    let (long, warnings) = tags(&[&format!("group:{}", "ä".repeat(300))]);
    assert_eq!((long[0].chars().count(), warnings.len()), (200, 1));
    let (none, warnings) = tags(&["123"]);
    assert_eq!((none.len(), warnings.len()), (0, 1));
}

#[test]
fn refuses_what_datadog_would_drop_silently_and_says_so() {
    let base = || tagged(&["x:1"]);
    let long: &'static str = "a".repeat(201).leak();
    let bad = [
        (Point { metric: "1abc", ..base() }, "metric name"),
        (Point { metric: "", ..base() }, "metric name"),
        (Point { metric: long, ..base() }, "metric name"),
        (Point { value: f64::NAN, ..base() }, "not a number"),
        (Point { value: f64::INFINITY, ..base() }, "not a number"),
        (Point { timestamp: NOW + 601, ..base() }, "10 minutes ahead"),
    ];
    for (point, words) in bad {
        let prepared = prepare(vec![point, base()], NOW);
        assert_eq!((prepared.refused, prepared.series.len()), (1, 1), "{words}");
        assert!(prepared.warnings.len() == 1 && prepared.warnings[0].contains(words), "{:?}", prepared.warnings);
    }
    let renamed = prepare(vec![Point { metric: "a-b", ..base() }], NOW);
    assert_eq!((renamed.series[0].metric().as_str(), renamed.warnings.len()), ("a_b", 1));
}

#[test]
fn the_same_point_twice_is_refused_once_whatever_the_order_of_its_tags() {
    let twins = vec![tagged(&["x:1", "y:2"]), Point { value: 9.0, ..tagged(&["y:2", "x:1", "x:1"]) }];
    let prepared = prepare(twins, NOW);
    assert_eq!((prepared.series.len(), prepared.refused, prepared.warnings.len()), (1, 1, 1));
    assert!(prepared.series[0].json.contains("1.5"), "the first one counts");
    let later = Point { timestamp: NOW - 1, ..tagged(&["x:1"]) };
    assert_eq!(prepare(vec![tagged(&["x:1"]), later], NOW).series.len(), 2, "another time is another point");
}

#[test]
fn gives_up_what_is_older_than_55_minutes() {
    let at = |age| Point { timestamp: NOW - age, ..tagged(&[]) };
    let prepared = prepare(vec![at(55 * 60), at(55 * 60 + 1)], NOW);
    assert_eq!((prepared.series.len(), prepared.too_old, prepared.refused), (1, 1, 0));
    assert_eq!(prepare(points(3), NOW + 7200).too_old, 3);
}
