//! Field selectors.

use super::reply::Reply;
use super::resource::Resource;

/// Conditions that must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector(Vec<Condition>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    field: String,
    value: String,
    is_negative: bool,
}

impl Selector {
    /// Of `a=b,c!=d`; the real server knows only these fields of each kind as well.
    pub fn parse(text: &str, resource: Resource) -> Result<Selector, Reply> {
        let known: &[&str] = match resource {
            Resource::Pods => &["metadata.name", "metadata.namespace", "spec.nodeName", "status.phase"],
            Resource::Nodes => &["metadata.name", "spec.unschedulable"],
            Resource::Deployments => &["metadata.name", "metadata.namespace"],
            Resource::Namespaces => &["metadata.name"],
            Resource::PodMetrics | Resource::NodeMetrics => &[],
        };
        let mut conditions = Vec::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let pair = part.split_once("!=").map(|pair| (pair, true));
            let pair =
                pair.or_else(|| part.split_once("==").or_else(|| part.split_once('=')).map(|pair| (pair, false)));
            let Some(((field, value), is_negative)) = pair else {
                return Err(Reply::bad_request(&format!("invalid selector: '{text}'; can't understand '{part}'")));
            };
            if !known.contains(&field) {
                return Err(Reply::bad_request(&format!(
                    "Unable to find \"{}\" that match label selector \"\", field selector \"{text}\": field label not supported: {field}",
                    resource.full()
                )));
            }
            conditions.push(Condition { field: field.to_owned(), value: value.to_owned(), is_negative });
        }
        Ok(Selector(conditions))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn fits(&self, fields: &[(&'static str, &str)]) -> bool {
        self.0.iter().all(|condition| {
            let value = fields.iter().find(|(name, _)| *name == condition.field).map_or("", |(_, value)| value);
            (value == condition.value) != condition.is_negative
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_must_all_hold() {
        let fields = [("status.phase", "Running"), ("spec.nodeName", "")];
        for (text, fits) in [
            ("", true),
            ("status.phase=Running", true),
            ("status.phase==Running,spec.nodeName!=a", true),
            ("status.phase!=Running", false),
            ("status.phase=Running,spec.nodeName=a", false),
        ] {
            assert_eq!(Selector::parse(text, Resource::Pods).unwrap().fits(&fields), fits, "{text}");
        }
        for text in ["status.phase", "spec.restarts=1"] {
            assert!(Selector::parse(text, Resource::Pods).is_err(), "{text}");
        }
    }
}
