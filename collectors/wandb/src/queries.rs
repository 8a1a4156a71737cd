//! The GraphQL documents, and how large their pages are.

/// A document, and the words for what it reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query {
    /// Its operation's name.
    pub name: &'static str,
    pub text: &'static str,
    /// Completes "failed to read ... of acme/vision".
    pub what: &'static str,
    /// Runs of a page, `$size`. The vendor names no limit; its own client asks for 50 by default, and others for up to
    /// 1,000. What makes a page slow there, whole summaries and configurations, is not asked for.
    pub size: usize,
}

/// A hundred a page: 400 active runs are five requests, and each answer stays below 100 kB.
pub(crate) const ACTIVITY: Query = Query {
    name: "Activity",
    text: include_str!("queries/activity.graphql"),
    what: "the runs of the last 7 days",
    size: 100,
};
/// A hundred a page, so that nearly always all running ones are in one answer, of one instant. With the system metrics
/// of 8 GPUs each it has about 1 MB.
pub(crate) const RUNNING: Query =
    Query { name: "Running", text: include_str!("queries/running.graphql"), what: "the running runs", size: 100 };
/// Twice as many, since a run is four short fields.
pub(crate) const CREATED: Query = Query {
    name: "Created",
    text: include_str!("queries/created.graphql"),
    what: "the runs created in the last 7 days",
    size: 200,
};
/// For the doctor.
pub(crate) const PROJECT: Query =
    Query { name: "Project", text: include_str!("queries/project.graphql"), what: "the project", size: 1 };
/// For the doctor.
pub(crate) const VIEWER: Query =
    Query { name: "Viewer", text: include_str!("queries/viewer.graphql"), what: "the user", size: 1 };

#[cfg(test)]
mod tests {
    use apollo_compiler::ExecutableDocument;
    use apollo_compiler::Schema;
    use apollo_compiler::validation::Valid;

    use super::*;

    /// The part of W&B's schema that has public evidence; its own is not published, and its tests forbid introspection.
    #[expect(clippy::print_stderr, reason = "a check that did not happen has to be seen")]
    fn schema() -> Option<Valid<Schema>> {
        let folder = std::env::var("ORGPULSE_CONTRACTS")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/contracts").to_owned());
        let path = format!("{folder}/wandb/wandb-partial.graphql");
        let Ok(text) = std::fs::read_to_string(&path) else {
            assert!(std::env::var_os("CI").is_none(), "no {path}; set ORGPULSE_CONTRACTS");
            eprintln!("NOT CHECKED against W&B's schema: no {path}");
            return None;
        };
        Some(
            Schema::parse_and_validate(text, "wandb-partial.graphql")
                .unwrap_or_else(|errors| panic!("{}", errors.errors)),
        )
    }

    #[test]
    fn every_document_is_valid_and_has_its_name() {
        let Some(schema) = schema() else { return };
        for query in [ACTIVITY, RUNNING, CREATED, PROJECT, VIEWER] {
            let document = ExecutableDocument::parse_and_validate(&schema, query.text, query.name)
                .unwrap_or_else(|errors| panic!("{}: {}", query.name, errors.errors));
            assert!(document.operations.get(Some(query.name)).is_ok(), "{}", query.name);
        }
    }

    #[test]
    fn a_wrong_document_is_refused() {
        let Some(schema) = schema() else { return };
        for text in ["{ viewer { usernam } }", "{ project(name: 1) { id } }", "{ project(name: \"x\") { runs } }"] {
            assert!(ExecutableDocument::parse_and_validate(&schema, text, "wrong").is_err(), "{text}");
        }
    }

    /// A whole summary can have megabytes.
    #[test]
    fn summaries_are_never_asked_for_whole() {
        for query in [ACTIVITY, RUNNING, CREATED, PROJECT, VIEWER] {
            assert_eq!(
                query.text.matches("summaryMetrics").count(),
                query.text.matches("summaryMetrics(keys: $keys)").count()
            );
            assert!(!query.text.contains("config") && !query.text.contains("historyKeys"), "{}", query.name);
        }
    }
}
