//! Executes a prepared document field by field.

use super::Arguments;
use super::Failure;
use super::Prepared;
use super::Refusal;
use apollo_compiler::ast::Field;
use apollo_compiler::ast::Selection;
use serde_json::Map;
use serde_json::Value;

/// What a vendor's documents are executed over.
pub trait Graph {
    /// Something that has fields.
    type Object;

    /// The name of the object's type in the vendor's schema.
    fn type_name(&self, object: &Self::Object) -> &'static str;

    /// Whether an object of the type is one of the interface, union or type named in a condition.
    fn is_a(&self, kind: &str, condition: &str) -> Result<bool, Failure>;

    /// A field's value before its own selection is applied.
    fn resolve(
        &self,
        object: &Self::Object,
        field: &str,
        arguments: &Arguments,
    ) -> Result<Resolved<Self::Object>, Failure>;

    /// An entry of `errors` in the vendor's form.
    fn error(&self, kind: &str, message: &str, path: &[Value]) -> Value;

    /// Whether the schema promises a value, so that a failure takes the object around it away too.
    fn is_promised(&self, _kind: &str, _field: &str) -> bool {
        false
    }
}

/// A field's value before its own selection is applied.
pub enum Resolved<O> {
    Leaf(Value),
    Object(O),
    List(Vec<O>),
}

/// The data and the errors of a document.
pub fn execute<G: Graph>(graph: &G, root: &G::Object, prepared: &Prepared) -> Result<(Value, Vec<Value>), Refusal> {
    let mut executor = Executor { graph, prepared, errors: Vec::new() };
    let data = executor.select(root, &[&prepared.operation.selection_set], &mut Vec::new())?;
    Ok((data, executor.errors))
}

struct Executor<'a, G> {
    graph: &'a G,
    prepared: &'a Prepared<'a>,
    errors: Vec<Value>,
}

/// The fields that end up under one name of the reply.
type Group<'a> = (&'a str, Vec<&'a Field>);

impl<'a, G: Graph> Executor<'a, G> {
    /// The object's fields; null where one failed that is promised.
    fn select(
        &mut self,
        object: &G::Object,
        sets: &[&'a [Selection]],
        path: &mut Vec<Value>,
    ) -> Result<Value, Refusal> {
        let kind = self.graph.type_name(object);
        let mut groups: Vec<Group> = Vec::new();
        for set in sets {
            self.collect(kind, set, &mut groups)?;
        }
        let mut out = Map::new();
        let mut lost = false;
        for (name, fields) in groups {
            path.push(name.into());
            let value = self.field(object, kind, &fields, path)?;
            path.pop();
            lost |= value.is_null() && self.graph.is_promised(kind, &fields[0].name);
            out.insert(name.to_owned(), value);
        }
        Ok(if lost { Value::Null } else { Value::Object(out) })
    }

    fn collect(&self, kind: &str, set: &'a [Selection], groups: &mut Vec<Group<'a>>) -> Result<(), Refusal> {
        for selection in set {
            match selection {
                Selection::Field(field) if self.prepared.included(&field.directives) => {
                    let name = field.response_name().as_str();
                    match groups.iter_mut().find(|(n, _)| *n == name) {
                        Some((_, fields)) => fields.push(field),
                        None => groups.push((name, vec![field])),
                    }
                }
                Selection::InlineFragment(inline) if self.prepared.included(&inline.directives) => {
                    let applies = match &inline.type_condition {
                        Some(condition) => self.is_a(kind, condition)?,
                        None => true,
                    };
                    if applies {
                        self.collect(kind, &inline.selection_set, groups)?;
                    }
                }
                Selection::FragmentSpread(spread) if self.prepared.included(&spread.directives) => {
                    let fragment = self.prepared.fragment(&spread.fragment_name)?;
                    if self.is_a(kind, &fragment.type_condition)? {
                        self.collect(kind, &fragment.selection_set, groups)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn is_a(&self, kind: &str, condition: &str) -> Result<bool, Refusal> {
        self.graph.is_a(kind, condition).map_err(|failure| match failure {
            Failure::Unknown(what) => Refusal::Unknown(what),
            Failure::Error { kind, message } => Refusal::error(self.graph.error(kind, &message, &[])),
        })
    }

    fn field(
        &mut self,
        object: &G::Object,
        kind: &str,
        fields: &[&'a Field],
        path: &mut Vec<Value>,
    ) -> Result<Value, Refusal> {
        let field = fields[0];
        if field.name == "__typename" {
            return Ok(kind.into());
        }
        let arguments = self.prepared.arguments(field);
        let sets: Vec<&[Selection]> = fields.iter().map(|f| f.selection_set.as_slice()).collect();
        match self.graph.resolve(object, &field.name, &arguments) {
            Ok(Resolved::Leaf(value)) => Ok(value),
            Ok(Resolved::Object(object)) => self.select(&object, &sets, path),
            Ok(Resolved::List(items)) => {
                let mut out = Vec::with_capacity(items.len());
                for (i, item) in items.iter().enumerate() {
                    path.push(i.into());
                    out.push(self.select(item, &sets, path)?);
                    path.pop();
                }
                Ok(Value::Array(out))
            }
            Err(Failure::Unknown(what)) => Err(Refusal::Unknown(what)),
            Err(Failure::Error { kind, message }) => {
                self.errors.push(self.graph.error(kind, &message, path));
                Ok(Value::Null)
            }
        }
    }
}
