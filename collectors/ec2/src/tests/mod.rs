//! The whole collector against a small AWS on a real socket.

mod check;
mod faults;
mod idle;
mod odd;
mod pages;
mod prices;
mod whole;
