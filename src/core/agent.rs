//! Agents: every realm that has loaded nanolith, known to all threads by a number.
//!
//! A thread's agent exists before its thread does: its owner makes it, with a one-time token that the thread presents
//! when it opens, and what is sent in between waits in the inbox.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, atomic};

use rustc_hash::FxHashMap;

use super::hub::HUB;
use super::inbox::{Delivery, Inbox};
use super::pipe;
use super::pool::{Key, NO_KEY, Pool};
use super::protocol::Kind;
use super::sync::{AtomicU32, AtomicU64, Mutex, Ordering, RwLock, process_wide, step};

pub type AgentId = u32;

/// More nesting than this is a runaway recursion, not a program.
pub const MAX_DEPTH: usize = 64;

pub struct Agent {
    pub id: AgentId,
    /// Who started this thread; `None` for a root.
    pub owner: Option<Arc<Agent>>,
    pub inbox: Inbox,
    pool: Arc<Pool>,
    /// The item under which this agent runs, or [`NO_KEY`]: what it submits is nested in that.
    current: AtomicU64,
    /// The items that it asked for and that live. Changed and read with the pool's lock held, which orders that.
    asked: atomic::AtomicU32,
    /// Calls of a service that have not settled. Its owner alone changes it, so that it is exact in each of its ticks.
    active: AtomicU32,
}

impl Agent {
    fn new(owner: Option<Arc<Agent>>, pool: Arc<Pool>) -> Self {
        static NEXT: atomic::AtomicU32 = atomic::AtomicU32::new(1);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            owner,
            inbox: Inbox::default(),
            pool,
            current: AtomicU64::new(NO_KEY),
            asked: atomic::AtomicU32::new(0),
            active: AtomicU32::new(0),
        }
    }

    /// A root with a pool of its own.
    #[must_use]
    pub fn root() -> Arc<Self> {
        let agent = Arc::new_cyclic(|root| Self::new(None, Arc::new(Pool::new(root.clone()))));
        register(&agent);
        agent
    }

    /// A thread that `owner` is about to start, and the token by which it will be known.
    #[must_use]
    pub fn expected(owner: &Arc<Agent>) -> (Arc<Self>, String) {
        let agent = Arc::new(Self::new(Some(Arc::clone(owner)), Arc::clone(owner.pool())));
        register(&agent);
        let token = random_id();
        TOKENS.lock().insert(token.clone(), Arc::clone(&agent));
        (agent, token)
    }

    #[must_use]
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    #[must_use]
    pub fn is_root(&self) -> bool {
        self.owner.is_none()
    }

    #[must_use]
    pub fn current(&self) -> Key {
        self.current.load(Ordering::Acquire)
    }

    pub fn set_current(&self, key: Key) {
        self.current.store(key, Ordering::Release);
    }

    /// An item of this agent's begins to live. With the pool's lock held.
    pub(super) fn item_begins(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// An item of this agent's has left the pool. With the pool's lock held.
    pub(super) fn item_ends(&self) {
        self.asked.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many items that it asked for live. With the pool's lock held.
    pub(super) fn items(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }

    /// The owner of this service calls it. The call is active until `calls_end`, delivered or not (one that is not settles
    /// when the owner hears how the thread ended), and what the service waits for meanwhile may have its slot.
    pub fn call(&self, frame: &[u8]) -> Delivery {
        let first = self.call_begins() == 1;
        let delivery = self.inbox.send(frame);
        if first && delivery == Delivery::Delivered {
            self.pool().call_began(self);
        }
        delivery
    }

    /// A call begins; says how many run now.
    pub fn call_begins(&self) -> u32 {
        self.active.fetch_add(1, Ordering::AcqRel) + 1
    }

    pub fn calls_end(&self, count: u32) {
        // A service that was closed has its count cleared, and a late answer must not wrap it around.
        let _ = self
            .active
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| Some(n.saturating_sub(count)));
    }

    pub fn clear_calls(&self) {
        if step("service: what was called ends when it closes") {
            self.active.store(0, Ordering::Release);
        }
    }

    #[must_use]
    pub fn active_calls(&self) -> u32 {
        self.active.load(Ordering::Acquire)
    }

    /// A one-off thread answers, or a service whose launch failed. Its slot is free before the answer arrives.
    pub fn finish(&self, answer: &[u8]) -> Delivery {
        let awaited = self.pool().finish(self.id);
        let owner = self.owner.as_ref().filter(|_| awaited);
        let delivery = owner.map_or(Delivery::Closed, |owner| owner.inbox.send(answer));
        self.tell_ending();
        delivery
    }

    /// This thread has nothing more to do: its owner sees to it that it ends.
    pub fn tell_ending(&self) {
        if let Some(owner) = &self.owner {
            let _ = owner.inbox.send_kind(Kind::Ending, &[&self.id.to_le_bytes()]);
        }
    }

    /// The agent's environment is gone: nothing reaches it any more, and what it asked for or started goes with it.
    pub fn end(&self) {
        self.inbox.close();
        // After that, so that a pipe which is opened meanwhile is either found or sees the closed inbox.
        if step("agent: its pipes end with it") {
            pipe::agent_ended(self.id);
        }
        AGENTS.write().remove(&self.id);
        TOKENS.lock().retain(|_, agent| agent.id != self.id);
        if step("agent: its subscriptions end with it") {
            HUB.agent_ended(self.id);
        }
        for child in self.pool().agent_ended(self) {
            if step("agent: its threads end with it") {
                child.end();
            }
        }
    }
}

