use serde_json::json;

use super::*;
use crate::metrics::sample::raw;

fn page(text: &str) -> Result<Page<Anything>, serde_json::Error> {
    serde_json::from_str(text)
}

#[test]
fn a_page_without_data_or_next_page_is_none() {
    assert!(page(r#"{"data": [], "next_page": null}"#).is_ok_and(|page| page.next_page.is_none()));
    let offset = page(r#"{"data": [{}], "next_page": {"offset": "abc", "path": "/x"}}"#).unwrap().next_page.unwrap();
    assert_eq!(offset.offset, "abc");
    for text in [
        r#"{"data": []}"#,
        r#"{"next_page": null}"#,
        r#"{"data": null, "next_page": null}"#,
        r#"{"data": [null], "next_page": null}"#,
        r#"{"data": {}, "next_page": null}"#,
        r#"{"data": [], "next_page": {}}"#,
        r#"{"data": [], "next_page": {"offset": null}}"#,
        r#"{"data": [], "next_page": "abc"}"#,
        r#"[]"#,
        r#"{"errors": []}"#,
    ] {
        assert!(page(text).is_err(), "{text}");
    }
}

#[test]
fn a_task_that_could_be_counted_nowhere_is_refused_and_named() {
    for (with, words) in [
        (json!({"gid": null}), "a task has no gid"),
        (json!({"gid": ""}), "a task has no gid"),
        (json!({"gid": 5}), "a task has no gid"),
        (json!({"completed": null}), "task 5 has no completed"),
        (json!({"completed": "yes"}), "task 5 has no completed"),
        (json!({"created_at": null}), "task 5 has no created_at"),
        (json!({"created_at": "yesterday"}), "task 5 has no created_at"),
        (json!({"created_at": "2026-13-40T00:00:00Z"}), "task 5 has no created_at"),
    ] {
        let error = serde_json::from_value::<Task>(raw("5", with.clone())).unwrap_err().to_string();
        assert!(error.contains(words), "{with}: {error}");
    }
}

#[test]
fn what_else_is_odd_is_kept_as_unreadable() {
    let with = |with| serde_json::from_value::<Task>(raw("5", with)).unwrap();
    for odd in [json!("soon"), json!(17), json!({}), json!("2026-02-30")] {
        assert_eq!(with(json!({"due_on": odd})).due, Due::Unreadable, "{odd}");
        assert_eq!(with(json!({"due_at": odd, "due_on": "2026-03-10"})).due, Due::Unreadable, "{odd}");
        assert_eq!(with(json!({"completed": true, "completed_at": odd})).state, State::Completed(None), "{odd}");
    }
    assert_eq!(with(json!({"completed": true})).state, State::Completed(None));
    assert_eq!(with(json!({"assignee": {"name": "Ann"}})).assignee, Field::Unreadable);
    assert_eq!(with(json!({"assignee": "Ann"})).assignee, Field::Unreadable);
    assert_eq!(with(json!({"memberships": 3})).memberships, Field::Unreadable);
    assert_eq!(with(json!({"memberships": [3]})).memberships, Field::Unreadable);
    // Not sent although it was asked for.
    let bare: Task =
        serde_json::from_value(json!({"gid": "5", "completed": true, "created_at": "2026-03-09T12:00:00Z"})).unwrap();
    assert_eq!((bare.due, bare.assignee, bare.state), (Due::Unreadable, Field::Unreadable, State::Completed(None)));
}

#[test]
fn a_time_wins_over_a_date() {
    let due = |with| serde_json::from_value::<Task>(raw("5", with)).unwrap().due;
    assert_eq!(due(json!({})), Due::Never);
    assert_eq!(due(json!({"due_on": "2026-03-10"})), Due::On("2026-03-10".parse().unwrap()));
    let at = due(json!({"due_on": "2026-03-10", "due_at": "2026-03-11T02:30:00.000Z"}));
    assert_eq!(at, Due::At("2026-03-11T02:30:00Z".parse().unwrap()));
    assert_eq!(due(json!({"due_on": 5, "due_at": "2026-03-11T02:30:00Z"})), at);
}

#[test]
fn only_a_plain_gid_becomes_part_of_an_address_or_a_message() {
    for odd in [json!({}), json!({"gid": "../users/me"}), json!({"gid": "1?x=2"}), json!({"gid": null})] {
        assert!(serde_json::from_value::<Project>(odd.clone()).is_err(), "{odd}");
    }
    assert_eq!((shown("1204"), shown("a b"), shown(&"9".repeat(33))), ("1204", "(odd gid)", "(odd gid)"));
}
