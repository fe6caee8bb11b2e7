//! Items: submitting, granting, lending, releasing, and taking back.

use std::collections::VecDeque;
use std::sync::Arc;

use super::threads::Duty;
use super::{Item, Key, NO_KEY, Pool, Queue, Request, SetId, State, Work};
use crate::core::agent::{Agent, MAX_DEPTH};
use crate::core::protocol::Kind;
use crate::core::sync::step;

/// So many keys that no longer wait are no reason to look through those of a holder.
const STALE: usize = 32;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Submitted {
    /// It has its slot. The caller starts the thread, unless it is a warm task.
    Granted(Key),
    /// It waits; a [`Kind::Grant`] frame follows for all but warm tasks.
    Waiting(Key),
    /// Its caller is nested [`MAX_DEPTH`] deep already.
    TooDeep,
    /// The pool has ended with its root.
    Closed,
}

/// Where an item was when it was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Cancelled {
    /// It had not begun: it never will.
    Unbegun,
    /// It runs on the caller's own thread, or on none yet; the caller ends that.
    Begun,
    /// A warm thread ran it, or had taken it and waited for its values: the root was told to end that thread.
    Terminating,
    /// It had settled before.
    Settled,
}

/// What `pool.next` tells.
#[derive(Clone, Debug)]
pub struct Info {
    pub service: bool,
    pub name: u32,
    pub file: Arc<str>,
    pub identifier: Arc<str>,
    pub priority: bool,
    pub reffed: bool,
}

impl Pool {
    /// Asks for a slot.
    pub fn submit(&self, caller: &Arc<Agent>, request: Request) -> Submitted {
        let mut state = self.state.lock();
        let state = &mut *state;
        let over = state.closed && step("pool: a pool that has ended takes nothing");
        let ended = caller.inbox.is_closed() && step("pool: submitting looks for the end of the caller");
        if over || ended {
            return Submitted::Closed;
        }
        let (holder, loading) = state.holder_of(caller);
        let depth = state.depth_under(holder);
        if depth > MAX_DEPTH {
            return Submitted::TooDeep;
        }
        let priority = request.priority;
        caller.item_begins();
        let caller = Arc::clone(caller);
        let item = Item {
            request,
            caller,
            lender: NO_KEY,
            parent: holder,
            loading,
            granted: false,
            number: state.submitted,
        };
        state.submitted += 1;
        let key = state.items.insert(item);
        if state.items.is_empty() && state.held - state.lent < state.max {
            self.grant(state, key, NO_KEY, Some(key));
            return Submitted::Granted(key);
        }
        if priority {
            state.items.push_front(key);
        } else {
            state.items.push_back(key);
        }
        if depth > 0 {
            remember(&mut state.holders.entry(holder).or_default().waiting, &state.items, key);
            if step("pool: who waits lends its slot") && self.lend(state, holder, Some(key)) == Some(key) {
                return Submitted::Granted(key);
            }
        } else if let Some(set) = loading {
            remember(&mut state.sets[set as usize].stranded, &state.items, key);
        }
        state.note_stall();
        Submitted::Waiting(key)
    }

    /// A service began a call: its slot may be lent to what it has queued meanwhile.
    pub fn call_began(&self, service: &Agent) {
        let mut state = self.state.lock();
        let holder = service.current();
        if state.holders.contains_key(&holder) && step("service: a call that begins lends the slot") {
            self.lend(&mut state, holder, None);
            state.note_stall();
        }
    }

    /// Lends the slot of `holder` to the oldest item that waits in it, if it is not lent yet; says to which. A warm task's
    /// may also be lent to what the loads of its set's file have queued and nobody else can lend to.
    fn lend(&self, state: &mut State, holder: Key, submitting: Option<Key>) -> Option<Key> {
        let item = state.items.get(holder)?;
        let (work, set) = (item.request.work, item.request.set);
        if work == Work::Service && !state.service_may_wait(holder) {
            return None;
        }
        let known = state.holders.entry(holder).or_default();
        if known.loan.is_some() {
            return None;
        }
        let mut stranded = (work == Work::Warm).then(|| &mut state.sets[set as usize].stranded);
        let nested = || known.waiting.pop_front().or_else(|| stranded.as_mut()?.pop_front());
        let Some(key) = std::iter::from_fn(nested).find(|&key| state.items.unlink(key)) else {
            if known.services.is_empty() {
                state.holders.remove(&holder);
            }
            return None;
        };
        known.loan = Some(key);
        self.grant(state, key, holder, submitting);
        Some(key)
    }

