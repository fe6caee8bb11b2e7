//! The native core of nanolith.
//!
//! [`core`] is what threads share, in pure Rust; `binding` converts between it and JavaScript and decides nothing.

pub mod core;

#[cfg(feature = "binding")]
mod binding;
