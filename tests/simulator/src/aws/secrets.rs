//! Secrets Manager: secrets one by one and many at once.

use super::access::Service;
use super::failure::Failure;
use super::failure::Refusal;
use super::json;
use super::page::hash;
use super::service::Answer;
use super::service::Call;
use super::service::Reply;
use crate::asana;
use crate::datadog::Keys;
use crate::github;
use crate::wandb;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;

pub const ACTIONS: [(&str, &[&str]); 2] = [
    ("GetSecretValue", &["SecretId", "VersionId", "VersionStage"]),
    ("BatchGetSecretValue", &["SecretIdList", "Filters", "Filters.Key", "Filters.Values", "MaxResults", "NextToken"]),
];

/// In one batch.
const LARGEST_BATCH: usize = 20;

/// What an attempt to read a secret comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretFailure {
    /// There is none of that name.
    Missing,
    /// No policy allows it.
    Denied,
    /// It is scheduled for deletion.
    Deleted,
    /// Its key cannot be used.
    Decryption,
}

#[derive(Debug, Clone, PartialEq)]
enum Content {
    Text(String),
    /// In base64, as on the wire.
    Binary(String),
}

/// What there is to read.
#[derive(Debug, Clone)]
pub struct Secrets {
    contents: BTreeMap<String, Content>,
    failures: BTreeMap<String, SecretFailure>,
}

impl Default for Secrets {
    /// The secrets that the program looks for by default, as far as the simulator has a service for them, and one JSON
    /// secret that holds several.
    fn default() -> Secrets {
        let Keys { api, application, .. } = Keys::default();
        let together = json!({ "github_token": github::TOKEN, "dd_api_key": api, "dd_app_key": application });
        let texts = [
            ("github/dashboard-token", github::TOKEN.to_owned()),
            ("datadog/api-key", api),
            ("datadog/app-key", application),
            ("asana/access-token", asana::TOKEN.to_owned()),
            ("wandb/api-key", wandb::KEY.to_owned()),
            ("orgpulse/all", together.to_string()),
        ];
        let contents = texts.into_iter().map(|(name, text)| (name.to_owned(), Content::Text(text))).collect();
        Secrets { contents, failures: BTreeMap::new() }
    }
}

impl Secrets {
    pub fn put(&mut self, name: &str, text: &str) {
        self.contents.insert(name.to_owned(), Content::Text(text.to_owned()));
    }

    pub fn put_binary(&mut self, name: &str, bytes: &[u8]) {
        self.contents.insert(name.to_owned(), Content::Binary(base64(bytes)));
    }

    pub fn fail(&mut self, name: &str, failure: SecretFailure) {
        self.failures.insert(name.to_owned(), failure);
    }
}

pub fn answer(call: &Call, action: &str) -> Answer {
    let Some((_, members)) = ACTIONS.iter().find(|(known, _)| *known == action) else {
        return Err(Failure::unknown(format!("the action secretsmanager:{action}")));
    };
    let request = json::parsed(call.body, members, "InvalidParameterException")?;
    if action == "GetSecretValue" {
        let id = request["SecretId"].as_str().filter(|id| !id.is_empty() && id.len() <= 2_048);
        let id = id.ok_or_else(|| Failure::new(400, "InvalidParameterException", "SecretId must be a text"))?;
        if !request["VersionId"].is_null() || request["VersionStage"].as_str().is_some_and(|s| s != "AWSCURRENT") {
            return Err(Failure::unknown("versions of secrets other than the current one"));
        }
        return read(call, id).map(|entry| Reply::json(200, &Value::Object(entry)));
    }
    batch(call, &request)
}

fn batch(call: &Call, request: &Value) -> Answer {
    if !request["Filters"].is_null() || !request["NextToken"].is_null() || !request["MaxResults"].is_null() {
        return Err(Failure::unknown("a batch by filters"));
    }
    let ids: Option<Vec<&str>> =
        request["SecretIdList"].as_array().and_then(|ids| ids.iter().map(Value::as_str).collect());
    let ids = ids.filter(|ids| (1..=LARGEST_BATCH).contains(&ids.len()));
    let ids = ids.ok_or_else(|| {
        let message = format!("SecretIdList must have between 1 and {LARGEST_BATCH} members");
        Failure::new(400, "InvalidParameterException", message)
    })?;
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        match read(call, id) {
            Ok(entry) => values.push(Value::Object(entry)),
            // In a reply of status 200.
            Err(f) => errors.push(json!({ "SecretId": id, "ErrorCode": f.code, "Message": f.message })),
        }
    }
    Ok(Reply::json(200, &json!({ "SecretValues": values, "Errors": errors })))
}

fn read(call: &Call, id: &str) -> Result<Map<String, Value>, Failure> {
    let secrets = call.state.secrets();
    let prefix = format!("arn:aws:secretsmanager:{}:{}:secret:", call.scope.region, call.state.account());
    // By name, by ARN, or by ARN without the six random characters at its end.
    let name = secrets.contents.keys().find(|name| {
        id == name.as_str() || id.strip_prefix(&prefix).is_some_and(|rest| rest == suffixed(name) || rest == *name)
    });
    let name = name.map_or(id, String::as_str);
    let action = "secretsmanager:GetSecretValue";
    let is_denied = call.state.is_denied(&call.scope.region, action);
    let failure = if is_denied { Some(SecretFailure::Denied) } else { secrets.failures.get(name).copied() };
    let content = secrets.contents.get(name);
    let failure = failure.or_else(|| content.is_none().then_some(SecretFailure::Missing));
    let refuse = |code: &str, message: &str| Err(Failure::new(400, code, message));
    match (failure, content) {
        (Some(SecretFailure::Denied), _) => {
            let refusal = Refusal::Denied { user: call.state.user(), action: action.to_owned() };
            Err(Failure::of(&refusal, Service::SecretsManager))
        }
        (Some(SecretFailure::Deleted), _) => refuse(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        ),
        (Some(SecretFailure::Decryption), _) => refuse(
            "DecryptionFailure",
            "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
        ),
        (Some(SecretFailure::Missing), _) | (None, None) => {
            refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        }
        (None, Some(content)) => {
            let mut entry = Map::new();
            entry.insert("ARN".into(), json!(format!("{prefix}{}", suffixed(name))));
            entry.insert("Name".into(), json!(name));
            entry.insert("VersionId".into(), json!(format!("51aded00-0000-4000-8000-{:012x}", hash([name]) >> 16)));
            entry.insert("VersionStages".into(), json!(["AWSCURRENT"]));
            entry.insert("CreatedDate".into(), json!(1_760_000_000.123));
            match content {
                Content::Text(text) => entry.insert("SecretString".into(), json!(text)),
                Content::Binary(bytes) => entry.insert("SecretBinary".into(), json!(bytes)),
            };
            Ok(entry)
        }
    }
}

/// The name as it stands in an ARN.
fn suffixed(name: &str) -> String {
    const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGH";
    let hash = hash([name]);
    let letters = (0..6).map(|i| char::from(LETTERS[(hash >> (5 * i)) as usize % LETTERS.len()]));
    format!("{name}-{}", letters.collect::<String>())
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, i| bits << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let letter = char::from(LETTERS[(bits >> (18 - 6 * i)) as usize & 63]);
            out.push(if i <= chunk.len() { letter } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_bytes_in_base64() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