    /// A service that may use a lent slot is ready: its lender may lend again.
    pub(super) fn keep_loan(&self, state: &mut State, service: Key) {
        let Some(lender) = state.items.get(service).map(|item| item.lender) else {
            return;
        };
        if let Some(known) = state.holders.get_mut(&lender)
            && known.loan == Some(service)
            && step("pool: a ready service is no loan any more")
        {
            known.loan = None;
            known.services.push(service);
            self.lend(state, lender, None);
            state.note_stall();
        }
    }

    /// Gives `key`, which is out of the queue, a slot: one of the pool's, or the lender's. Its caller hears of it by a
    /// frame, unless it is `submitting` this very item and so hears at once.
    pub(super) fn grant(&self, state: &mut State, key: Key, lender: Key, submitting: Option<Key>) {
        let Some(item) = state.items.get_mut(key) else { return };
        item.granted = true;
        item.lender = lender;
        state.held += 1;
        state.lent += u32::from(lender != NO_KEY);
        match item.request.work {
            Work::Warm => {
                let set = item.request.set;
                state.sets[set as usize].untaken.push_back(key);
                self.await_thread(state, set, key);
                return;
            }
            Work::Service => state.services += u32::from(lender == NO_KEY),
            Work::OneOff => {
                if item.caller.is_root() {
                    state.spares.used();
                }
            }
        }
        if submitting != Some(key) {
            let call = item.request.call.to_le_bytes();
            #[expect(clippy::cast_precision_loss, reason = "keys have at most 52 bits")]
            let number = (key as f64).to_le_bytes();
            // A closed caller's items are released by `agent_ended`, which follows.
            let _ = item.caller.inbox.send_kind(Kind::Grant, &[&call, &number]);
        }
    }

    /// A warm task, which is among the untaken ones of its set, waits for a thread: that may be one that loads the file.
    pub(super) fn await_thread(&self, state: &mut State, set: SetId, key: Key) {
        self.staff(state, set);
        if !state.sets[set as usize].stranded.is_empty() && step("warm: who waits for a thread lends to the loads, too")
        {
            self.lend(state, key, None);
        }
    }

    /// Ends an item, wherever it is, and frees its slot. The caller of this dispatches.
    pub(super) fn release(&self, state: &mut State, key: Key) -> Option<Item> {
        let item = state.items.remove(key)?;
        item.caller.item_ends();
        if !item.granted {
            return Some(item);
        }
        state.held -= 1;
        if item.request.work == Work::Service && item.lender == NO_KEY {
            state.services -= 1;
        }
        let borrowers = state.holders.remove(&key).unwrap_or_default();
        let lender = item.lender;
        if lender != NO_KEY {
            state.lent -= 1;
        }
        for key in borrowers.loan.into_iter().chain(borrowers.services) {
            if step("pool: a loan takes over the slot of its lender")
                && let Some(borrower) = state.items.get_mut(key)
            {
                borrower.lender = NO_KEY;
                state.lent -= 1;
                state.services += u32::from(borrower.request.work == Work::Service);
            }
        }
        if let Some(known) = state.holders.get_mut(&lender) {
            if known.loan == Some(key) {
                known.loan = None;
            } else {
                known.services.retain(|&other| other != key);
            }
            if step("pool: a slot that comes back is lent again") {
                self.lend(state, lender, None);
            }
        }
        self.strand(state, borrowers.waiting);
        Some(item)
    }

    /// These waited in a holder that is gone. Those that a load queued are lent to by the other tasks of its set: by one that
    /// no thread has taken, if there is any now, else by the next one that lends. Also when the load is over: a task may
    /// wait for what it began.
    fn strand(&self, state: &mut State, waiting: VecDeque<Key>) {
        for key in waiting {
            let left = state.items.get(key).filter(|item| !item.granted);
            let Some(set) = left.and_then(|item| item.loading) else {
                continue;
            };
            if step("warm: what a load waits for outlives its holder") {
                state.sets[set as usize].stranded.push_back(key);
            }
            let mut untaken = state.sets[set as usize].untaken.iter().copied();
            if let Some(lender) = untaken.find(|&key| !state.lends(key)) {
                self.lend(state, lender, None);
            }
        }
    }

