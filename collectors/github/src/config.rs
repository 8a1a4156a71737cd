//! What the GitHub collector is told at construction.

use std::fmt;
use std::str::FromStr;

use secrecy::SecretString;

use crate::metrics::ci;

/// Everything that the GitHub collector can be told. The environment and the configuration file are read elsewhere.
#[derive(Debug, Clone)]
pub struct Config {
    /// Base of the REST API without a trailing slash: `https://api.github.com`, or `https://HOST/api/v3` on GitHub
    /// Enterprise Server.
    pub api_url: String,
    /// The credential.
    pub auth: Auth,
    /// The repositories to read; at least one, none twice.
    pub repositories: Vec<Repository>,
    /// Labels of a pull request that make its commits hotfixes; compared whole, any case.
    pub hotfix_labels: Vec<String>,
    /// Labels of a pull request that make its commits force merges; compared whole, any case.
    pub force_merge_labels: Vec<String>,
    /// A cancelled run that has run at least so many minutes counts as timed out.
    pub timeout_minutes: u32,
    /// Globs on the names of test workflows; empty = every workflow with a push run on the default branch in 7 days
    /// that is no benchmark workflow.
    pub test_workflows: Vec<String>,
    /// Globs on the names of benchmark workflows, any case.
    pub benchmark_workflows: Vec<String>,
    /// How many of the newest completed runs are asked for their jobs (one request each); 0 = no queue times.
    pub max_job_lookups: u32,
    /// How many commits may be asked for their files one by one (one request each), where no pull request tells them;
    /// beyond it `github.code.files_changed_7d` is not sent.
    pub max_commit_lookups: u32,
    /// The environment whose deployments count.
    pub production_environment: String,
    /// Name of the workflow whose successful runs are deployments, in repositories without GitHub deployments.
    pub deploy_workflow: Option<String>,
}

impl Config {
    /// Checks what can be wrong in a value, without asking anybody.
    ///
    /// # Errors
    /// The key of the setting in the configuration file, and what is wrong with its value.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        ci::Settings::new(self).map(|_| ())
    }
}

/// A credential for GitHub.
#[derive(Debug, Clone)]
pub enum Auth {
    /// A personal access token (classic or fine-grained), or the `GITHUB_TOKEN` of an Actions job.
    Token(SecretString),
    /// A GitHub App's installation.
    App {
        /// The App's id.
        app_id: u64,
        /// The App's RSA private key, PEM.
        private_key: SecretString,
        /// The installation whose repositories are read.
        installation_id: u64,
    },
}

/// A repository by owner and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    /// User or organisation.
    pub owner: String,
    /// Name without the owner.
    pub name: String,
}

impl FromStr for Repository {
    type Err = String;

    /// Reads `owner/name` as GitHub allows them: owner of letters, digits and hyphens (a managed user's also has an
    /// underscore), name also with dots and underscores.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |why: &str| Err(format!("\"{text}\" is not a repository (owner/name): {why}"));
        let Some((owner, name)) = text.split_once('/') else {
            return wrong("it has no slash");
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if owner.is_empty() || name.is_empty() {
            return wrong("a side of the slash is empty");
        }
        if !owner.chars().all(|c| allowed(c) && c != '.') || !name.chars().all(allowed) || [".", ".."].contains(&name) {
            return wrong("it has a character that GitHub does not allow there");
        }
        Ok(Repository { owner: owner.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_owner_and_name() {
        let repository: Repository = "acme/widgets.rs_2-x".parse().unwrap();
        assert_eq!((repository.owner.as_str(), repository.name.as_str()), ("acme", "widgets.rs_2-x"));
        assert_eq!(repository.to_string(), "acme/widgets.rs_2-x");
    }

    #[test]
    fn refuses_what_is_no_repository() {
        for text in ["", "acme", "/", "acme/", "/widgets", "a/b/c", "acme/..", "ac me/x", "https://github.com/a/b"] {
            assert!(text.parse::<Repository>().is_err(), "{text}");
        }
    }
}
