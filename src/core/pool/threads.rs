//! Threads: which item each one runs, and what happens when one answers or ends.

use std::sync::Arc;
use std::time::Instant;

use super::{Item, Key, NO_KEY, Pool, SetId, State};
use crate::core::agent::{Agent, AgentId};
use crate::core::payload::Payload;
use crate::core::protocol::Kind;
use crate::core::sync::step;

/// What a thread is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    /// Started, with nothing of the user's loaded.
    Spare,
    OneOff {
        key: Key,
    },
    Service {
        key: Key,
        ready: bool,
    },
    /// A warm thread that loads its set's file, and then takes a task if one is left.
    Starting {
        set: SetId,
    },
    /// A warm thread that was idle, or gives its event loop a turn, and is on its way to its set's untaken tasks.
    Woken {
        set: SetId,
        since: Instant,
    },
    /// One that was on its way and has not come: something that a task left behind keeps its event loop, most likely.
    Late {
        set: SetId,
        since: Instant,
    },
    /// One that has been late for so long that another was started in its place. It may come yet.
    Lost {
        set: SetId,
    },
    Idle {
        set: SetId,
    },
    /// A warm thread that has taken a task, and waits for the values that the caller keeps for whoever runs it.
    Taken {
        set: SetId,
        key: Key,
    },
    Running {
        set: SetId,
        key: Key,
    },
    /// It has answered, was given up or is being terminated: it holds nothing.
    Ending,
}

pub(super) struct Thread {
    pub agent: Arc<Agent>,
    pub duty: Duty,
    /// The token of a warm thread that the root has not started yet.
    pub token: Option<String>,
}

impl Thread {
    pub(super) fn runs(&self, key: Key) -> bool {
        matches!(self.duty, Duty::Running { key: held, .. } | Duty::Taken { key: held, .. } if held == key)
    }
}

/// The thread that a granted item got.
#[must_use]
pub enum Placed {
    /// A new one, which the caller starts with this token.
    Fresh(AgentId, String),
    /// A spare, which has been told what to do.
    Spare(AgentId),
    /// The item was taken back meanwhile.
    Gone,
}

/// What a warm thread does next.
#[must_use]
pub enum Turn {
    Run {
        payload: Payload,
        call: u32,
        caller: Arc<Agent>,
    },
    /// There is a task, which any thread of the set may take: give the event loop its turn, and come again.
    Later,
    /// Nothing to do: a [`Kind::Work`] or [`Kind::End`] frame will follow.
    Idle,
    /// There are enough idle threads: end.
    End,
}

impl Pool {
    /// Finds a thread for a one-off task or a service that was granted, and sends it the request.
    pub fn place(&self, owner: &Arc<Agent>, key: Key, may_be_spare: bool) -> Placed {
        let mut state = self.state.lock();
        let state = &mut *state;
        let Some(item) = state.items.get_mut(key) else {
            return Placed::Gone;
        };
        let payload = std::mem::replace(&mut item.request.payload, Payload::new(&[]));
        let duty = match item.request.work {
            super::Work::Service => Duty::Service { key, ready: false },
            _ => Duty::OneOff { key },
        };
        if may_be_spare
            && owner.is_root()
            && let Some(id) = state.spares.oldest()
            && let Some(thread) = state.threads.get_mut(&id)
        {
            if step("pool: a spare that is handed out stands ready no more") {
                state.spares.forget(id);
            }
            if step("pool: a spare that is handed out has the slot") {
                thread.duty = duty;
            }
            thread.agent.set_current(key);
            let _ = thread.agent.inbox.send(&payload);
            return Placed::Spare(id);
        }
        let (agent, token) = Agent::expected(owner);
        agent.set_current(key);
        let _ = agent.inbox.send(&payload);
        let id = agent.id;
        state.threads.insert(
            id,
            Thread {
                agent,
                duty,
                token: None,
            },
        );
        Placed::Fresh(id, token)
    }

    /// The agent of a thread whose end its owner has not told yet, though it may be gone.
    #[must_use]
    pub fn thread(&self, id: AgentId) -> Option<Arc<Agent>> {
        self.state
            .lock()
            .threads
            .get(&id)
            .map(|thread| Arc::clone(&thread.agent))
    }

