//! The rights that reading the awaited secrets takes, as statements of an IAM policy.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;

use crate::config::secrets::Reference;

/// What to say beside the policy: nothing in the configuration tells which key encrypts a secret.
pub const KMS_HINT: &str =
    "A secret that is encrypted with a customer managed key also takes kms:Decrypt on the ARN of that key";

/// A policy document, in the order in which people write it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    /// What is allowed.
    pub statement: Vec<Statement>,
}

/// One statement of a policy.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
}

impl Statement {
    /// Allows these actions on these resources.
    pub fn allow(sid: &'static str, action: Vec<&'static str>, resource: Vec<String>) -> Statement {
        Statement { sid, effect: "Allow", action, resource }
    }
}

impl Policy {
    /// A policy of these statements.
    pub fn new(statement: Vec<Statement>) -> Policy {
        Policy { version: "2012-10-17", statement }
    }
}

/// What reading these secrets takes, and no more. `region` is that of names alone; none = not known, any.
pub fn statements(references: &BTreeSet<Reference>, region: Option<&str>) -> Vec<Statement> {
    let mut by_region: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut resources = BTreeSet::new();
    for reference in references {
        let region = reference.region().or(region).unwrap_or("*");
        by_region.entry(region).or_default().insert(&reference.id);
        resources.insert(reference.policy_resource(region));
    }
    let mut statements = Vec::new();
    // A secret that is alone in its region is not asked for in a batch.
    if by_region.values().any(|ids| ids.len() > 1) {
        // The action knows no resources: which secrets a batch may hold is decided by the one below.
        let action = vec!["secretsmanager:BatchGetSecretValue"];
        statements.push(Statement::allow("ReadSecretsAtOnce", action, vec!["*".to_owned()]));
    }
    if !resources.is_empty() {
        let action = vec!["secretsmanager:GetSecretValue"];
        statements.push(Statement::allow("ReadSecrets", action, resources.into_iter().collect()));
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(names: &[&str], region: Option<&str>) -> serde_json::Value {
        let references = names.iter().map(|name| name.parse().unwrap()).collect();
        serde_json::to_value(Policy::new(statements(&references, region))).unwrap()
    }

    #[test]
    fn it_allows_the_named_secrets_and_nothing_else() {
        let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:wandb-AbC123";
        let found = printed(&["orgpulse#github", "orgpulse#datadog", "asana/access-token", arn], Some("eu-west-1"));
        let expected = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "ReadSecretsAtOnce",
                    "Effect": "Allow",
                    "Action": ["secretsmanager:BatchGetSecretValue"],
                    "Resource": ["*"],
                },
                {
                    "Sid": "ReadSecrets",
                    "Effect": "Allow",
                    "Action": ["secretsmanager:GetSecretValue"],
                    "Resource": [
                        "arn:aws:secretsmanager:eu-west-1:*:secret:asana/access-token-??????",
                        "arn:aws:secretsmanager:eu-west-1:*:secret:orgpulse-??????",
                        arn,
                    ],
                },
            ],
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_batch_is_only_allowed_where_one_is_asked_for() {
        for names in [&["orgpulse#github", "orgpulse#datadog"][..], &["x"], &[]] {
            let found = printed(names, None).to_string();
            assert!(!found.contains("Batch"), "{found}");
        }
        assert!(printed(&["x"], None).to_string().contains("arn:aws:secretsmanager:*:*:secret:x-??????"));
    }
}
