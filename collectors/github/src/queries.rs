//! The GraphQL documents, and how large their pages are.

/// A document, the words for what it reads, and the right that it needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query {
    /// Its operation's name; page sizes are remembered under it.
    pub name: &'static str,
    pub text: &'static str,
    /// Completes "failed to read ... of acme/widgets".
    pub what: &'static str,
    /// The permission of a fine-grained token or App.
    pub right: &'static str,
    /// Entries of the first page, `$size`: at most 100 on GitHub, fewer where the server computes much for each entry
    /// and would run into its time limit of 10 s.
    pub size: usize,
}

macro_rules! queries {
    ($($constant:ident, $file:literal, $name:literal, $what:literal, $right:literal, $size:literal;)*) => {
        $(
            pub(crate) const $constant: Query = Query {
                name: $name,
                text: include_str!(concat!("queries/", $file, ".graphql")),
                what: $what,
                right: $right,
                size: $size,
            };
        )*

        /// Every document.
        #[cfg(test)]
        pub(crate) const ALL: &[Query] = &[$($constant),*];
    };
}

queries! {
    REPOSITORY, "repository", "Repository", "the repository", "Metadata: read and Contents: read", 1;
    OPEN_PULLS, "open_pulls", "OpenPulls", "the open pull requests", "Pull requests: read", 100;
    CLOSED_PULLS, "closed_pulls", "ClosedPulls", "the closed pull requests", "Pull requests: read", 100;
    PULL_REVIEWS, "pull_reviews", "PullReviews", "the reviews of a pull request", "Pull requests: read", 100;
    PULL_THREADS, "pull_threads", "PullThreads", "the review threads of a pull request", "Pull requests: read", 50;
    THREAD_COMMENTS, "thread_comments", "ThreadComments", "a review thread", "Pull requests: read", 100;
    PULL_READY, "pull_ready", "PullReady", "the events of a pull request", "Pull requests: read", 100;
    COMMITS, "commits", "Commits", "the commits", "Contents: read and Pull requests: read", 100;
    COMMIT_PULLS, "commit_pulls", "CommitPulls", "the pull requests of a commit", "Pull requests: read", 100;
    PULL_LABELS, "pull_labels", "PullLabels", "the labels of a pull request", "Pull requests: read", 100;
    FILES_OF_PULLS, "files_of_pulls", "FilesOfPulls", "the files of pull requests", "Pull requests: read", 80;
    PULL_FILES, "pull_files", "PullFiles", "the files of a pull request", "Pull requests: read", 100;
    BRANCHES, "branches", "Branches", "the branches", "Contents: read", 100;
    DEPLOYMENTS, "deployments", "Deployments", "the deployments", "Deployments: read", 50;
    DEPLOYMENT_STATUSES, "deployment_statuses", "DeploymentStatuses", "a deployment", "Deployments: read", 100;
    ANCESTORS, "ancestors", "Ancestors", "the history of a deployed commit", "Contents: read", 100;
    CONTENTS, "contents", "Contents", "what deployed commits contain", "Contents: read", 50;
    MORE_CONTENTS, "more_contents", "MoreContents", "what a deployed commit contains", "Contents: read", 100;
    DELIVERY_RIGHTS, "delivery_rights", "DeliveryRights", "the deployments", "Deployments: read", 1;
    CODE_RIGHTS, "code_rights", "CodeRights", "the commits", "Contents: read", 1;
    PULL_RIGHTS, "pull_rights", "PullRights", "the pull requests", "Pull requests: read", 1;
}

#[cfg(test)]
#[path = "queries_tests.rs"]
mod tests;
