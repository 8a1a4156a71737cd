//! What each kind of object can have by Asana's published description, and which of it was asked for.

use std::collections::BTreeMap;

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Task,
    Project,
    Section,
    User,
    Workspace,
    Status,
    /// The older form of a project's status.
    OldStatus,
    Membership,
}

/// A field of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// A value without fields of its own.
    Plain,
    /// An object of that kind, or a list of such.
    Of(Kind),
    /// Published, and not simulated.
    Unserved,
}

/// What was asked for by dotted paths; a field without anything below it was asked for as a whole.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tree(pub BTreeMap<String, Tree>);

/// What is to be said of a path that is not served.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// Asana has never heard of it, and ignores it.
    Odd(String),
    /// Asana has it, and the simulator has not.
    Unserved(String),
}

impl Tree {
    pub fn parse(paths: &[&str]) -> Tree {
        let mut root = Tree::default();
        for path in paths {
            let mut at = &mut root;
            for name in path.split('.') {
                at = at.0.entry(name.to_owned()).or_default();
            }
        }
        root
    }

    /// Everything asked for that is not served; whether it is there does not depend on the objects.
    pub fn faults(&self, kind: Kind) -> Vec<Fault> {
        let mut out = Vec::new();
        self.walk(kind, "", &mut out);
        out
    }

    fn walk(&self, kind: Kind, before: &str, out: &mut Vec<Fault>) {
        for (name, below) in &self.0 {
            let path = format!("{before}{name}");
            match kind.field(name) {
                None => out.push(Fault::Odd(path)),
                Some(Field::Unserved) => out.push(Fault::Unserved(path)),
                Some(Field::Plain) => out.extend(below.0.keys().map(|name| Fault::Odd(format!("{path}.{name}")))),
                Some(Field::Of(kind)) => below.walk(kind, &format!("{path}."), out),
            }
        }
    }
}

impl Kind {
    /// The field of that name; none when the published description has no such field.
    pub fn field(self, name: &str) -> Option<Field> {
        if self.plain_names().contains(&name) {
            return Some(Field::Plain);
        }
        if let Some((_, kind)) = self.objects().iter().find(|(n, _)| *n == name) {
            return Some(Field::Of(*kind));
        }
        self.unserved().contains(&name).then_some(Field::Unserved)
    }

    /// Those of its objects in their order.
    pub fn objects(self) -> &'static [(&'static str, Kind)] {
        match self {
            Kind::Task => &[
                ("assignee", Kind::User),
                ("completed_by", Kind::User),
                ("created_by", Kind::User),
                ("memberships", Kind::Membership),
                ("parent", Kind::Task),
                ("projects", Kind::Project),
                ("workspace", Kind::Workspace),
            ],
            Kind::Project => &[
                ("current_status", Kind::OldStatus),
                ("current_status_update", Kind::Status),
                ("owner", Kind::User),
                ("workspace", Kind::Workspace),
            ],
            Kind::Section => &[("project", Kind::Project)],
            Kind::User => &[("workspaces", Kind::Workspace)],
            Kind::Workspace => &[],
            Kind::Status => &[("author", Kind::User), ("created_by", Kind::User), ("parent", Kind::Project)],
            Kind::OldStatus => &[("author", Kind::User), ("created_by", Kind::User)],
            Kind::Membership => &[("project", Kind::Project), ("section", Kind::Section)],
        }
    }

    pub fn plain_names(self) -> &'static [&'static str] {
        match self {
            Kind::Task => &[
                "gid",
                "resource_type",
                "resource_subtype",
                "name",
                "approval_status",
                "completed",
                "completed_at",
                "created_at",
                "due_at",
                "due_on",
                "is_rendered_as_separator",
                "modified_at",
                "notes",
                "num_subtasks",
                "permalink_url",
                "start_at",
                "start_on",
            ],
            Kind::Project => &[
                "gid",
                "resource_type",
                "name",
                "archived",
                "color",
                "completed",
                "completed_at",
                "created_at",
                "default_view",
                "due_date",
                "due_on",
                "notes",
                "permalink_url",
                "privacy_setting",
                "public",
                "start_on",
            ],
            Kind::Section => &["gid", "resource_type", "name", "created_at"],
            Kind::User => &["gid", "resource_type", "name", "email"],
            Kind::Workspace => &["gid", "resource_type", "name", "is_organization"],
            Kind::Status => &[
                "gid",
                "resource_type",
                "resource_subtype",
                "title",
                "text",
                "status_type",
                "created_at",
                "modified_at",
            ],
            Kind::OldStatus => &["gid", "resource_type", "title", "text", "color", "created_at", "modified_at"],
            Kind::Membership => &[],
        }
    }

    fn unserved(self) -> &'static [&'static str] {
        match self {
            Kind::Task => &[
                "actual_time_minutes",
                "assigned_by",
                "assignee_section",
                "assignee_status",
                "custom_fields",
                "custom_type",
                "custom_type_status_option",
                "dependencies",
                "dependents",
                "external",
                "followers",
                "hearted",
                "hearts",
                "html_notes",
                "liked",
                "likes",
                "num_hearts",
                "num_likes",
                "tags",
            ],
            Kind::Project => &[
                "completed_by",
                "created_from_template",
                "custom_field_settings",
                "custom_fields",
                "default_access_level",
                "followers",
                "html_notes",
                "icon",
                "members",
                "minimum_access_level_for_customization",
                "minimum_access_level_for_sharing",
                "modified_at",
                "project_brief",
                "team",
            ],
            Kind::Section => &["projects"],
            Kind::User => &["custom_fields", "photo"],
            Kind::Workspace => &["email_domains"],
            Kind::Status => {
                &["hearted", "hearts", "html_text", "liked", "likes", "num_hearts", "num_likes", "reaction_summary"]
            }
            Kind::OldStatus => &["html_text"],
            Kind::Membership => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_served_is_told_apart_from_what_nobody_knows() {
        let tree = Tree::parse(&["name", "assignee.gid", "memberships.section.name", "memberships.project.gid"]);
        assert_eq!(tree.faults(Kind::Task), []);
        let tree = Tree::parse(&["nmae", "tags.name", "name.gid", "assignee.age", "memberships.gid"]);
        let odd = |path: &str| Fault::Odd(path.to_owned());
        let unserved = Fault::Unserved("tags".to_owned());
        let expected = [odd("assignee.age"), odd("memberships.gid"), odd("name.gid"), odd("nmae"), unserved];
        assert_eq!(tree.faults(Kind::Task), expected);
    }
}