    /// The token and the set of a warm thread that the root is asked to start, if it is still wanted.
    #[must_use]
    pub fn warm_thread(&self, id: AgentId) -> Option<(String, SetId)> {
        let mut state = self.state.lock();
        let thread = state.threads.get_mut(&id)?;
        if let Duty::Starting { set } = thread.duty {
            return thread.token.take().map(|token| (token, set));
        }
        // It will never start, so its end would never be told.
        let unwanted = state.threads.remove(&id).filter(|thread| thread.token.is_some());
        drop(state);
        if let Some(thread) = unwanted {
            thread.agent.end();
        }
        None
    }

    /// A one-off thread has its answer, or a service could not be launched: the slot is free before the answer arrives.
    /// Says whether it is still awaited.
    #[must_use]
    pub fn finish(&self, id: AgentId) -> bool {
        let mut state = self.state.lock();
        let state = &mut *state;
        if let Some(thread) = state.threads.get_mut(&id)
            && let Duty::OneOff { key } | Duty::Service { key, ready: false } = thread.duty
        {
            thread.duty = Duty::Ending;
            let awaited = self.release(state, key).is_some();
            self.dispatch(state);
            return awaited;
        }
        false
    }

    /// A service has run its initializer.
    pub fn service_ready(&self, id: AgentId) {
        let mut state = self.state.lock();
        let state = &mut *state;
        if let Some(Thread {
            duty: Duty::Service { ready, key },
            ..
        }) = state.threads.get_mut(&id)
        {
            *ready = true;
            let key = *key;
            self.keep_loan(state, key);
        }
    }

    /// A warm thread ends the task it ran, if any, and takes the next, or none yet if its event loop's turn is `overdue`.
    /// Says first whether that task is still awaited.
    pub fn turn(&self, agent: &Agent, overdue: bool) -> (bool, Turn) {
        let mut state = self.state.lock();
        let state = &mut *state;
        let Some(thread) = state.threads.get_mut(&agent.id) else {
            return (false, Turn::End);
        };
        let (awaited, set) = match thread.duty {
            Duty::Starting { set } => {
                state.sets[set as usize].starting -= 1;
                state.sets[set as usize].loaded += 1;
                (false, set)
            }
            Duty::Woken { set, .. } => {
                state.sets[set as usize].woken -= 1;
                (false, set)
            }
            Duty::Late { set, .. } => {
                state.sets[set as usize].late -= 1;
                (false, set)
            }
            Duty::Lost { set } => {
                state.sets[set as usize].lost -= 1;
                self.watch_late(state);
                (false, set)
            }
            Duty::Running { set, key } | Duty::Taken { set, key } => {
                // On its way again before the slot is free, so that `dispatch` does not wake another thread for it.
                state.sets[set as usize].woken += 1;
                let awaited = self.release(state, key).is_some();
                self.dispatch(state);
                state.sets[set as usize].woken -= 1;
                (awaited, set)
            }
            // A `Work` frame from before it was given up: what it was sent for has its own thread.
            Duty::Idle { .. } => return (false, Turn::Idle),
            _ => return (false, Turn::End),
        };
        (awaited, self.take(state, agent, set, overdue))
    }

    /// The next untaken task of its set, or idleness.
    fn take(&self, state: &mut State, agent: &Agent, id: SetId, overdue: bool) -> Turn {
        let set = &mut state.sets[id as usize];
        let Some(thread) = state.threads.get_mut(&agent.id) else {
            return Turn::End;
        };
        if overdue && !set.untaken.is_empty() && step("warm: who is overdue takes nothing yet") {
            // What earlier tasks left behind runs first: it may keep the thread, or end it.
            let since = Instant::now();
            thread.duty = Duty::Woken { set: id, since };
            agent.set_current(NO_KEY);
            set.woken += 1;
            self.watch(&mut state.watched);
            return Turn::Later;
        }
        if let Some(key) = set.untaken.pop_front()
            && let Some(item) = state.items.get_mut(key)
        {
            let payload = if item.request.apart {
                thread.duty = Duty::Taken { set: id, key };
                // What earlier tasks left behind may start more before this one begins.
                agent.set_current(NO_KEY);
                item.request.payload.clone()
            } else {
                thread.duty = Duty::Running { set: id, key };
                agent.set_current(key);
                std::mem::replace(&mut item.request.payload, Payload::new(&[]))
            };
            return Turn::Run {
                payload,
                call: item.request.call,
                caller: Arc::clone(&item.caller),
            };
        }
        agent.set_current(NO_KEY);
        thread.duty = Duty::Idle { set: id };
        state.idle += 1;
        if step("warm: who finds nothing is known to be idle") {
            set.idle.push((agent.id, Instant::now()));
        }
        state.trim();
        Turn::Idle
    }

