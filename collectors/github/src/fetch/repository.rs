//! The repository itself: its present name and its default branch.

use collector::Failure;
use collector::Reason;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::client::Client;
use crate::config::Config;
use crate::config::Repository;
use crate::queries;
use crate::queries::Query;
use crate::records::Oid;
use crate::records::Total;
use crate::records::present;

/// A repository that was found, and what it is read with.
pub(crate) struct Repo<'a> {
    pub client: &'a Client,
    pub config: &'a Config,
    pub now: Timestamp,
    /// Present name, which differs from the configured one after a rename.
    pub owner: String,
    pub name: String,
    /// None while the repository is empty.
    pub default: Option<DefaultBranch>,
    /// How many branches there are, for the estimate of requests.
    pub branches: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct DefaultBranch {
    pub name: String,
    /// Its newest commit when the collection began.
    pub head: String,
}

#[derive(Deserialize)]
struct Data {
    repository: Option<Found>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    name_with_owner: String,
    #[serde(deserialize_with = "present")]
    default_branch_ref: Option<Ref>,
    #[serde(deserialize_with = "present")]
    branches: Option<Total>,
}

#[derive(Deserialize)]
struct Ref {
    name: String,
    #[serde(deserialize_with = "present")]
    target: Option<Oid>,
}

impl<'a> Repo<'a> {
    /// Looks the repository up: one request.
    pub async fn find(
        client: &'a Client,
        config: &'a Config,
        configured: &Repository,
        now: Timestamp,
    ) -> Result<Repo<'a>, Failure> {
        let variables = json!({"owner": configured.owner, "name": configured.name});
        let of = configured.to_string();
        let data: Data = client.query(queries::REPOSITORY, &variables, &of).await?;
        let missing = |why: &str| {
            Failure::new(Reason::NotFound, format!("read the repository {of}"), why).with_cure(format!(
                "Check that it exists under this name, and that the credential may see it: {} {}",
                queries::REPOSITORY.right,
                "(classic token: scope repo)"
            ))
        };
        let found = data.repository.ok_or_else(|| missing("GitHub knows no such repository"))?;
        let Ok(Repository { owner, name }) = found.name_with_owner.parse() else {
            return Err(missing("GitHub calls it by a name that no repository can have"));
        };
        let branches = found.branches.map(|total| total.total_count);
        let default = found
            .default_branch_ref
            .and_then(|branch| Some(DefaultBranch { name: branch.name, head: branch.target?.oid }));
        if default.is_none() && branches != Some(0) {
            // Taken for an empty repository, it would count zeros of what was not shown.
            let why = "GitHub names no default branch, but does not say that there is no branch either";
            let doing = format!("read the repository {of}");
            return Err(Failure::new(Reason::BadReply, doing, why)
                .with_cure(format!("Check that the credential has the right {}", queries::REPOSITORY.right)));
        }
        Ok(Repo { client, config, now, owner, name, default, branches: branches.unwrap_or_default() })
    }

    /// `owner/name`, the present one.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The name of the default branch; empty, which no branch is called, in an empty repository.
    pub fn default_branch(&self) -> &str {
        self.default.as_ref().map_or("", |branch| &branch.name)
    }

    /// The variables that name it.
    pub(super) fn variables(&self) -> Value {
        json!({"owner": self.owner, "name": self.name})
    }

    /// Asks one of the documents that only try a right.
    pub async fn try_right(&self, query: Query) -> Result<(), Failure> {
        let data: Value = self.client.query(query, &self.variables(), &self.full_name()).await?;
        match data["repository"].is_object() {
            true => Ok(()),
            false => Err(super::broken(query, &self.full_name(), "the answer names no repository")),
        }
    }
}
