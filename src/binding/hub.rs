//! The hub, as `Messenger` uses it.

use napi::Result;
use napi::sys;
use napi_derive::napi;

use super::hot::Raw;
use super::open::Handle;
use super::pool::agent;
use super::raw::{Call, Outcome};
use crate::core::hub::{HUB, Published};

/// The number of a new subscription of this agent.
#[napi]
pub fn hub_subscribe(agent_id: u32, name: String) -> Result<u32> {
    Ok(HUB.subscribe(&name, &agent(agent_id)?))
}

/// Ends one subscription. Says whether there was one.
#[napi]
pub fn hub_unsubscribe(subscription: u32) -> bool {
    HUB.unsubscribe(subscription)
}

/// Ends every subscription to this name.
#[napi]
pub fn hub_close_all(name: String) {
    HUB.close_all(&name);
}

/// How many subscriptions there are, for tests that look for what was left behind.
#[napi]
#[must_use]
pub fn living_subscriptions() -> u32 {
    u32::try_from(HUB.living().0).unwrap_or(u32::MAX)
}

/// `publish(subscription, start, length)`: sends to every other subscriber; `false` when this one has ended.
pub(super) struct Publish;
impl Raw<3> for Publish {
    fn run(handle: &mut Handle, call: &Call<3>) -> Outcome<sys::napi_value> {
        let subscription = call.u32(0)?;
        let bytes = handle.outgoing(call, 1)?;
        call.boolean(HUB.publish(subscription, bytes) == Published::Sent)
    }
}
