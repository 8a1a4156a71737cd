//! orgpulse: the command line.

mod point;
mod sinks;

fn main() {}