    /// A caller is about to send a thread the values that its task needs: the task begins. Says no if the thread has ended or
    /// given the task back: another will ask.
    #[must_use]
    pub fn hand_over(&self, caller: AgentId, thread: AgentId, call: u32) -> bool {
        let mut state = self.state.lock();
        let state = &mut *state;
        let Some(thread) = state.threads.get_mut(&thread) else {
            return false;
        };
        if let Duty::Taken { set, key } = thread.duty
            && !thread.agent.inbox.is_closed()
            && let Some(item) = state.items.get_mut(key)
            && (item.caller.id, item.request.call) == (caller, call)
        {
            item.request.payload = Payload::new(&[]);
            thread.agent.set_current(key);
            thread.duty = Duty::Running { set, key };
            return true;
        }
        false
    }

    /// A warm thread could not load its file; `reason` is for the callers.
    pub fn load_failed(&self, id: AgentId, reason: &[u8]) {
        let mut state = self.state.lock();
        let state = &mut *state;
        let Some(thread) = state.threads.get_mut(&id) else {
            return;
        };
        let Duty::Starting { set } = thread.duty else {
            return;
        };
        thread.duty = Duty::Ending;
        thread.agent.tell_ending();
        self.starter_lost(state, set, Kind::LoadFailed, reason);
    }

    /// A warm thread ended before it could take a task.
    fn starter_lost(&self, state: &mut State, set: SetId, kind: Kind, reason: &[u8]) {
        state.sets[set as usize].starting -= 1;
        if state.sets[set as usize].loaded == 0 {
            self.fail_set(state, set, kind, reason);
        } else if let Some(key) = state.sets[set as usize].untaken.pop_front() {
            // Others could load it, so one start costs one task, and the rest goes on.
            if let Some(item) = self.release(state, key) {
                tell(&item, kind, reason);
            }
        }
        self.staff(state, set);
        self.dispatch(state);
    }

    /// A thread is gone. What it held is free; if it ran a warm task, its caller hears `reason`.
    pub fn thread_ended(&self, id: AgentId, reason: &[u8]) {
        let mut state = self.state.lock();
        let state = &mut *state;
        let Some(thread) = state.threads.remove(&id) else {
            return;
        };
        match thread.duty {
            Duty::Spare => state.spares.forget(id),
            Duty::OneOff { key } | Duty::Service { key, .. } => {
                self.release(state, key);
            }
            Duty::Starting { set } => self.starter_lost(state, set, Kind::Ended, reason),
            Duty::Woken { set, .. } | Duty::Late { set, .. } | Duty::Lost { set } => {
                let known = &mut state.sets[set as usize];
                match thread.duty {
                    Duty::Late { .. } => known.late -= 1,
                    Duty::Lost { .. } => known.lost -= 1,
                    _ => known.woken -= 1,
                }
                known.loaded -= 1;
                if step("warm: what a dying thread was woken for goes to another") {
                    self.staff(state, set);
                }
                if let Duty::Lost { .. } = thread.duty {
                    self.watch_late(state);
                }
            }
            Duty::Idle { set } => {
                state.idle -= 1;
                state.sets[set as usize].loaded -= 1;
                state.sets[set as usize].idle.retain(|&(other, _)| other != id);
            }
            Duty::Running { set, key } => {
                state.sets[set as usize].loaded -= 1;
                if let Some(item) = self.release(state, key) {
                    tell(&item, Kind::Ended, reason);
                }
            }
            Duty::Taken { set, key } => {
                let known = &mut state.sets[set as usize];
                known.loaded -= 1;
                if state.items.get(key).is_some_and(|item| item.caller.inbox.is_closed()) {
                    self.release(state, key);
                } else if step("warm: what a dying thread had taken goes back") {
                    known.untaken.push_front(key);
                    self.await_thread(state, set, key);
                }
            }
            Duty::Ending => {}
        }
        self.dispatch(state);
    }

