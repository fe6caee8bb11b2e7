//! The way from JavaScript to the core and back. It converts and forwards; every decision is the core's.
//!
//! Two kinds of functions: what runs for every message is a raw Node-API function on the object that `open` returns
//! (20 to 55 ns a call), everything else is a `#[napi]` function that names its agent (about 150 ns).

#![expect(unreachable_pub, reason = "`#[napi]` exports what is `pub`, by name and not by path")]
#![expect(
    clippy::needless_pass_by_value,
    reason = "`#[napi]` functions are given what JavaScript gave, owned"
)]

mod cluster;
mod hot;
mod hub;
mod items;
mod open;
mod pipe;
mod pool;
mod raw;
