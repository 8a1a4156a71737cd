//! Orders and look-ups, made once.

use crate::organisation::asana::Asana;
use crate::organisation::asana::ProjectId;
use crate::organisation::asana::TaskId;
use std::collections::HashMap;

pub struct Index {
    /// Each project's tasks in the order in which it shows them: by section, then by age.
    pub tasks_of: Vec<Vec<TaskId>>,
    pub subtasks: Vec<usize>,
    pub tasks: HashMap<String, TaskId>,
    /// The project, and the section's place in it.
    pub sections: HashMap<String, (ProjectId, usize)>,
}

impl Index {
    pub fn of(asana: &Asana) -> Index {
        let mut tasks_of: Vec<Vec<TaskId>> = vec![Vec::new(); asana.projects.len()];
        let mut subtasks = vec![0; asana.tasks.len()];
        for (id, task) in asana.tasks.iter().enumerate() {
            for membership in &task.memberships {
                tasks_of[membership.project].push(id);
            }
            if let Some(parent) = task.parent {
                subtasks[parent] += 1;
            }
        }
        for (project, tasks) in tasks_of.iter_mut().enumerate() {
            tasks.sort_by_key(|id| (asana.tasks[*id].membership(project).and_then(|m| m.section), *id));
        }
        let sections = asana.projects.iter().enumerate().flat_map(|(project, p)| {
            p.sections.iter().enumerate().map(move |(section, s)| (s.gid.clone(), (project, section)))
        });
        Index {
            tasks_of,
            subtasks,
            tasks: asana.tasks.iter().enumerate().map(|(id, t)| (t.gid.clone(), id)).collect(),
            sections: sections.collect(),
        }
    }
}