    /// Takes an item back, for an abort.
    pub fn cancel(&self, key: Key) -> Cancelled {
        let mut state = self.state.lock();
        let state = &mut *state;
        let Some(item) = state.items.get(key) else {
            return Cancelled::Settled;
        };
        let (granted, set) = (item.granted, item.request.set);
        let mut untaken = false;
        let outcome = if !granted {
            Cancelled::Unbegun
        } else if item.request.work != Work::Warm {
            Cancelled::Begun
        } else if let Some(thread) = state.threads.values_mut().find(|thread| thread.runs(key)) {
            if step("warm: who runs what is taken back takes nothing more") {
                thread.duty = Duty::Ending;
            }
            state.sets[set as usize].loaded -= 1;
            let id = thread.agent.id.to_le_bytes();
            let _ = self.root().inbox.send_kind(Kind::Terminate, &[&id]);
            Cancelled::Terminating
        } else {
            state.sets[set as usize]
                .untaken
                .retain(|&other| other != key || !step("warm: what is taken back leaves its set"));
            untaken = true;
            Cancelled::Unbegun
        };
        self.release(state, key);
        self.dispatch(state);
        if untaken {
            self.unstaff(state, set);
        }
        outcome
    }

    /// The item that gets the next slot.
    #[must_use]
    pub fn next(&self) -> Option<Info> {
        let state = self.state.lock();
        let item = state.items.front().and_then(|key| state.items.get(key))?;
        let set = &state.sets[item.request.set as usize].info;
        Some(Info {
            service: item.request.work == Work::Service,
            name: item.request.name,
            file: Arc::clone(&set.file),
            identifier: Arc::clone(&set.identifier),
            priority: item.request.priority,
            reffed: item.request.reffed,
        })
    }
}

/// One more item waits in a holder.
fn remember(waiting: &mut VecDeque<Key>, items: &Queue<Item>, key: Key) {
    // What got a slot of the pool's stays here until the holder lends, which it may never do. Each time, more than half of
    // the keys leave, so that costs each of them two looks at most.
    if waiting.len() > 2 * items.len() + STALE {
        waiting.retain(|&key| items.is_waiting(key));
    }
    waiting.push_back(key);
}

impl State {
    /// The item that what `caller` submits is nested in, and the set whose file it still loads, if it does. A load waits in
    /// those of the set's tasks that no thread has taken, as they wait for it: in the one that is nested deepest, so that
    /// sets whose files call each other come to an end.
    fn holder_of(&self, caller: &Agent) -> (Key, Option<SetId>) {
        let current = caller.current();
        if current != NO_KEY || caller.is_root() {
            return (current, None);
        }
        match self.threads.get(&caller.id).map(|thread| thread.duty) {
            Some(Duty::Starting { set }) if step("warm: a load waits in a task that waits for it") => {
                let untaken = self.sets[set as usize].untaken.iter().copied();
                let deepest = untaken.max_by_key(|&key| self.depth_under(key));
                (deepest.unwrap_or(NO_KEY), Some(set))
            }
            _ => (NO_KEY, None),
        }
    }

    /// How deep an item is nested that is submitted under `holder`: how many living items there are from there up.
    fn depth_under(&self, holder: Key) -> usize {
        let above = |item: &&Item| self.items.get(item.parent);
        std::iter::successors(self.items.get(holder), above).count()
    }

    /// Whether the slot of an item is lent.
    pub(super) fn lends(&self, key: Key) -> bool {
        self.holders.get(&key).is_some_and(|known| known.loan.is_some())
    }

    /// A service waits for nested work while it launches and while a call runs; its timers alone do not.
    pub(super) fn service_may_wait(&self, key: Key) -> bool {
        self.threads.values().any(|thread| match thread.duty {
            Duty::Service { key: held, ready } => held == key && (!ready || thread.agent.active_calls() > 0),
            _ => false,
        })
    }
}