    /// An agent's environment is gone: what it asked for leaves the queue, and what it started has ended with it. Returns
    /// the agents of those threads: one that never opened has no environment whose end would tell.
    #[must_use]
    pub(in crate::core) fn agent_ended(&self, agent: &Agent) -> Vec<Arc<Agent>> {
        let mut state = self.state.lock();
        let state = &mut *state;
        if agent.is_root() {
            // The whole tree ends with its root, and so does the pool.
            state.closed = true;
            state.items = super::Queue::default();
            state.holders.clear();
            state.spares.clear();
            state.sets.clear();
            (state.held, state.lent, state.services, state.idle) = (0, 0, 0, 0);
            state.stall = None;
            return state.threads.drain().map(|(_, thread)| thread.agent).collect();
        }
        let mut keys = state.unbegun(agent);
        let owned = |thread: &Thread| thread.agent.owner.as_ref().is_some_and(|owner| owner.id == agent.id);
        let children: Vec<Thread> = state
            .threads
            .extract_if(|_, thread| owned(thread))
            .map(|(_, thread)| thread)
            .collect();
        for child in &children {
            if let Duty::OneOff { key } | Duty::Service { key, .. } = child.duty {
                keys.push(key);
            }
        }
        let mut left: Vec<SetId> = Vec::new();
        for (id, set) in (0..).zip(&mut state.sets) {
            let before = set.untaken.len();
            set.untaken.retain(|key| !keys.contains(key));
            left.extend(std::iter::repeat_n(id, before - set.untaken.len()));
        }
        state.tell_caller_ended(agent.id);
        for key in keys
            .into_iter()
            .filter(|_| step("pool: what an ended agent asked for leaves"))
        {
            self.release(state, key);
        }
        self.dispatch(state);
        for set in left {
            self.unstaff(state, set);
        }
        children.into_iter().map(|thread| thread.agent).collect()
    }
}

impl State {
    /// Warm tasks go on without their caller, unless they wait for what only it could send.
    fn tell_caller_ended(&self, caller: AgentId) {
        for thread in self.threads.values() {
            if let Duty::Running { key, .. } | Duty::Taken { key, .. } = thread.duty
                && step("warm: who runs a task hears that its caller ended")
                && let Some(item) = self.items.get(key).filter(|item| item.caller.id == caller)
            {
                let call = item.request.call.to_le_bytes();
                let _ = thread
                    .agent
                    .inbox
                    .send_kind(Kind::CallerEnded, &[&call, &caller.to_le_bytes()]);
            }
        }
    }

    /// What `caller` asked for and nothing has begun: what waits, oldest first, then what was granted and has not found a
    /// thread yet. Looks at all that the pool has, but not for a caller that has nothing there, as most threads that end.
    fn unbegun(&self, caller: &Agent) -> Vec<Key> {
        if caller.items() == 0 {
            return Vec::new();
        }
        let mine = |item: &Item| item.caller.id == caller.id;
        let waiting = self.items.waiting().filter(|(_, item)| mine(item)).map(|(key, _)| key);
        let kept = self.items.kept().filter(|(_, item)| item.granted && mine(item));
        let placed = |key: &Key| {
            self.threads.values().any(|thread| match thread.duty {
                Duty::OneOff { key: held } | Duty::Service { key: held, .. } => held == *key,
                _ => thread.runs(*key),
            })
        };
        let unplaced = kept.map(|(key, _)| key).filter(|key| !placed(key));
        waiting.chain(unplaced).collect()
    }
}

fn tell(item: &Item, kind: Kind, reason: &[u8]) {
    let call = item.request.call.to_le_bytes();
    let _ = item.caller.inbox.send_kind(kind, &[&call, reason]);
}
