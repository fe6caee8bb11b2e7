//! Sets: what one `define()` registered, and the warm threads that serve it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::threads::{Duty, Thread};
use super::{Item, Key, Pool, State, Work};
use crate::core::agent::{Agent, AgentId};
use crate::core::protocol::Kind;
use crate::core::sync::step;

pub type SetId = u32;

/// What a set is known by. Two `define()` calls that agree in all of it share one set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetInfo {
    pub file: Arc<str>,
    pub identifier: Arc<str>,
    /// The encoded WorkerOptions for warm threads; the core only compares and keeps them.
    pub options: Arc<[u8]>,
}

pub(super) struct Set {
    pub info: SetInfo,
    /// Warm tasks with a slot that no thread has taken yet.
    pub untaken: VecDeque<Key>,
    /// What loads of the file have queued and is nested in no task (any more). The keys of some that do not wait any more
    /// are among them.
    pub stranded: VecDeque<Key>,
    /// Idle threads, the one idle for longest first; the newest is taken first, so that the others can expire.
    pub idle: Vec<(AgentId, Instant)>,
    /// Threads on their way to `untaken`: those that were idle or give their event loop a turn, those of them that are late,
    /// and those that still load the file.
    pub woken: usize,
    pub late: usize,
    pub starting: usize,
    /// Threads that were woken and are not counted on any more. No more than the pool has slots: each has another in its
    /// place. When they are fewer again, or the slots more, the root is told (`watch_late`).
    pub lost: usize,
    /// Living threads that have loaded the file.
    pub loaded: u32,
}

impl Pool {
    /// The number of a set, given now if it has none yet.
    pub fn set(&self, info: SetInfo) -> SetId {
        let mut state = self.state.lock();
        let known = state.sets.iter().position(|set| set.info == info);
        let at = known.unwrap_or_else(|| {
            let set = Set {
                info,
                untaken: VecDeque::new(),
                stranded: VecDeque::new(),
                idle: Vec::new(),
                woken: 0,
                late: 0,
                starting: 0,
                lost: 0,
                loaded: 0,
            };
            state.sets.push(set);
            state.sets.len() - 1
        });
        SetId::try_from(at).unwrap_or(SetId::MAX)
    }

    /// What a set is known by.
    #[must_use]
    pub fn set_info(&self, set: SetId) -> Option<SetInfo> {
        self.state.lock().sets.get(set as usize).map(|set| set.info.clone())
    }

    /// Sees to it that a thread is on its way for every untaken task: an idle one, though another may be starting or late,
    /// since nobody knows how long that takes; else a new one.
    pub(super) fn staff(&self, state: &mut State, id: SetId) {
        let set = &mut state.sets[id as usize];
        while set.woken < set.untaken.len()
            && let Some((idle, _)) = set.idle.pop()
        {
            set.woken += 1;
            state.idle -= 1;
            if let Some(thread) = state.threads.get_mut(&idle) {
                let since = Instant::now();
                thread.duty = Duty::Woken { set: id, since };
                if step("warm: an idle thread is woken") {
                    let _ = thread.agent.inbox.send_kind(Kind::Work, &[]);
                }
            }
            self.watch(&mut state.watched);
        }
        while set.woken + set.late + set.starting < set.untaken.len() {
            set.starting += 1;
            let root = self.root();
            let (agent, token) = Agent::expected(&root);
            let thread_id = agent.id;
            let duty = Duty::Starting { set: id };
            state.threads.insert(
                thread_id,
                Thread {
                    agent,
                    duty,
                    token: Some(token),
                },
            );
            if step("warm: the root is asked for a thread") {
                let _ = root.inbox.send_kind(Kind::StartWarm, &[&thread_id.to_le_bytes()]);
            }
        }
    }

