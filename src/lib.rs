//! The native core of nanolith.
//!
//! [`core`] is what threads share, in pure Rust; `binding` converts between it and JavaScript and decides nothing.

#[forbid(unsafe_code)]
pub mod core;

// Not in unit tests: Node-API exists only inside a runtime, and `#[napi]` registers nothing there.
#[cfg(all(feature = "binding", not(test)))]
mod binding;
