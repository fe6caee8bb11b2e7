//! The pool: slots, and the one sequence of everything that waits for them.
//!
//! # Vocabulary
//!
//! An *item* is one request for a slot: a one-off task, a warm task or a service. It *waits* in the queue until it is
//! *granted* a slot; `held` counts the slots given out. A one-off task or a service is granted to its caller, who starts
//! the thread. A warm task is granted to its *set*: any free thread of the set may take it, so it is never tied to a
//! thread before it begins. One idle thread is *woken* for each, and others too when that one is *late*: a task may have
//! left something behind that keeps its event loop. A thread that stays late is *lost*, and another is started.
//! A task that needs values which are still with its caller has not begun either: a thread has *taken* it, and asks the
//! caller, who hands them over only while that thread lives. If it ends before, the task goes back to the front.
//!
//! # Rules
//!
//! 1. While `held - lent < max`, the item at the front of the queue is granted (`dispatch`). Everything that frees a slot
//!    or raises `max` ends in `dispatch`, under the same lock, so nothing waits beside a free slot.
//! 2. An item submitted by a thread that runs under another item is *nested* in it for as long as that lives: what an item
//!    started and left behind when it ended is nested in nothing. When a nested item has to wait, the slot of its holder
//!    is *lent* to it (`lend`): the holder may be waiting for it, and then both would wait for ever. `lent` slots do not
//!    count against `max`. A holder has one *loan* at a time. A service that is ready is no loan any more, as it ends only
//!    when its owner wants it to, which may be after other nested work: its lender may lend again, and has any number of
//!    those. When a holder ends before its borrowers, they hold slots as if the pool had given them: one of them its own,
//!    and what exceeds `max` then is made up for before anything else is granted.
//!    What a warm thread submits while it loads its set's file is nested in a granted task of the set that no thread has
//!    taken: that one holds a slot and waits for the load. It may be taken back, or another thread may take and end it:
//!    what still waits in it then is *stranded*, and any other task of the set lends to it. The first one granted later,
//!    or given back by a thread that had taken it, does at the latest, and nothing holds a slot for the load before.
//! 3. Every way of ending (an answer, an abort, the end of the thread, of its owner, of the root) goes through `release`,
//!    which is idempotent: the first takes the item out, the later ones find nothing.
//!
//! # Locks
//!
//! One lock a pool. Frames are sent with it held (pool, then inbox; an inbox never locks anything else), so what agents
//! hear is in the order of the decisions.

mod items;
mod queue;
mod sets;
mod spares;
mod threads;

#[cfg(all(test, not(loom)))]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::agent::{Agent, AgentId};
use super::atoms::Atom;
use super::concurrency;
use super::payload::Payload;
use super::sync::{Mutex, step};

pub use items::{Cancelled, Info, Submitted};
pub use queue::{Key, NO_KEY, Queue};
pub use sets::{SetId, SetInfo};
pub use threads::{Placed, Turn};

use sets::Set;
use spares::Spares;
use threads::Thread;

/// A warm thread that was woken and does not come within this is late.
pub const LATE: Duration = Duration::from_millis(10);
/// One that does not come within this is lost.
pub const LOST: Duration = Duration::from_secs(1);
/// Idle warm threads and spares end after this.
pub const IDLE: Duration = Duration::from_secs(10);
/// Something that has waited for so long behind services alone deserves a warning.
pub const STALL: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    OneOff,
    Warm,
    Service,
}

/// What a caller asks for.
pub struct Request {
    pub work: Work,
    pub set: SetId,
    pub name: Atom,
    /// The caller's own number for it, told back in every frame about it.
    pub call: u32,
    pub priority: bool,
    pub reffed: bool,
    /// Whether the caller keeps values that a warm thread needs before it can begin (`Pool::hand_over`).
    pub apart: bool,
    pub payload: Payload,
}

struct Item {
    request: Request,
    caller: Arc<Agent>,
    /// Whose slot this one uses, or [`NO_KEY`].
    lender: Key,
    /// The item under which it was submitted, or [`NO_KEY`].
    parent: Key,
    /// The set whose file its caller was still loading then.
    loading: Option<SetId>,
    granted: bool,
    /// How many were submitted before it.
    number: u64,
}

