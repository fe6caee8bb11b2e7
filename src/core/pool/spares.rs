//! Spares: started threads with nothing of the user's loaded, kept for the root's next one-off tasks.
//!
//! As many are wanted as one-off tasks began lately (within [`IDLE`]), and never more than the pool has slots besides its
//! idle warm threads. They are started on slots that nobody needs, so that they never slow down work that waits.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::sets::Set;
use super::threads::{Duty, Thread};
use super::{IDLE, Pool, State};
use crate::core::agent::{Agent, AgentId};
use crate::core::protocol::Kind;
use crate::core::sync::step;

#[derive(Default)]
pub(super) struct Spares {
    /// The oldest first.
    waiting: VecDeque<(AgentId, Instant)>,
    /// When one-off tasks of the root began lately, the oldest first.
    recent: VecDeque<Instant>,
    /// Set by `pool.setSpares`.
    bound: Option<u32>,
}

impl Spares {
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.waiting.len()).unwrap_or(u32::MAX)
    }

    /// A one-off task began.
    pub(super) fn used(&mut self) {
        self.recent.push_back(Instant::now());
        if self.recent.len() > 64 {
            self.recent.pop_front();
        }
    }

    pub(super) fn oldest(&self) -> Option<AgentId> {
        self.waiting.front().map(|&(id, _)| id)
    }

    pub(super) fn forget(&mut self, id: AgentId) {
        self.waiting.retain(|&(other, _)| other != id);
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    fn wanted(&mut self) -> u32 {
        while self.recent.front().is_some_and(|began| began.elapsed() >= IDLE) {
            self.recent.pop_front();
        }
        let recent = u32::try_from(self.recent.len()).unwrap_or(u32::MAX);
        recent.min(self.bound.unwrap_or(u32::MAX))
    }
}

impl Pool {
    /// A thread to start as a spare, with its token, if one is wanted now.
    pub fn start_spare(&self) -> Option<(AgentId, String)> {
        let mut state = self.state.lock();
        let state = &mut *state;
        let room = state.max.saturating_sub(state.idle);
        let wanted = state.spares.wanted().min(room);
        if state.closed || state.spares.count() >= wanted || !state.items.is_empty() {
            return None;
        }
        let (agent, token) = Agent::expected(&self.root());
        let id = agent.id;
        state.threads.insert(
            id,
            Thread {
                agent,
                duty: Duty::Spare,
                token: None,
            },
        );
        state.spares.waiting.push_back((id, Instant::now()));
        Some((id, token))
    }

    /// Bounds the spares; zero forbids them.
    pub fn set_spares(&self, bound: u32) {
        self.state.lock().spares.bound = Some(bound);
    }

    /// Gives up what has been idle for so long, and whatever exceeds the bounds: those threads are told to end. Says
    /// whether warm threads or spares remain, so that the root should look again.
    #[must_use]
    pub fn expire(&self, idle: Duration) -> bool {
        let mut state = self.state.lock();
        let state = &mut *state;
        while let Some((set, since)) = state.idle_longest()
            && since.elapsed() >= idle
        {
            state.retire_warm(set);
        }
        let bound = state.spares.bound.unwrap_or(u32::MAX);
        while let Some(&(_, since)) = state.spares.waiting.front()
            && (since.elapsed() >= idle || state.spares.count() > bound)
        {
            state.retire_spare();
        }
        state.trim();
        let may_expire =
            |thread: &Thread| !matches!(thread.duty, Duty::OneOff { .. } | Duty::Service { .. } | Duty::Ending);
        state.threads.values().any(may_expire)
    }
}

impl State {
    /// Gives up idle threads while there are more than slots. Those idle for longest go, warm ones and spares alike: a
    /// set that is in use keeps its threads, whatever others have left behind.
    pub(super) fn trim(&mut self) {
        while self.idle + self.spares.count() > self.max {
            match (self.idle_longest(), self.spares.waiting.front()) {
                (Some((set, since)), Some(&(_, spare_since))) if since <= spare_since => self.retire_warm(set),
                (_, Some(_)) => self.retire_spare(),
                (Some((set, _)), None) => self.retire_warm(set),
                (None, None) => return,
            }
        }
    }

    /// The set whose warm thread has been idle for longest, and since when.
    fn idle_longest(&self) -> Option<(usize, Instant)> {
        let oldest = |(at, set): (usize, &Set)| set.idle.first().map(|&(_, since)| (at, since));
        self.sets
            .iter()
            .enumerate()
            .filter_map(oldest)
            .min_by_key(|&(_, since)| since)
    }

    fn retire_warm(&mut self, set: usize) {
        let set = &mut self.sets[set];
        let (id, _) = set.idle.remove(0);
        set.loaded -= 1;
        self.idle -= 1;
        retire(&mut self.threads, id);
    }

    fn retire_spare(&mut self) {
        if let Some(id) = self.spares.oldest() {
            self.spares.forget(id);
            retire(&mut self.threads, id);
        }
    }
}

/// Tells a thread that holds nothing to end.
fn retire(threads: &mut FxHashMap<AgentId, Thread>, id: AgentId) {
    if let Some(thread) = threads.get_mut(&id) {
        if step("pool: who is told to end holds nothing") {
            thread.duty = Duty::Ending;
        }
        let _ = thread.agent.inbox.send_kind(Kind::End, &[]);
        thread.agent.tell_ending();
    }
}
