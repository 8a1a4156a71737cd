//! A document made ready to execute: the operation that was asked for, its fragments and its variables.

use super::Arguments;
use super::Refusal;
use apollo_compiler::ast::Definition;
use apollo_compiler::ast::DirectiveList;
use apollo_compiler::ast::Document;
use apollo_compiler::ast::Field;
use apollo_compiler::ast::FragmentDefinition;
use apollo_compiler::ast::OperationDefinition;
use apollo_compiler::ast::Selection;
use apollo_compiler::ast::Type;
use apollo_compiler::ast::Value as Literal;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use std::collections::HashMap;

pub struct Prepared<'a> {
    pub operation: &'a OperationDefinition,
    fragments: HashMap<&'a str, &'a FragmentDefinition>,
    variables: Map<String, Value>,
}

impl<'a> Prepared<'a> {
    pub fn of(document: &'a Document, request: &Value) -> Result<Prepared<'a>, Refusal> {
        let mut operations: Vec<&OperationDefinition> = Vec::new();
        let mut fragments = HashMap::new();
        for definition in &document.definitions {
            match definition {
                Definition::OperationDefinition(operation) => operations.push(operation),
                Definition::FragmentDefinition(fragment) => {
                    fragments.insert(fragment.name.as_str(), fragment.as_ref());
                }
                _ => {
                    return Err(Refusal::error(json!({ "message": "A document holds operations and fragments only" })));
                }
            }
        }
        // Some clients send an empty name where they mean none.
        let name = request["operationName"].as_str().filter(|name| !name.is_empty());
        let named = |o: &&OperationDefinition| o.name.as_ref().map(|n| n.as_str()) == name;
        let operation = match (name, &operations[..]) {
            (Some(_), all) => all.iter().copied().find(|o| named(o)),
            (None, [only]) => Some(*only),
            _ => None,
        };
        let missing =
            || Refusal::error(json!({ "message": format!("No operation named {name:?}, or several and none named") }));
        let operation = operation.ok_or_else(missing)?;
        if !operation.operation_type.is_query() {
            return Err(Refusal::Unknown("mutations".into()));
        }
        let given = request["variables"].as_object().cloned().unwrap_or_default();
        let variables = variables(operation, &given)?;
        Ok(Prepared { operation, fragments, variables })
    }

    pub fn fragment(&self, name: &str) -> Result<&'a FragmentDefinition, Refusal> {
        let missing = || {
            Refusal::error(
                json!({ "message": format!("Fragment {name} was used, but not defined"), "extensions": { "code": "useAndDefineFragment" } }),
            )
        };
        self.fragments.get(name).copied().ok_or_else(missing)
    }

    /// Whether `@include` and `@skip` leave the selection in.
    pub fn included(&self, directives: &DirectiveList) -> bool {
        directives.iter().all(|directive| {
            let condition = directive.specified_argument_by_name("if").and_then(|v| self.value(v));
            match directive.name.as_str() {
                "include" => condition != Some(Value::Bool(false)),
                "skip" => condition != Some(Value::Bool(true)),
                _ => true,
            }
        })
    }

    /// A field's arguments with variables put in; those that stand for nothing are left out.
    pub fn arguments(&self, field: &Field) -> Arguments {
        let all = field.arguments.iter().filter_map(|a| Some((a.name.to_string(), self.value(&a.value)?)));
        Arguments(all.collect())
    }

    /// The fields of a selection with those of its fragments, whatever their types.
    pub fn fields(&self, selections: &'a [Selection], out: &mut Vec<&'a Field>) -> Result<(), Refusal> {
        for selection in selections {
            match selection {
                Selection::Field(field) if self.included(&field.directives) => out.push(field),
                Selection::InlineFragment(inline) if self.included(&inline.directives) => {
                    self.fields(&inline.selection_set, out)?
                }
                Selection::FragmentSpread(spread) if self.included(&spread.directives) => {
                    self.fields(&self.fragment(&spread.fragment_name)?.selection_set, out)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn value(&self, literal: &Literal) -> Option<Value> {
        Some(match literal {
            Literal::Variable(name) => self.variables.get(name.as_str())?.clone(),
            Literal::List(items) => items.iter().filter_map(|i| self.value(i)).collect(),
            Literal::Object(fields) => {
                fields.iter().filter_map(|(n, v)| Some((n.to_string(), self.value(v)?))).collect()
            }
            constant => literal_value(constant)?,
        })
    }
}

fn literal_value(literal: &Literal) -> Option<Value> {
    Some(match literal {
        Literal::Null => Value::Null,
        Literal::Enum(name) => name.as_str().into(),
        Literal::String(text) => text.as_str().into(),
        Literal::Boolean(b) => (*b).into(),
        Literal::Int(number) => number.as_str().parse::<i64>().ok()?.into(),
        Literal::Float(number) => number.as_str().parse::<f64>().ok()?.into(),
        Literal::List(items) => items.iter().filter_map(|i| literal_value(i)).collect(),
        Literal::Object(fields) => {
            fields.iter().filter_map(|(n, v)| Some((n.to_string(), literal_value(v)?))).collect()
        }
        Literal::Variable(_) => return None,
    })
}

fn variables(operation: &OperationDefinition, given: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let mut out = Map::new();
    for variable in &operation.variables {
        let name = variable.name.as_str();
        let default = variable.default_value.as_ref().and_then(|v| literal_value(v));
        let value = given.get(name).cloned().or(default);
        let refusal = |explanation: &str| {
            let message = format!("Variable ${name} of type {} was provided invalid value", variable.ty);
            let problems = json!([{ "path": [], "explanation": explanation }]);
            Refusal::error(json!({ "message": message, "extensions": { "value": value, "problems": problems } }))
        };
        match &value {
            None if variable.ty.is_non_null() => return Err(refusal("Expected value to not be null")),
            None => {}
            Some(given) => {
                if !fits(given, &variable.ty) {
                    return Err(refusal(&format!("Could not coerce value {given} to {}", variable.ty)));
                }
                out.insert(name.to_owned(), given.clone());
            }
        }
    }
    Ok(out)
}

/// Whether a value may stand for a variable of the type. Types that only the schema knows are enumerations and scalars
/// that travel as text, or input objects.
fn fits(value: &Value, ty: &Type) -> bool {
    if value.is_null() {
        return !ty.is_non_null();
    }
    if ty.is_list() {
        return match value {
            Value::Array(items) => items.iter().all(|i| fits(i, ty.item_type())),
            one => fits(one, ty.item_type()),
        };
    }
    match ty.inner_named_type().as_str() {
        "Int" => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        "Float" => value.is_number(),
        "Boolean" => value.is_boolean(),
        "ID" => value.is_string() || value.is_i64(),
        "DateTime" | "GitTimestamp" => value.as_str().is_some_and(|t| t.parse::<jiff::Timestamp>().is_ok()),
        _ => value.is_string() || value.is_object(),
    }
}
