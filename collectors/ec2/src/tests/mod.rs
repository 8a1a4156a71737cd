//! The whole collector against a small AWS on a real socket.

mod check;
mod faults;
mod idle;
mod pages;
mod prices;
mod whole;
