//! What the simulated Asana answers: who may ask, what is shown, pages, limits, things that go away.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

mod asana_desk;

use asana_desk::Desk;
use asana_desk::told;
use serde_json::Value;
use serde_json::json;
use simulator::Scale;
use simulator::asana::Rate;
use simulator::asana::TOKEN;
use simulator::asana::Throttle;
use simulator::organisation::asana::AsanaScale;
use std::collections::BTreeSet;
use std::time::Duration;

/// With pages that end exactly where the listing does.
fn with_pages() -> Desk {
    Desk::start(Scale { asana: AsanaScale { tasks: 900, ..AsanaScale::small() }, ..Scale::small() })
}

fn gids(items: &[Value]) -> BTreeSet<&str> {
    items.iter().map(|item| item["gid"].as_str().unwrap()).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn only_the_token_is_let_in() {
    let desk = Desk::small();
    let refused = [
        told(desk.request("/users/me")).await,
        told(desk.request("/users/me").bearer_auth("0/wrong")).await,
        told(desk.request("/users/me").basic_auth(TOKEN, Some(""))).await,
    ];
    for told in refused {
        assert_eq!((told.status, told.message()), (401, "Not Authorized"));
    }
    let me = desk.get("/users/me").await;
    assert_eq!((me.status, me.header("content-type")), (200, "application/json; charset=UTF-8"));
    assert_eq!(me.body["data"]["gid"], desk.asana().users[0].gid);
    desk.simulator.asana().revoke_after(2);
    let seen = [desk.get("/users/me").await, desk.get("/workspaces").await, desk.get("/workspaces").await];
    assert_eq!(seen.each_ref().map(|told| told.status), [200, 200, 401]);
}

#[tokio::test]
async fn a_workspace_is_its_members_alone() {
    let desk = Desk::small();
    let [ours, second, foreign, empty] = &desk.asana().workspaces[..] else { panic!() };
    let listed = desk.get("/workspaces").await;
    assert_eq!(gids(listed.items()), BTreeSet::from([&*ours.gid, &*second.gid, &*empty.gid]));
    for path in ["/projects?workspace=", "/workspaces/"] {
        let status = async |gid: &str| desk.get(&format!("{path}{gid}")).await.status;
        assert_eq!([status(&foreign.gid).await, status("77").await, status("Acme").await], [403, 404, 400], "{path}");
    }
    let nothing = async |gid: &str| {
        let told = desk.get(&format!("/projects?workspace={gid}&limit=100")).await;
        assert_eq!((told.status, told.body), (200, json!({ "data": [], "next_page": null })));
    };
    nothing(&empty.gid).await;
    desk.simulator.asana().list_nothing_of_foreign_workspaces();
    nothing(&foreign.gid).await;
    nothing("77").await;
    let elsewhere = &desk.asana().projects.iter().find(|p| p.workspace == 2).unwrap().gid;
    assert_eq!(desk.get(&format!("/projects/{elsewhere}/tasks?limit=100")).await.status, 403);
}

#[tokio::test]
async fn projects_are_filtered_and_the_hidden_ones_left_out() {
    let desk = Desk::small();
    let listed = async |query: &str| {
        let told = desk.get(&format!("/projects?workspace={}{query}", desk.workspace())).await;
        assert_eq!(told.status, 200, "{}", told.body);
        gids(told.items()).into_iter().map(str::to_owned).collect::<BTreeSet<String>>()
    };
    let of = |archived: bool| -> BTreeSet<String> {
        let fits = desk.asana().projects.iter().filter(|p| p.workspace == 0 && p.is_visible && p.archived == archived);
        fits.map(|p| p.gid.clone()).collect()
    };
    assert_eq!(of(false).len(), 8);
    assert_eq!(listed("&archived=false").await, of(false));
    assert_eq!(listed("&archived=true").await, of(true));
    assert_eq!(listed("").await, of(false).union(&of(true)).cloned().collect());
    assert_eq!(desk.get("/projects?archived=no").await.status, 400);
    let hidden = &desk.asana().projects.iter().find(|p| p.workspace == 0 && !p.is_visible).unwrap().gid;
    for below in ["", "/tasks", "/sections"] {
        assert_eq!(desk.get(&format!("/projects/{hidden}{below}")).await.status, 403, "{below}");
        assert_eq!(desk.get(&format!("/projects/4{below}")).await.message(), "project: Unknown object: 4");
    }
}

#[tokio::test]
async fn objects_are_compact_and_show_what_is_asked_for() {
    let desk = Desk::small();
    let project = &desk.asana().projects[desk.asana().bugs.unwrap()].gid;
    let compact = desk.get(&format!("/projects/{project}/tasks?limit=5")).await;
    assert_eq!(keys(&compact.items()[0]), ["gid", "name", "resource_subtype", "resource_type"]);
    let asked = "completed,assignee,memberships.project.gid,memberships.section.name,parent.gid,nonsense,name.deeper";
    let told = desk.get(&format!("/projects/{project}/tasks?limit=100&opt_fields={asked}")).await;
    let items = told.items();
    for item in items {
        assert_eq!(keys(item), ["assignee", "completed", "gid", "memberships", "name", "parent"]);
        for membership in item["memberships"].as_array().unwrap() {
            assert_eq!(keys(membership), ["project", "section"]);
            assert_eq!(keys(&membership["project"]), ["gid"]);
            assert!(membership["section"].is_null() || keys(&membership["section"]) == ["gid", "name"]);
        }
    }
    let assigned = items.iter().find(|item| item["assignee"].is_object()).unwrap();
    assert_eq!(keys(&assigned["assignee"]), ["gid", "resource_type"]);
    assert!(items.iter().any(|item| item["assignee"].is_null()));
    let odd = desk.simulator.asana().oddities();
    let path = format!("/projects/{project}/tasks");
    assert_eq!(odd, [format!("{path}: field name.deeper"), format!("{path}: field nonsense")]);
    // Known to Asana, and not simulated: refused, not left out.
    assert_eq!(desk.get(&format!("{path}?opt_fields=tags.name")).await.status, 501);
    assert_eq!(desk.get("/users/me?colour=red").await.status, 200);
    assert!(desk.simulator.asana().oddities().contains(&"/users/{user_gid}: parameter colour".to_owned()));
    let status = "current_status_update.status_type,current_status_update.created_at";
    let told = desk.get(&format!("/projects?workspace={}&limit=100&opt_fields={status}", desk.workspace())).await;
    let kinds: BTreeSet<&str> =
        told.items().iter().map(|item| item["current_status_update"]["status_type"].as_str().unwrap_or("-")).collect();
    assert!(kinds.len() > 2, "{kinds:?}");
    // Of a place in a hidden project nothing is told.
    let tasks = &desk.asana().tasks;
    let hidden = |p: usize| !desk.asana().projects[p].is_visible;
    for task in tasks.iter().filter(|t| t.memberships.iter().any(|m| hidden(m.project)) && t.memberships.len() > 1) {
        let told = desk.get(&format!("/tasks/{}?opt_fields=memberships.project.gid", task.gid)).await;
        let seen = task.memberships.iter().filter(|m| !hidden(m.project)).count();
        assert_eq!(told.body["data"]["memberships"].as_array().map_or(0, Vec::len), seen);
    }
}

#[tokio::test]
async fn a_listing_has_pages_only_where_a_limit_is_given() {
    let desk = with_pages();
    let since = "completed_since=2026-10-21T12:00:00.000Z";
    for (project, size, pages) in [(2, 200, 2), (3, 100, 1)] {
        let path = format!("/projects/{}/tasks?{since}", desk.asana().projects[project].gid);
        let (items, took) = desk.walk(&format!("{path}&limit=100")).await;
        assert_eq!((items.len(), gids(&items).len(), took), (size, size, pages));
        let whole = desk.get(&path).await;
        assert_eq!(gids(whole.items()), gids(&items));
        assert_eq!(keys(&whole.body), ["data"]);
        let last = desk.get(&format!("{path}&limit=100")).await;
        assert_eq!(last.body.get("next_page").map(Value::is_null), Some(pages == 1));
    }
    for limit in ["0", "101", "ten", ""] {
        assert_eq!(desk.get(&format!("/workspaces?limit={limit}")).await.status, 400, "{limit}");
    }
    let next = desk.get("/workspaces?limit=1&opt_fields=name").await.body["next_page"].clone();
    assert_eq!(next["uri"], format!("{}{}", desk.simulator.asana_url(), next["path"].as_str().unwrap()));
    let second = desk.get(next["path"].as_str().unwrap()).await;
    assert_eq!(second.items(), [json!({ "gid": desk.asana().workspaces[1].gid, "name": "Acme Lab" })]);
    let large = Scale { asana: AsanaScale { projects: 1, tasks: 1_100, ..AsanaScale::small() }, ..Scale::small() };
    let desk = Desk::start(large);
    let told = desk.get(&format!("/projects/{}/tasks", desk.asana().projects[0].gid)).await;
    assert_eq!(told.status, 400);
    assert!(told.message().starts_with("The result is too large."), "{}", told.message());
}

#[tokio::test]
async fn an_offset_is_good_for_its_query_and_may_expire() {
    let desk = Desk::small();
    let first = desk.get("/workspaces?limit=1").await.offset().unwrap();
    let with = async |query: &str, offset: &str| {
        let told = desk.get(&format!("/workspaces?{query}&offset={offset}")).await;
        (told.status, told.message().to_owned())
    };
    assert_eq!(with("limit=1", &first).await.0, 200);
    assert_eq!(with("limit=1", &first).await.0, 200);
    let invalid = (400, "offset: Your pagination token is invalid.".to_owned());
    assert_eq!(with("limit=2", &first).await, invalid);
    assert_eq!(with("limit=1&opt_fields=name", &first).await, invalid);
    assert_eq!(with("limit=1", "1").await, invalid);
    let expired = (400, "offset: Your pagination token has expired.".to_owned());
    desk.simulator.asana().expire_offsets(1);
    assert_eq!(with("limit=1", &first).await, expired);
    let second = desk.get("/workspaces?limit=1").await.offset().unwrap();
    assert_eq!(with("limit=1", &second).await.0, 200);
    desk.simulator.asana().offset_uses(0);
    let third = desk.get("/workspaces?limit=1").await.offset().unwrap();
    assert_eq!(with("limit=1", &third).await, expired);
}

#[tokio::test]
async fn pages_may_overlap_or_never_end() {
    let desk = Desk::small();
    let whole = desk.walk("/workspaces?limit=2").await.0;
    desk.simulator.asana().overlap_pages(1);
    let (items, pages) = desk.walk("/workspaces?limit=2").await;
    assert_eq!((items.len(), gids(&items), pages), (4, gids(&whole), 2));
    desk.simulator.asana().repeat_pages();
    let first = desk.get("/workspaces?limit=2").await;
    let mut offset = first.offset();
    for _ in 0..3 {
        let page = desk.get(&format!("/workspaces?limit=2&offset={}", offset.unwrap())).await;
        assert_eq!(page.items(), first.items());
        offset = page.offset();
    }
}

#[tokio::test]
async fn tasks_are_those_of_the_project_that_were_not_completed_before() {
    let desk = Desk::small();
    let asana = desk.asana();
    let bugs = asana.bugs.unwrap();
    let gid = &asana.projects[bugs].gid;
    let of = |fits: &dyn Fn(&simulator::organisation::asana::Task) -> bool| -> BTreeSet<&str> {
        let fit = asana.tasks.iter().filter(|t| t.membership(bugs).is_some() && fits(t));
        fit.map(|t| t.gid.as_str()).collect()
    };
    let edge = "2026-11-13T12:00:00Z".parse().unwrap();
    let (all, _) = desk.walk(&format!("/projects/{gid}/tasks?limit=7")).await;
    assert_eq!(gids(&all), of(&|_| true));
    let (open, _) = desk.walk(&format!("/projects/{gid}/tasks?limit=7&completed_since=now")).await;
    assert_eq!(gids(&open), of(&|t| t.completed_at.is_none()));
    // Any way of writing an instant; what was completed at it is in.
    for text in ["2026-11-13T12:00:00Z", "2026-11-13T12%3A00%3A00.000Z", "2026-11-13T14:00:00%2B02:00"] {
        let path = format!("limit=9&completed_since={text}");
        let (week, _) = desk.walk(&format!("/projects/{gid}/tasks?{path}")).await;
        assert_eq!(gids(&week), of(&|t| t.completed_at.is_none_or(|at| at >= edge)), "{text}");
        let (same, _) = desk.walk(&format!("/tasks?project={gid}&{path}")).await;
        assert_eq!(week, same);
    }
    assert!(of(&|t| t.completed_at == Some(edge)).len() == 1, "the edge itself is tried");
    assert_eq!(desk.get(&format!("/projects/{gid}/tasks?completed_since=lately")).await.status, 400);
    assert_eq!(desk.get("/tasks?limit=5").await.status, 400);
    let mut by_section = 0;
    for section in desk.get(&format!("/projects/{gid}/sections?limit=100")).await.items() {
        let section = section["gid"].as_str().unwrap();
        by_section += desk.walk(&format!("/sections/{section}/tasks?limit=50")).await.0.len();
    }
    assert_eq!(by_section, of(&|t| t.membership(bugs).unwrap().section.is_some()).len());
    let hidden = asana.tasks.iter().find(|t| t.workspace == 2).unwrap();
    assert_eq!(desk.get(&format!("/tasks/{}", hidden.gid)).await.status, 403);
    let search = desk.get(&format!("/workspaces/{}/tasks/search?text=x", desk.workspace())).await;
    assert_eq!((search.status, search.message().is_empty()), (402, false));
}

#[tokio::test]
async fn a_project_may_go_away_midway() {
    let desk = with_pages();
    let path = |project: usize| format!("/projects/{}/tasks?limit=100", desk.asana().projects[project].gid);
    desk.simulator.asana().forbid_after(2, 1);
    desk.simulator.asana().vanish_after(3, 0);
    let first = desk.get(&path(2)).await;
    assert_eq!(first.status, 200);
    let second = desk.get(&format!("{}&offset={}", path(2), first.offset().unwrap())).await;
    assert_eq!((second.status, second.message()), (403, "project: Forbidden"));
    assert_eq!(desk.get(&path(3)).await.status, 404);
    assert_eq!(desk.get(&path(1)).await.status, 200);
    let listed = desk.get(&format!("/projects?workspace={}", desk.workspace())).await;
    assert!(gids(listed.items()).contains(&*desk.asana().projects[2].gid));
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_again() {
    let desk = Desk::small();
    let asana = desk.simulator.asana();
    asana.throttle(Throttle { retry_after: Some(3), requests: 1 });
    let told = desk.get("/workspaces").await;
    assert_eq!((told.status, told.header("retry-after"), told.message().is_empty()), (429, "3", false));
    asana.throttle(Throttle { retry_after: None, requests: 1 });
    assert_eq!(desk.get("/workspaces").await.header("retry-after"), "");
    assert_eq!(desk.get("/workspaces").await.status, 200);
    asana.set_rate(Rate { requests: 1, window: Duration::from_secs(600) });
    assert_eq!(desk.get("/workspaces").await.status, 200);
    let told = desk.get("/workspaces").await;
    let wait: u64 = told.header("retry-after").parse().unwrap();
    assert!(told.status == 429 && (500..=600).contains(&wait), "{told:?}");
    asana.set_rate(Rate::paid());
    asana.set_concurrent(2);
    asana.slow_pages(Duration::from_millis(500));
    let many = tokio::join!(desk.get("/workspaces"), desk.get("/workspaces"), desk.get("/workspaces"));
    let mut statuses = [many.0.status, many.1.status, many.2.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 429]);
    asana.slow_pages(Duration::ZERO);
    assert_eq!(desk.get("/workspaces").await.status, 200, "what is over is no longer under way");
    assert_eq!(asana.request_count(), 9);
}

#[tokio::test]
async fn what_is_not_simulated_is_refused_loudly() {
    let desk = Desk::small();
    for path in ["/goals", "/events", "/portfolios?workspace=1", "/projects/1/task_counts"] {
        assert_eq!(desk.get(path).await.status, 501, "{path}");
    }
    let url = format!("{}/tasks", desk.simulator.asana_url());
    assert_eq!(told(desk.client.post(url).bearer_auth(TOKEN)).await.status, 501);
    let elsewhere = format!("{}/asana/api/2.0/users/me", desk.simulator.url());
    assert_eq!(told(desk.client.get(elsewhere).bearer_auth(TOKEN)).await.status, 404);
}