/// What is known of an item under which others wait or run. Made on the first nested wait, so flat use pays nothing.
#[derive(Default)]
struct Holder {
    loan: Option<Key>,
    /// The ready services that use its slot.
    services: Vec<Key>,
    waiting: VecDeque<Key>,
}

struct State {
    max: u32,
    held: u32,
    lent: u32,
    /// How many services hold a slot of the pool's, not one that is lent to them.
    services: u32,
    /// How many items were ever submitted.
    submitted: u64,
    /// Since when services hold every slot while something waits, and how many items had been submitted by then.
    stall: Option<(Instant, u64)>,
    items: Queue<Item>,
    holders: FxHashMap<Key, Holder>,
    sets: Vec<Set>,
    threads: FxHashMap<AgentId, Thread>,
    /// Warm threads with nothing to do.
    idle: u32,
    /// Whether the root was told that threads were woken, and looks whether they come.
    watched: bool,
    spares: Spares,
    closed: bool,
}

pub struct Pool {
    /// The root owns the pool, as does every agent below it.
    root: Weak<Agent>,
    state: Mutex<State>,
}

/// The counts that users see, all of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub max: u32,
    pub active: u32,
    pub queued: usize,
    /// Started threads that wait for work: idle warm ones and spares.
    pub ready: u32,
}

impl Pool {
    pub(super) fn new(root: Weak<Agent>) -> Self {
        let state = State {
            max: concurrency::slots(1.0),
            held: 0,
            lent: 0,
            services: 0,
            submitted: 0,
            stall: None,
            items: Queue::default(),
            holders: FxHashMap::default(),
            sets: Vec::new(),
            threads: FxHashMap::default(),
            idle: 0,
            watched: false,
            spares: Spares::default(),
            closed: false,
        };
        Self {
            root,
            state: Mutex::new(state),
        }
    }

    /// Whoever reaches the pool is the root or an agent below it, and keeps its owners.
    fn root(&self) -> Arc<Agent> {
        self.root.upgrade().expect("kept by who asks")
    }

    #[must_use]
    pub fn counts(&self) -> Counts {
        let state = self.state.lock();
        Counts {
            max: state.max,
            active: state.held,
            queued: state.items.len(),
            ready: state.idle + state.spares.count(),
        }
    }

    /// Changes the number of slots; a raise grants what waits at once, and lets more threads be lost.
    pub fn set_max(&self, max: u32) {
        let mut state = self.state.lock();
        state.max = max.max(1);
        self.dispatch(&mut state);
        self.watch_late(&mut state);
    }

    /// Whether something has waited for so long, [`STALL`] in life, while services held every slot.
    #[must_use]
    pub fn stalled(&self, stall: Duration) -> bool {
        let mut state = self.state.lock();
        let state = &mut *state;
        let Some((_, before)) = state.stall.filter(|(since, _)| since.elapsed() >= stall) else {
            return false;
        };
        // Only those at the front that were given priority since are looked at in vain.
        let stalled = state.items.waiting().any(|(_, item)| item.number < before);
        if !stalled {
            // What waited then was taken back. What waits now has waited from now on, at least.
            state.stall = Some((Instant::now(), state.submitted));
        }
        stalled
    }

    /// Grants slots for as long as there are any.
    fn dispatch(&self, state: &mut State) {
        while state.held - state.lent < state.max && step("pool: what frees a slot grants it") {
            let Some(key) = state.items.pop_front() else { break };
            self.grant(state, key, NO_KEY, None);
        }
        state.note_stall();
    }
}

impl State {
    /// Keeps the moment since which services hold every slot with something waiting: after whatever may change that.
    fn note_stall(&mut self) {
        if self.services < self.max || self.items.is_empty() {
            self.stall = None;
        } else if self.stall.is_none() {
            self.stall = Some((Instant::now(), self.submitted));
        }
    }
}
