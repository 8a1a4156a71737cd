//! The parameters of a form, as EC2's and STS's protocols spell them: `Filter.1.Value.2=running`.

use super::failure::Failure;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    Boolean,
    Instant,
    /// `Name.1`, `Name.2`, ...
    List,
    /// `Name.1.Name`, `Name.1.Value.1`, ...
    Filters,
    /// Published, but nothing that the simulator acts on: refused.
    Unsimulated,
}

/// A filter: a name, and values of which one has to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    pub name: String,
    pub values: Vec<String>,
}

/// The parameters of one request, each known to its action.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    values: BTreeMap<String, String>,
}

/// The pairs of a form.
pub fn pairs(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

impl Parameters {
    /// Refuses what the action does not know, what is given twice, and what is not of its kind.
    pub fn of(pairs: Vec<(String, String)>, members: &[(&str, Kind)]) -> Result<Parameters, Failure> {
        let mut parameters = Parameters::default();
        for (name, value) in pairs.into_iter().filter(|(name, _)| name != "Action" && name != "Version") {
            let (first, rest) = name.split_once('.').unwrap_or((&name, ""));
            let kind = members.iter().find(|(member, _)| *member == first).map(|(_, kind)| *kind);
            let number = |text: &str| text.parse::<usize>().is_ok_and(|n| n > 0);
            let fits = match kind {
                None => false,
                Some(Kind::Unsimulated) => return Err(Failure::unknown(format!("the parameter {name}"))),
                Some(Kind::List) => number(rest),
                Some(Kind::Filters) => match rest.split('.').collect::<Vec<_>>()[..] {
                    [n, "Name"] => number(n),
                    [n, "Value", m] => number(n) && number(m),
                    _ => false,
                },
                Some(_) => rest.is_empty(),
            };
            if !fits {
                let message = format!("The parameter {name} is not recognized");
                return Err(Failure::new(400, "UnknownParameter", message));
            }
            let is_good = match kind {
                Some(Kind::Integer) => value.parse::<i64>().is_ok(),
                Some(Kind::Boolean) => value == "true" || value == "false",
                Some(Kind::Instant) => value.parse::<Timestamp>().is_ok(),
                _ => true,
            };
            if !is_good {
                let message = format!("Invalid value '{value}' for {name}");
                return Err(Failure::new(400, "InvalidParameterValue", message));
            }
            if parameters.values.insert(name.clone(), value).is_some() {
                let message = format!("The parameter {name} is given twice");
                return Err(Failure::new(400, "InvalidParameterCombination", message));
            }
        }
        Ok(parameters)
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub fn integer(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    pub fn boolean(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    pub fn instant(&self, name: &str) -> Option<Timestamp> {
        self.text(name)?.parse().ok()
    }

    /// The values of a list, in the order of their numbers; empty when it was not given.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let mut numbered: Vec<(usize, &str)> = self
            .values
            .iter()
            .filter_map(|(key, value)| {
                let number = key.strip_prefix(name)?.strip_prefix('.')?;
                Some((number.parse().ok()?, value.as_str()))
            })
            .collect();
        numbered.sort_unstable();
        numbered.into_iter().map(|(_, value)| value).collect()
    }

    /// The filters.
    pub fn filters(&self) -> Vec<Filter> {
        let names = self.values.iter().filter_map(|(key, name)| {
            let number = key.strip_prefix("Filter.")?.strip_suffix(".Name")?;
            Some((number, name))
        });
        names
            .map(|(number, name)| {
                let values = self.list(&format!("Filter.{number}.Value"));
                Filter { name: name.clone(), values: values.into_iter().map(str::to_owned).collect() }
            })
            .collect()
    }

    /// What a token is given out for: everything but the place in the list.
    pub fn fingerprint(&self) -> u64 {
        let rest = self.values.iter().filter(|(name, _)| *name != "NextToken" && *name != "MaxResults");
        super::page::hash(rest.flat_map(|(name, value)| [name.as_str(), value.as_str()]))
    }
}

impl Filter {
    /// Whether one of the values matches one of these; `*` stands for any text, `?` for any character.
    pub fn matches(&self, texts: &[&str]) -> bool {
        self.values.iter().any(|value| texts.iter().any(|text| like(value.as_bytes(), text.as_bytes())))
    }
}

fn like(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=text.len()).any(|n| like(rest, &text[n..])),
        (Some((b'?', pattern)), Some((_, text))) => like(pattern, text),
        (Some((p, pattern)), Some((t, text))) => p == t && like(pattern, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBERS: [(&str, Kind); 4] =
        [("Owner", Kind::List), ("Filter", Kind::Filters), ("MaxResults", Kind::Integer), ("DryRun", Kind::Boolean)];

    fn parse(body: &str) -> Result<Parameters, Failure> {
        Parameters::of(pairs(body.as_bytes()), &MEMBERS)
    }

    #[test]
    fn reads_lists_by_their_numbers_and_filters_by_their_names() {
        let body = "Action=A&Version=1&Owner.2=b&Owner.10=c&Owner.1=self&Filter.1.Name=tag%3AName&Filter.1.Value.1=a+b&Filter.1.Value.2=x*&MaxResults=7";
        let parameters = parse(body).unwrap();
        assert_eq!(parameters.list("Owner"), ["self", "b", "c"]);
        let filters = parameters.filters();
        assert_eq!(filters, [Filter { name: "tag:Name".into(), values: vec!["a b".into(), "x*".into()] }]);
        assert!(filters[0].matches(&["xyz"]) && filters[0].matches(&["a b"]) && !filters[0].matches(&["a", "yx"]));
        assert_eq!((parameters.integer("MaxResults"), parameters.boolean("DryRun")), (Some(7), false));
    }

    #[test]
    fn refuses_what_the_action_does_not_know() {
        for (body, code) in [
            ("Owners.1=self", "UnknownParameter"),
            ("Owner=self", "UnknownParameter"),
            ("Owner.0=self", "UnknownParameter"),
            ("MaxResults.1=7", "UnknownParameter"),
            ("Filter.1.Values.1=x", "UnknownParameter"),
            ("MaxResults=seven", "InvalidParameterValue"),
            ("DryRun=1", "InvalidParameterValue"),
            ("MaxResults=7&MaxResults=8", "InvalidParameterCombination"),
        ] {
            assert_eq!(parse(body).unwrap_err().code, code, "{body}");
        }
    }
}
