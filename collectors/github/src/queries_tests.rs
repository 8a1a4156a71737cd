use std::collections::BTreeSet;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::Schema;
use apollo_compiler::ast;
use apollo_compiler::executable::Selection;
use apollo_compiler::executable::SelectionSet;
use apollo_compiler::validation::Valid;

use super::*;

/// GitHub refuses a call that could return more.
const MAX_NODES: u64 = 500_000;

/// GitHub's public schema. The file names some fields of interfaces twice, which strict readers refuse: the first
/// definition of each is kept.
fn schema() -> Valid<Schema> {
    let folder = std::env::var("ORGPULSE_TOOLS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../.tools").to_owned());
    let path = format!("{folder}/npm/node_modules/@octokit/graphql-schema/schema.graphql");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}; run `make tools`"));
    let mut document = ast::Document::parse(text, "schema.graphql").expect("GitHub's schema is GraphQL");
    for definition in &mut document.definitions {
        let mut seen = BTreeSet::new();
        let fields = match definition {
            ast::Definition::ObjectTypeDefinition(object) => &mut object.make_mut().fields,
            ast::Definition::InterfaceTypeDefinition(interface) => &mut interface.make_mut().fields,
            _ => continue,
        };
        fields.retain(|field| seen.insert(field.name.clone()));
    }
    document.to_schema_validate().unwrap_or_else(|errors| panic!("{}", errors.errors))
}

#[test]
fn every_document_is_valid_and_small_enough() {
    let schema = schema();
    for query in ALL {
        let document = ExecutableDocument::parse_and_validate(&schema, query.text, query.name)
            .unwrap_or_else(|errors| panic!("{}: {}", query.name, errors.errors));
        let operation = document.operations.get(Some(query.name)).expect("its name is its operation's");
        let nodes = nodes(&operation.selection_set, 1, query.size as u64);
        assert!(nodes < MAX_NODES, "{} could return {nodes} nodes", query.name);
        assert!((1..=100).contains(&query.size), "{}", query.name);
        let budget = operation
            .selection_set
            .selections
            .iter()
            .any(|selection| matches!(selection, Selection::Field(field) if field.name == "rateLimit"));
        assert!(budget, "{} does not ask what is left of the quota", query.name);
    }
}

#[test]
fn a_wrong_document_is_refused() {
    let schema = schema();
    for text in ["{ viewer { loginn } }", "{ repository(owner: 1, name: \"x\") { id } }"] {
        assert!(ExecutableDocument::parse_and_validate(&schema, text, "wrong").is_err(), "{text}");
    }
}

#[test]
fn documents_have_names_of_their_own() {
    let names: BTreeSet<&str> = ALL.iter().map(|query| query.name).collect();
    assert_eq!(names.len(), ALL.len());
}

/// GitHub's formula: each connection counts `first` or `last` nodes for each node that it hangs on.
fn nodes(set: &SelectionSet, parents: u64, size: u64) -> u64 {
    let mut sum = 0;
    for selection in &set.selections {
        let below = match selection {
            Selection::Field(field) => {
                let first = field.arguments.iter().find(|argument| ["first", "last"].contains(&argument.name.as_str()));
                let by_ids = field.arguments.iter().any(|argument| argument.name == "ids");
                let count = match first.map(|argument| &*argument.value) {
                    Some(ast::Value::Int(number)) => number.as_str().parse().expect("a number"),
                    Some(_) => size,
                    None if by_ids => size,
                    None => 1,
                };
                if count > 1 {
                    sum += parents * count;
                }
                nodes(&field.selection_set, parents * count, size)
            }
            Selection::InlineFragment(fragment) => nodes(&fragment.selection_set, parents, size),
            Selection::FragmentSpread(_) => panic!("fragments are not counted here"),
        };
        sum += below;
    }
    sum
}
