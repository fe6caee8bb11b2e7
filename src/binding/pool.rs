//! The pool and the threads, as JavaScript asks for them now and then.

use std::sync::Arc;

use napi::bindgen_prelude::{Buffer, Uint8Array};
use napi::{Error, Result, Status};
use napi_derive::napi;

use crate::core::agent::{self, Agent, AgentId};
use crate::core::pool::{IDLE, LATE, LOST, Placed, STALL, SetInfo};
use crate::core::{atoms, concurrency, once};

pub(super) fn agent(id: AgentId) -> Result<Arc<Agent>> {
    agent::find(id).ok_or_else(|| Error::new(Status::GenericFailure, format!("nanolith: agent {id} has ended")))
}

/// The process-wide number of a task's name; `null` when the table is full.
#[napi]
#[must_use]
pub fn atom(text: String) -> Option<u32> {
    atoms::atom(&text)
}

/// The process-wide number of a key list; `null` when the table has its share of them.
#[napi]
#[must_use]
pub fn shape(text: String) -> Option<u32> {
    atoms::shape(&text)
}

/// The text of an atom.
#[napi]
pub fn atom_text(number: u32) -> Result<String> {
    let text = atoms::text(number).ok_or_else(|| Error::new(Status::InvalidArg, format!("no atom {number}")))?;
    Ok(text.to_string())
}

/// Whether no thread of the process has asked this before.
#[napi]
#[must_use]
pub fn first_time(what: String) -> bool {
    once::first_time(what)
}

/// A name that nothing else has: 128 random bits.
#[napi(js_name = "randomID")]
pub fn random_id() -> String {
    agent::random_id()
}

/// Slots for `factor` threads a core.
#[napi]
#[must_use]
pub fn slots(factor: f64) -> u32 {
    concurrency::slots(factor)
}

#[napi(object)]
pub struct PoolCounts {
    pub max: u32,
    pub active: u32,
    pub queued: f64,
    pub ready: u32,
}

#[napi]
pub fn pool_counts(agent_id: u32) -> Result<PoolCounts> {
    let counts = agent(agent_id)?.pool().counts();
    Ok(PoolCounts {
        max: counts.max,
        active: counts.active,
        queued: counts.queued as f64,
        ready: counts.ready,
    })
}

#[napi]
pub fn pool_set_max(agent_id: u32, max: u32) -> Result<()> {
    agent(agent_id)?.pool().set_max(max);
    Ok(())
}

#[napi]
pub fn pool_set_spares(agent_id: u32, bound: u32) -> Result<()> {
    agent(agent_id)?.pool().set_spares(bound);
    Ok(())
}

#[napi]
pub fn pool_stalled(agent_id: u32) -> Result<bool> {
    Ok(agent(agent_id)?.pool().stalled(STALL))
}

#[napi(object)]
pub struct NextItem {
    pub service: bool,
    pub name: String,
    pub file: String,
    pub identifier: String,
    pub priority: bool,
    pub reffed: bool,
}

#[napi]
pub fn pool_next(agent_id: u32) -> Result<Option<NextItem>> {
    Ok(agent(agent_id)?.pool().next().map(|info| NextItem {
        service: info.service,
        name: atoms::text(info.name).map(|text| text.to_string()).unwrap_or_default(),
        file: info.file.to_string(),
        identifier: info.identifier.to_string(),
        priority: info.priority,
        reffed: info.reffed,
    }))
}

/// The number of a set in the agent's pool.
#[napi]
pub fn set_number(agent_id: u32, file: String, identifier: String, options: Uint8Array) -> Result<u32> {
    let info = SetInfo {
        file: file.into(),
        identifier: identifier.into(),
        options: options.to_vec().into(),
    };
    Ok(agent(agent_id)?.pool().set(info))
}

#[napi(object)]
pub struct PlacedThread {
    pub thread: u32,
    /// What the new thread opens with; absent for a spare, which has the request already.
    pub token: Option<String>,
}

/// A thread for an item that was granted; `null` when the item was taken back meanwhile.
#[napi]
pub fn place(agent_id: u32, key: f64, may_be_spare: bool) -> Result<Option<PlacedThread>> {
    let owner = agent(agent_id)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a key, as `submit` gave it"
    )]
    Ok(match owner.pool().place(&owner, key as u64, may_be_spare) {
        Placed::Fresh(thread, token) => Some(PlacedThread {
            thread,
            token: Some(token),
        }),
        Placed::Spare(thread) => Some(PlacedThread { thread, token: None }),
        Placed::Gone => None,
    })
}

#[napi(object)]
pub struct WarmThread {
    pub token: String,
    pub file: String,
    pub identifier: String,
    pub options: Buffer,
}

/// How to start a warm thread that the core asked for; `null` when it is not needed any more.
#[napi]
pub fn warm_thread(agent_id: u32, thread: u32) -> Result<Option<WarmThread>> {
    let root = agent(agent_id)?;
    let Some((token, set)) = root.pool().warm_thread(thread) else {
        return Ok(None);
    };
    Ok(root.pool().set_info(set).map(|info| WarmThread {
        token,
        file: info.file.to_string(),
        identifier: info.identifier.to_string(),
        options: info.options.to_vec().into(),
    }))
}

/// A spare to start, if one is wanted.
#[napi]
pub fn start_spare(agent_id: u32) -> Result<Option<PlacedThread>> {
    let root = agent(agent_id)?;
    Ok(root.pool().start_spare().map(|(thread, token)| PlacedThread {
        thread,
        token: Some(token),
    }))
}

/// Tells threads that were idle for too long to end. Says whether to look again later.
#[napi]
pub fn expire(agent_id: u32) -> Result<bool> {
    Ok(agent(agent_id)?.pool().expire(IDLE))
}

/// Wakes or starts others in place of warm threads that were woken and did not come. Says whether to look again.
#[napi]
pub fn relieve(agent_id: u32) -> Result<bool> {
    Ok(agent(agent_id)?.pool().relieve(LATE, LOST))
}

/// The caller of a warm task is about to send a thread the host values. Says no if that thread does not run the task any more.
#[napi]
pub fn hand_over(agent_id: u32, thread: u32, call: u32) -> Result<bool> {
    Ok(agent(agent_id)?.pool().hand_over(agent_id, thread, call))
}

/// A service has run its initializer. Told by the service's own thread.
#[napi]
pub fn service_ready(agent_id: u32) -> Result<()> {
    agent(agent_id)?.pool().service_ready(agent_id);
    Ok(())
}

/// The owner closes a service, whose thread may have ended: none of its calls is active any more.
#[napi]
pub fn clear_calls(owner: u32, service: u32) {
    if let Some(service) = agent::find(owner).and_then(|owner| owner.pool().thread(service)) {
        service.clear_calls();
    }
}

/// How many agents live in this process, for tests that look for what was left behind.
#[napi]
#[must_use]
pub fn living_agents() -> u32 {
    u32::try_from(agent::living()).unwrap_or(u32::MAX)
}
