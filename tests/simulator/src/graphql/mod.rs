//! What every GraphQL service shares: documents made ready, validated against a schema, and executed over a graph.

mod arguments;
mod document;
mod execute;
mod failure;
mod schema;

pub use arguments::Arguments;
pub use document::Prepared;
pub use execute::Graph;
pub use execute::Resolved;
pub use execute::execute;
pub use failure::Failure;
pub use failure::Refusal;
pub use schema::Mistake;
pub use schema::mistakes;
pub use schema::parse;
