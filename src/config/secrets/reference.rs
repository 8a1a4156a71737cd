//! How a secret of AWS Secrets Manager is named.

use std::fmt;
use std::str::FromStr;

/// Most characters of a name, by the service's own limit.
const MAX_NAME: usize = 512;

/// A secret of AWS Secrets Manager, as a setting names it: `name`, `arn:...`, or either with `#key`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Name or ARN, as it is sent.
    pub id: String,
    /// The key of a JSON secret whose value is meant; none = the whole text.
    pub key: Option<String>,
}

impl Reference {
    /// The region that an ARN names; a name alone stands for the secret of the region at hand.
    pub fn region(&self) -> Option<&str> {
        arn(&self.id).map(|arn| arn.region)
    }

    /// The ARN as an IAM policy names it. The service ends each with a hyphen and six characters of its own, which
    /// nobody knows beforehand. `region` is that of a name alone.
    pub fn policy_resource(&self, region: &str) -> String {
        match arn(&self.id) {
            Some(arn) if ends_as_arn(arn.name) => self.id.clone(),
            Some(_) => format!("{}-??????", self.id),
            // The account is the role's own: nobody reads another account's secrets by name.
            None => format!("arn:{}:secretsmanager:{region}:*:secret:{}-??????", partition(region), self.id),
        }
    }

    /// Whether a secret that came as an answer, with its name and ARN, is this one.
    #[cfg(feature = "aws")]
    pub fn is(&self, name: &str, arn: &str) -> bool {
        let of_partial = || arn.strip_prefix(self.id.as_str()).is_some_and(|rest| rest.len() == 7 && ends_as_arn(rest));
        self.id == name || self.id == arn || of_partial()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)?;
        self.key.as_ref().map_or(Ok(()), |key| write!(f, "#{key}"))
    }
}

impl FromStr for Reference {
    type Err = &'static str;

    /// What is refused is not repeated: it may be the secret itself, put where its name should stand.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, key) = text.split_once('#').map_or((text, None), |(id, key)| (id, Some(key)));
        if key == Some("") {
            return Err("names no key behind the #");
        }
        if looks_like_a_secret(id) {
            return Err("looks like a secret itself; it takes the secret's name in AWS Secrets Manager");
        }
        let name = match id.starts_with("arn:") {
            true => {
                arn(id).ok_or("is no ARN of a secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-xxxxxx)")?.name
            }
            false => id,
        };
        let good = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(good) {
            return Err("is no name of a secret: letters, digits and /_+=.@- (and #KEY for a key of its JSON)");
        }
        Ok(Reference { id: id.to_owned(), key: key.map(str::to_owned) })
    }
}

struct Arn<'a> {
    region: &'a str,
    name: &'a str,
}

fn arn(id: &str) -> Option<Arn<'_>> {
    let parts: Vec<&str> = id.splitn(7, ':').collect();
    let &["arn", partition, "secretsmanager", region, account, "secret", name] = parts.as_slice() else { return None };
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let account = account.len() == 12 && account.chars().all(|c| c.is_ascii_digit());
    (word(partition) && word(region) && account).then_some(Arn { region, name })
}

/// Whether a name ends as the service ends those in its ARNs.
fn ends_as_arn(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(_, end)| end.len() == 6 && end.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// The partition that a region lies in, by the beginning of its name.
fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Tokens by their known beginnings, and keys of 32 hexadecimal digits or more (Datadog, Weights & Biases).
fn looks_like_a_secret(text: &str) -> bool {
    const BEGINNINGS: [&str; 7] = ["ghp_", "gho_", "ghu_", "ghs_", "github_pat_", "sky_", "eyJ"];
    let digits = text.len() >= 32 && text.chars().all(|c| c.is_ascii_hexdigit());
    digits || BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/github-AbC123";

    fn parsed(text: &str) -> Reference {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_an_arn_and_a_key_are_told_apart() {
        for (text, id, key, region) in [
            ("github/dashboard-token", "github/dashboard-token", None, None),
            ("orgpulse#github token", "orgpulse", Some("github token"), None),
            ("a#b#c", "a", Some("b#c"), None),
            ("a_b+c=d.e@f-g/h", "a_b+c=d.e@f-g/h", None, None),
            (ARN, ARN, None, Some("eu-central-1")),
        ] {
            let found = parsed(text);
            assert_eq!((found.id.as_str(), found.key.as_deref(), found.region()), (id, key, region), "{text}");
            assert_eq!(found.to_string(), text);
        }
        assert_eq!(parsed(&format!("{ARN}#token")).key.as_deref(), Some("token"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "n".repeat(513);
        for (text, words) in [
            ("", "is no name"),
            ("#key", "is no name"),
            ("name#", "names no key"),
            ("two words", "is no name"),
            ("1/12345:abcdef", "is no name"),
            (long.as_str(), "is no name"),
            ("arn:aws:iam::123456789012:role/x", "is no ARN of a secret"),
            ("arn:aws:secretsmanager:eu-central-1:12:secret:x", "is no ARN of a secret"),
            ("arn:aws:secretsmanager::123456789012:secret:x", "is no ARN of a secret"),
            ("arn:aws:secretsmanager:eu-central-1:123456789012:secret:", "is no name"),
        ] {
            let why = text.parse::<Reference>().unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
        assert!("n".repeat(512).parse::<Reference>().is_ok());
    }

    #[test]
    fn a_secret_in_the_place_of_its_name_is_known() {
        for text in
            ["ghp_abcdef", "github_pat_11ABC", "sky_abc", "eyJhbGciOi", "0123456789abcdef0123456789ABCDEF", "ghp_a#key"]
        {
            assert!(text.parse::<Reference>().unwrap_err().contains("looks like a secret itself"), "{text}");
        }
        assert!("0123456789abcdef".parse::<Reference>().is_ok(), "too short for a key");
    }

    #[test]
    fn a_policy_names_what_nobody_knows_beforehand_by_a_pattern() {
        for (text, region, resource) in [
            ("datadog/api-key", "eu-central-1", "arn:aws:secretsmanager:eu-central-1:*:secret:datadog/api-key-??????"),
            ("x", "cn-north-1", "arn:aws-cn:secretsmanager:cn-north-1:*:secret:x-??????"),
            ("x", "us-gov-west-1", "arn:aws-us-gov:secretsmanager:us-gov-west-1:*:secret:x-??????"),
            (ARN, "us-east-1", ARN),
            (
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x",
                "us-east-1",
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-??????",
            ),
        ] {
            assert_eq!(parsed(text).policy_resource(region), resource);
            assert_eq!(parsed(&format!("{text}#key")).policy_resource(region), resource, "the key is no part of it");
        }
    }

    #[cfg(feature = "aws")]
    #[test]
    fn an_answer_is_known_by_name_arn_or_the_arn_without_its_end() {
        let partial = ARN.strip_suffix("-AbC123").unwrap();
        for (id, is) in [
            ("prod/github", true),
            (ARN, true),
            (partial, true),
            ("prod/git", false),
            (&partial[..partial.len() - 1], false),
        ] {
            assert_eq!(parsed(id).is("prod/github", ARN), is, "{id}");
        }
    }
}
