//! The whole program against the simulator: the binary as a user runs it, over real HTTP on loopback.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that meets something unexpected fails"
)]

mod asana;
mod board;
mod collect;
mod docs;
#[cfg(feature = "aws")]
mod ec2;
mod faults;
mod health;
mod kubernetes;
mod kubernetes_seeded;
mod limits;
mod push;
mod secrets;
#[cfg(feature = "aws")]
mod secrets_manager;
mod signals;
mod skypilot;
mod skypilot_seeded;
mod spool;
mod support;
mod usage;
mod wandb;