    /// What threads were woken for and have not come for within `late`, other idle ones are woken for too; within `lost`,
    /// another is started. Says whether there are threads that the root should look for again.
    #[must_use]
    pub fn relieve(&self, late: Duration, lost: Duration) -> bool {
        let mut state = self.state.lock();
        let state = &mut *state;
        let mut missed: Vec<SetId> = Vec::new();
        for thread in state.threads.values_mut() {
            match thread.duty {
                Duty::Woken { set, since }
                    if since.elapsed() >= late && step("warm: who does not come is not the only one woken") =>
                {
                    thread.duty = Duty::Late { set, since };
                    state.sets[set as usize].woken -= 1;
                    state.sets[set as usize].late += 1;
                    missed.push(set);
                }
                Duty::Late { set, since }
                    if since.elapsed() >= lost
                        && state.sets[set as usize].lost < state.max as usize
                        && step("warm: another is started for who does not come") =>
                {
                    thread.duty = Duty::Lost { set };
                    state.sets[set as usize].late -= 1;
                    state.sets[set as usize].lost += 1;
                    missed.push(set);
                }
                _ => {}
            }
        }
        for set in missed {
            self.staff(state, set);
        }
        state.watched = state.threads.values().any(|thread| match thread.duty {
            Duty::Woken { .. } => true,
            Duty::Late { set, .. } => state.sets[set as usize].lost < state.max as usize,
            _ => false,
        });
        state.watched
    }

    /// Has the root look for threads that are on their way, if it does not already.
    pub(super) fn watch(&self, watched: &mut bool) {
        if !*watched {
            *watched = true;
            let _ = self.root().inbox.send_kind(Kind::Woken, &[]);
        }
    }

    /// One more thread may be lost, of some set: the root looks for those that are late again, if it had left off since as
    /// many were lost as may be.
    pub(super) fn watch_late(&self, state: &mut State) {
        let late = |thread: &Thread| matches!(thread.duty, Duty::Late { .. });
        if !state.watched && state.threads.values().any(late) {
            self.watch(&mut state.watched);
        }
    }

    /// A granted task was taken back before a thread took it: a thread that is late or still loads the file, for nobody
    /// now, is ended, as a one-off task's is. The one that was started first: it may never come.
    pub(super) fn unstaff(&self, state: &mut State, id: SetId) {
        let set = &mut state.sets[id as usize];
        if set.woken + set.late + set.starting <= set.untaken.len() {
            return;
        }
        let missed = state
            .threads
            .iter_mut()
            .filter(|(_, thread)| matches!(thread.duty, Duty::Starting { set } | Duty::Late { set, .. } if set == id));
        if let Some((thread_id, thread)) = missed.min_by_key(|&(&thread_id, _)| thread_id)
            && step("warm: an abort ends who comes for nobody")
        {
            if let Duty::Late { .. } = thread.duty {
                set.late -= 1;
                set.loaded -= 1;
            } else {
                set.starting -= 1;
            }
            thread.duty = Duty::Ending;
            let _ = self
                .root()
                .inbox
                .send_kind(Kind::Terminate, &[&thread_id.to_le_bytes()]);
        }
    }

    /// Rejects everything of a set that has not begun: its file does not load, so no thread will ever run it.
    pub(super) fn fail_set(&self, state: &mut State, id: SetId, kind: Kind, reason: &[u8]) {
        let untaken: Vec<Key> = state.sets[id as usize].untaken.drain(..).collect();
        let of_set = |item: &Item| item.request.work == Work::Warm && item.request.set == id;
        let waiting = state.items.waiting().filter(|(_, item)| of_set(item));
        let waiting: Vec<Key> = waiting.map(|(key, _)| key).collect();
        // All leave the queue before any slot comes back: none is lent to what is about to be rejected, which would start a
        // thread for each.
        for &key in &waiting {
            state.items.unlink(key);
        }
        for key in untaken.into_iter().chain(waiting) {
            if let Some(item) = self.release(state, key) {
                let call = item.request.call.to_le_bytes();
                let _ = item.caller.inbox.send_kind(kind, &[&call, reason]);
            }
        }
    }
}