process_wide! {
    static AGENTS: RwLock<FxHashMap<AgentId, Arc<Agent>>> = RwLock::default();
}
process_wide! {
    static TOKENS: Mutex<HashMap<String, Arc<Agent>>> = Mutex::default();
}

fn register(agent: &Arc<Agent>) {
    AGENTS.write().insert(agent.id, Arc::clone(agent));
}

/// The living agent with this number.
#[must_use]
pub fn find(id: AgentId) -> Option<Arc<Agent>> {
    AGENTS.read().get(&id).cloned()
}

/// How many agents live, for tests that look for what was left behind.
#[must_use]
pub fn living() -> usize {
    AGENTS.read().len()
}

/// The agent that was expected under this token, once.
#[must_use]
pub fn redeem(token: &str) -> Option<Arc<Agent>> {
    TOKENS.lock().remove(token)
}

/// 128 bits from the seeds that the standard library takes from the system for its hash maps.
#[must_use]
pub fn random_id() -> String {
    static COUNT: atomic::AtomicU64 = atomic::AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let half = || {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u64(count);
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_one_agent_once() {
        let root = Agent::root();
        let (thread, token) = Agent::expected(&root);
        assert_eq!(token.len(), 32);
        assert_eq!(redeem(&token).map(|agent| agent.id), Some(thread.id));
        assert!(redeem(&token).is_none());
        assert!(redeem("guess").is_none());
    }

    #[test]
    fn an_ended_agent_is_unknown() {
        let root = Agent::root();
        let (thread, token) = Agent::expected(&root);
        assert!(find(thread.id).is_some());
        thread.end();
        assert!(find(thread.id).is_none());
        assert!(redeem(&token).is_none());
        assert!(thread.inbox.is_closed());
    }

    #[test]
    fn an_ended_root_leaves_no_memory() {
        let root = Agent::root();
        let (thread, _) = Agent::expected(&root);
        let kept = Arc::downgrade(&root);
        thread.end();
        root.end();
        drop((thread, root));
        assert_eq!(kept.strong_count(), 0);
    }

    #[test]
    fn late_answers_do_not_wrap_the_count() {
        let root = Agent::root();
        assert_eq!(root.call_begins(), 1);
        root.clear_calls();
        root.calls_end(1);
        assert_eq!(root.active_calls(), 0);
    }
}
