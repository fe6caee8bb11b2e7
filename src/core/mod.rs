//! What threads share, in pure Rust: no Node-API type appears below this module.

pub mod agent;
pub mod atoms;
pub mod cluster;
pub mod concurrency;
pub mod hub;
pub mod inbox;
#[cfg(all(test, not(loom)))]
mod lcg;
#[cfg(all(loom, test))]
mod models;
pub mod once;
pub mod payload;
pub mod pipe;
pub mod pool;
pub mod protocol;
pub mod spin;
mod sync;
mod table;
