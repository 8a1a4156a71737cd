//! What is asked of Asana, and in which order. What belongs together is whole, or a failure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use collector::Failure;
use collector::Reason;
use collector::transport::Ask;
use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;

use crate::client::About;
use crate::client::Client;
use crate::client::PACE;
use crate::client::Request;
use crate::config::Config;
use crate::records::Field;
use crate::records::Me;
use crate::records::Project;
use crate::records::Standing;
use crate::records::Task;
use crate::records::shown;

/// Fields of a task that are computed with; the gid comes unasked. Asana limits by how much a request touches.
const TASK_FIELDS: &str = "assignee,completed,completed_at,created_at,due_at,due_on";
/// Those of a task of the bugs project.
const BUG_FIELDS: &str =
    "assignee,completed,completed_at,created_at,due_at,due_on,memberships.project,memberships.section.name";
/// What is listed of a project.
const PROJECT_FIELDS: &str = "current_status_update.status_type";
/// What is asked of a project that the listing does not have.
const STANDING_FIELDS: &str = "archived,workspace";
/// Days for which completed tasks are listed.
const COMPLETED_DAYS: i64 = 30;
/// Projects that a message names.
const MAX_NAMED: usize = 10;

/// The tasks of several projects, each whole or failed.
#[derive(Debug, Default)]
pub(crate) struct Listings {
    by_project: BTreeMap<String, Result<Vec<Task>, Failure>>,
    /// What deserves attention.
    pub warnings: Vec<String>,
}

/// The projects of the workspace that are not archived. An empty listing is believed only of a workspace that the
/// token sees: Asana lists nothing of others, too.
pub(crate) async fn projects(client: &Client, workspace: &str) -> Result<Vec<Project>, Failure> {
    let projects: Vec<Project> = client.list(&projects_request(workspace)).await?;
    if projects.is_empty() {
        is_member(workspace, &me(client).await?)?;
    }
    Ok(projects)
}

/// Whose token it is.
pub(crate) async fn me(client: &Client) -> Result<Me, Failure> {
    client.get(&me_request()).await
}

/// Fails unless the workspace is one that the token sees.
pub(crate) fn is_member(workspace: &str, me: &Me) -> Result<(), Failure> {
    let gids: Vec<&str> = me.workspaces.iter().filter_map(|one| one.gid.value()).map(|gid| &**gid).collect();
    if gids.contains(&workspace) {
        return Ok(());
    }
    let sees = match gids.as_slice() {
        [] => "none".to_owned(),
        gids => gids.iter().take(MAX_NAMED).map(|gid| shown(gid)).collect::<Vec<_>>().join(", "),
    };
    let why = format!("the token does not see it; workspaces that it sees: {sees}");
    let cure = "Correct ASANA_WORKSPACE, or use a token of a user who is a member of it";
    Err(Failure::new(Reason::NotFound, format!("read workspace {}", shown(workspace)), why).with_cure(cure))
}

/// The tasks of all projects that the configuration asks for, those of the bugs project included. `listed` are the
/// projects of the workspace as far as they are known: any other is asked whether it belongs to the workspace.
pub(crate) async fn tasks(client: &Client, config: &Config, listed: &[Project], now: Timestamp) -> Listings {
    let listed: BTreeSet<&str> = listed.iter().map(|project| &*project.gid).collect();
    let (counted, bugs) = (counted(config, &listed), config.bugs_project.as_deref());
    let others = counted.iter().copied().filter(|gid| Some(*gid) != bugs);
    // The bugs first: what becomes of them does not depend on the others.
    let wanted: Vec<&str> = bugs.into_iter().chain(others).collect();
    let readings: Vec<_> = wanted
        .iter()
        .map(|gid| async {
            let known = listed.contains(gid);
            (*gid, project_tasks(client, config, gid, known, now).await)
        })
        .collect();
    // All of them at once would be asked for before the first has failed for good.
    let mut running = stream::iter(readings).buffer_unordered(PACE.in_flight);
    let mut listings = Listings::default();
    let mut stopped: Option<Failure> = None;
    while let Some((gid, outcome)) = running.next().await {
        let outcome = outcome.map_err(|failure| fewer(failure, config, wanted.len()));
        if let Err(failure) = &outcome
            && (stops(failure) || (counted.contains(gid) && !refuses(failure) && stopped.is_none()))
        {
            stopped = Some(failure.clone());
        }
        let tasks = outcome.map(|(tasks, warning)| {
            listings.warnings.extend(warning);
            tasks
        });
        listings.by_project.insert(gid.to_owned(), tasks);
        let bugs_are_read = bugs.is_none_or(|gid| listings.by_project.contains_key(gid));
        if stopped.as_ref().is_some_and(|failure| stops(failure) || bugs_are_read) {
            break;
        }
    }
    if let Some(failure) = stopped {
        for gid in &wanted {
            listings.by_project.entry((*gid).to_owned()).or_insert_with(|| Err(failure.clone()));
        }
    }
    listings.warnings.sort();
    listings
}

