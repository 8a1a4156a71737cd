//! The query language, as far as it is simulated: `avg:name{tag:value,!tag:value,*} by {tag,...}`.

/// How series of one group become one, at each instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    Avg,
    Max,
    Min,
    Sum,
    /// Only of groups that have one value at an instant; which of several would be the last is not defined.
    Last,
}

impl Space {
    pub(super) fn word(self) -> &'static str {
        match self {
            Space::Avg => "avg",
            Space::Max => "max",
            Space::Min => "min",
            Space::Sum => "sum",
            Space::Last => "last",
        }
    }
}

/// One condition on a series' tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    /// Whether the tag must be absent.
    negated: bool,
    /// The tag, in which `*` stands for anything.
    pattern: String,
}

impl Condition {
    /// Whether a series with these tags is meant.
    pub(super) fn holds(&self, tags: &[String]) -> bool {
        tags.iter().any(|tag| matches(&self.pattern, tag)) != self.negated
    }
}

/// A query that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MetricQuery {
    /// As it was written.
    pub(super) text: String,
    pub(super) space: Space,
    pub(super) metric: String,
    /// What stands between the braces.
    pub(super) scope: String,
    pub(super) conditions: Vec<Condition>,
    /// Tag keys to group by.
    pub(super) by: Vec<String>,
}

/// Reads a query.
///
/// # Errors
/// When it is not of the simulated form: says what is wrong.
pub(super) fn parse(text: &str) -> Result<MetricQuery, String> {
    let wrong = |what: &str| format!("Error parsing query: unable to parse {text}: {what}");
    let (space, rest) = text.trim().split_once(':').ok_or_else(|| wrong("no aggregator before a colon"))?;
    let space = match space {
        "avg" => Space::Avg,
        "max" => Space::Max,
        "min" => Space::Min,
        "sum" => Space::Sum,
        "last" => Space::Last,
        _ => return Err(wrong("the aggregator is not avg, max, min, sum or last")),
    };
    let (metric, rest) = rest.split_once('{').ok_or_else(|| wrong("no scope in braces"))?;
    let fits = metric.starts_with(|first: char| first.is_ascii_alphabetic())
        && metric.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    if !fits {
        return Err(wrong("the metric's name has characters that names do not have"));
    }
    let (scope, rest) = rest.split_once('}').ok_or_else(|| wrong("the scope's brace is not closed"))?;
    let conditions = conditions(scope).map_err(|reason| wrong(&reason))?;
    let by = match rest.trim() {
        "" => Vec::new(),
        rest => {
            let keys = rest.strip_prefix("by").map(str::trim_start).and_then(|rest| rest.strip_prefix('{'));
            let keys =
                keys.and_then(|rest| rest.strip_suffix('}')).ok_or_else(|| wrong("after the scope, only by {tag}"))?;
            let keys: Vec<String> = keys.split(',').map(|key| key.trim().to_lowercase()).collect();
            if keys.iter().any(|key| key.is_empty() || key.contains(['{', '}', ' ', ':'])) {
                return Err(wrong("a group is not a tag's key"));
            }
            keys
        }
    };
    let (metric, scope) = (metric.to_owned(), scope.trim().to_owned());
    Ok(MetricQuery { text: text.trim().to_owned(), space, metric, scope, conditions, by })
}

/// Reads a scope, or a tag filter: tags that must all be there, `!` before one that must not.
pub(super) fn conditions(scope: &str) -> Result<Vec<Condition>, String> {
    let mut conditions = Vec::new();
    for word in scope.split(',').map(str::trim) {
        let (negated, tag) = match word.strip_prefix('!') {
            Some(tag) => (true, tag),
            None => (false, word),
        };
        match tag {
            "*" if !negated => {}
            "" => return Err("an empty condition".to_owned()),
            _ if tag.contains([' ', '(', ')', '$', '{']) => {
                return Err(format!("{tag:?} is no plain tag; AND, OR, IN and variables are not simulated"));
            }
            _ => conditions.push(Condition { negated, pattern: tag.to_lowercase() }),
        }
    }
    Ok(conditions)
}

/// Splits a v1 query at the commas between its queries, not those within braces.
pub(super) fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    text.split(|c| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        c == ',' && depth == 0
    })
    .collect()
}

/// Whether a tag is what a pattern with `*` means.
fn matches(pattern: &str, tag: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == tag };
    let Some(mut tag) = tag.strip_prefix(start) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let end = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match tag.split_once(piece) {
            Some((_, after)) => tag = after,
            None => return false,
        }
    }
    tag.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_the_simple_form() {
        let query = parse(" avg:github.prs.open{env:Prod, !repo:acme/*} by {repo,env} ").unwrap();
        assert_eq!((query.space, query.metric.as_str()), (Space::Avg, "github.prs.open"));
        assert_eq!(query.by, ["repo", "env"]);
        let tags = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let meant = |text| query.conditions.iter().all(|condition| condition.holds(&tags(text)));
        assert!(meant("env:prod repo:other/x"));
        assert!(!meant("env:prod repo:acme/x"));
        assert!(!meant("env:production"));
        assert!(parse("max:a{*}").unwrap().conditions.is_empty());
        assert!(parse("max:a{*}").unwrap().by.is_empty());
    }

    #[test]
    fn refuses_what_it_would_answer_wrongly() {
        for text in [
            "",
            "a{*}",
            "p95:a{*}",
            "avg:a",
            "avg:a{*",
            "avg:a b{*}",
            "avg:a{*}.rollup(sum, 60)",
            "avg:a{*} + avg:b{*}",
            "avg:a{env:x OR env:y}",
            "avg:a{$env}",
            "avg:a{}",
            "avg:a{*} by {}",
            "avg:a{*} by {b} * 2",
            "avg:a{*} by {b}, avg:c{*} by {d}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn patterns_match_the_whole_tag() {
        for (pattern, tag, expected) in [
            ("env:prod", "env:prod", true),
            ("env:prod", "env:prod2", false),
            ("env:*", "env:prod", true),
            ("env:p*d", "env:prod", true),
            ("env:p*d", "env:prods", false),
            ("*:a*b*", "x:a2b3", true),
            ("*:a*b*", "x:b2a3", false),
            ("env:a*a", "env:a", false),
        ] {
            assert_eq!(matches(pattern, tag), expected, "{pattern} {tag}");
        }
    }

    #[test]
    fn splits_between_queries_only() {
        assert_eq!(split("avg:a{x,y} by {b,c},max:d{*}"), ["avg:a{x,y} by {b,c}", "max:d{*}"]);
    }
}
