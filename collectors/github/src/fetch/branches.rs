//! Branches.

use std::collections::BTreeSet;

use collector::Failure;

use super::Repo;
use super::all;
use super::broken;
use crate::client::Resource;
use crate::queries;
use crate::records::Branch;

impl Repo<'_> {
    /// All branches.
    pub async fn all_branches(&self) -> Result<Vec<Branch>, Failure> {
        let (variables, of) = (self.variables(), self.full_name());
        let pages = self.branches.div_ceil(self.client.size(queries::BRANCHES));
        self.client.limits().afford(Resource::Graphql, pages, &format!("read the branches of {of}"))?;
        // A branch that is made or deleted meanwhile moves the pages; a second reading is the cure.
        for _ in 0..2 {
            let branches = all::<Branch>(self.client, queries::BRANCHES, &variables, &of).await?;
            let distinct: BTreeSet<&str> = branches.nodes.iter().map(|branch| branch.name.as_str()).collect();
            if distinct.len() == branches.nodes.len() && branches.total_count == Some(distinct.len()) {
                return Ok(branches.nodes);
            }
        }
        Err(broken(queries::BRANCHES, &of, "the pages do not hold as many as GitHub counts, twice"))
    }
}