/// Whether a failure is one of every further request as well.
pub(crate) fn stops(failure: &Failure) -> bool {
    matches!(failure.reason, Reason::Unauthorized | Reason::RateLimited | Reason::Deadline)
}

/// Whether it is about one project alone, so that it is worth to look for others that are refused as well. After any
/// other failure there will be no numbers of tasks, whatever the other projects hold.
fn refuses(failure: &Failure) -> bool {
    matches!(failure.reason, Reason::Forbidden | Reason::NotFound | Reason::Config)
}

/// Time and limits are used up by reading many projects, which is not the only way.
fn fewer(mut failure: Failure, config: &Config, projects: usize) -> Failure {
    if matches!(failure.reason, Reason::RateLimited | Reason::Deadline) && config.projects.is_empty() && projects > 1 {
        let cure = format!("All {projects} projects are read: name those that count in ASANA_PROJECTS");
        failure.cure = [failure.cure, cure].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(". ");
    }
    failure
}

impl Listings {
    /// The tasks of the projects whose tasks count; one in several of them is there several times.
    ///
    /// # Errors
    /// When any of them could not be read. All that could not be are named.
    pub fn counted(&self, config: &Config, listed: &[Project]) -> Result<Vec<&Task>, Failure> {
        let listed = listed.iter().map(|project| &*project.gid).collect();
        let (mut tasks, mut failed) = (Vec::new(), Vec::new());
        for gid in counted(config, &listed) {
            match self.outcome(gid) {
                Ok(of_project) => tasks.extend(of_project),
                // One that stopped the reading is that of every project that was not asked for.
                Err(failure) if failed.iter().any(|(_, known)| *known == failure) => {}
                Err(failure) => failed.push((gid, failure)),
            }
        }
        let Some((_, first)) = failed.first() else { return Ok(tasks) };
        // What stops everything is not about projects.
        if let Some((_, failure)) = failed.iter().find(|(_, failure)| stops(failure)) {
            return Err(failure.clone());
        }
        let (mut failure, others) = (first.clone(), failed.len() - 1);
        if others > 0 {
            let names: Vec<&str> = failed.iter().skip(1).take(MAX_NAMED).map(|(gid, _)| shown(gid)).collect();
            let more = if others > names.len() { ", ..." } else { "" };
            failure.why = format!("{}; {others} more could not be read: {}{more}", failure.why, names.join(", "));
        }
        Err(failure)
    }

    /// The tasks of one project.
    ///
    /// # Errors
    /// When it could not be read.
    pub fn of(&self, gid: &str) -> Result<Vec<&Task>, Failure> {
        self.outcome(gid).map(|tasks| tasks.iter().collect())
    }

    fn outcome(&self, gid: &str) -> Result<&[Task], Failure> {
        match self.by_project.get(gid) {
            Some(Ok(tasks)) => Ok(tasks),
            Some(Err(failure)) => Err(failure.clone()),
            None => Err(Failure::new(Reason::Other, tasks_doing(gid), "it was not asked for")),
        }
    }
}

/// The projects whose tasks count.
fn counted<'a>(config: &'a Config, listed: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    match config.projects.is_empty() {
        true => listed.clone(),
        false => config.projects.iter().map(String::as_str).collect(),
    }
}

/// The tasks of a project, and what deserves attention about it.
async fn project_tasks(
    client: &Client,
    config: &Config,
    gid: &str,
    known: bool,
    now: Timestamp,
) -> Result<(Vec<Task>, Option<String>), Failure> {
    let warning = if known { None } else { standing(client, config, gid).await? };
    Ok((client.list(&tasks_request(config, gid, now)).await?, warning))
}

/// Whether a project that is not listed belongs to the workspace: a sentence if it is archived.
pub(crate) async fn standing(client: &Client, config: &Config, gid: &str) -> Result<Option<String>, Failure> {
    let request = standing_request(gid);
    let standing: Standing = client.get(&request).await?;
    let doing = request.ask.doing;
    match &standing.workspace {
        Field::Is(workspace) if **workspace == *config.workspace => {}
        Field::Is(workspace) => {
            let why = format!("it belongs to workspace {}, not to {}", shown(workspace), shown(&config.workspace));
            let cure = "Take it out of ASANA_PROJECTS and ASANA_BUGS_PROJECT, or correct ASANA_WORKSPACE";
            return Err(Failure::new(Reason::Config, doing, why).with_cure(cure));
        }
        Field::Empty | Field::Unreadable => {
            return Err(Failure::new(Reason::BadReply, doing, "the answer does not tell its workspace"));
        }
    }
    let counts = "its tasks count all the same, as the configuration names it";
    Ok(standing.archived.then(|| format!("project {} is archived; {counts}", shown(gid))))
}

/// Whose token it is.
pub(crate) fn me_request() -> Request {
    Request {
        path: "/users/me".to_owned(),
        query: vec![("opt_fields", "workspaces".to_owned())],
        ask: Ask {
            doing: "read which workspaces the token sees".to_owned(),
            asking: "the token's workspaces".to_owned(),
        },
        about: About::Workspace,
    }
}

/// One project.
pub(crate) fn standing_request(gid: &str) -> Request {
    Request {
        path: format!("/projects/{gid}"),
        query: vec![("opt_fields", STANDING_FIELDS.to_owned())],
        ask: Ask { doing: format!("read project {}", shown(gid)), asking: format!("project {}", shown(gid)) },
        about: About::Project,
    }
}

/// The listing of the workspace's projects.
pub(crate) fn projects_request(workspace: &str) -> Request {
    Request {
        path: "/projects".to_owned(),
        query: vec![
            ("workspace", workspace.to_owned()),
            ("archived", "false".to_owned()),
            ("opt_fields", PROJECT_FIELDS.to_owned()),
        ],
        ask: Ask {
            doing: format!("list the projects of workspace {}", shown(workspace)),
            asking: "the projects".to_owned(),
        },
        about: About::Workspace,
    }
}

/// The listing of a project's tasks: open ones, and those completed in 30 days.
pub(crate) fn tasks_request(config: &Config, gid: &str, now: Timestamp) -> Request {
    // A whole second before the window begins: what lies outside of it is left out by the metrics.
    let since = now.as_second().saturating_sub(COMPLETED_DAYS * 24 * 3600);
    let since = Timestamp::from_second(since).unwrap_or(Timestamp::MIN);
    let fields = if config.bugs_project.as_deref() == Some(gid) { BUG_FIELDS } else { TASK_FIELDS };
    Request {
        path: format!("/projects/{gid}/tasks"),
        query: vec![("completed_since", since.to_string()), ("opt_fields", fields.to_owned())],
        ask: Ask { doing: tasks_doing(gid), asking: format!("tasks of project {}", shown(gid)) },
        about: About::Project,
    }
}

fn tasks_doing(gid: &str) -> String {
    format!("list the tasks of project {}", shown(gid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::configured_as;

    #[test]
    fn what_stops_everything_is_told_before_what_one_project_refuses() {
        let config = configured_as("http://unused", &["1", "2", "3", "4"], None);
        let failed = |reason| Err(Failure::new(reason, "list", "because"));
        let mut listings = Listings::default();
        for (gid, outcome) in [("1", failed(Reason::Forbidden)), ("2", Ok(Vec::new())), ("3", failed(Reason::NotFound))]
        {
            listings.by_project.insert(gid.to_owned(), outcome);
        }
        // The fourth was not asked for: it is not left out in silence.
        let failure = listings.counted(&config, &[]).unwrap_err();
        assert_eq!(
            (failure.reason, failure.why.as_str()),
            (Reason::Forbidden, "because; 2 more could not be read: 3, 4")
        );
        listings.by_project.insert("4".to_owned(), failed(Reason::Unauthorized));
        assert_eq!(listings.counted(&config, &[]).unwrap_err().reason, Reason::Unauthorized);
        assert!(listings.of("2").is_ok_and(|tasks| tasks.is_empty()) && listings.of("5").is_err());
    }
}
