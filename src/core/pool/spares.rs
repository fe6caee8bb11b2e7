//! Spares: started threads with nothing of the user's loaded, kept for the root's next one-off tasks.
//!
//! As many are wanted as one-off tasks began lately (within [`IDLE`]), and never more than the pool has slots besides its
//! idle warm threads. They are started on slots that nobody needs, so that they never slow down work that waits.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use super::threads::{Duty, Thread};
use super::{IDLE, Pool};
use crate::core::agent::{Agent, AgentId};
use crate::core::protocol::Kind;

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

    pub(super) fn take(&mut self) -> Option<AgentId> {
        self.waiting.pop_front().map(|(id, _)| id)
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
        let (agent, token) = Agent::expected(&self.root);
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

    /// Gives up what has been idle for [`IDLE`], and whatever exceeds the bounds: those threads are told to end. Says
    /// whether warm threads or spares remain, so that the root should look again.
    #[must_use]
    pub fn expire(&self) -> bool {
        let mut state = self.state.lock();
        let state = &mut *state;
        for set in &mut state.sets {
            // Too old, or more than there are slots, since the maximum was lowered.
            while let Some(&(id, since)) = set.idle.first()
                && (since.elapsed() >= IDLE || state.idle > state.max)
            {
                set.idle.remove(0);
                set.loaded -= 1;
                state.idle -= 1;
                retire(&mut state.threads, id);
            }
        }
        let bound = state.spares.bound.unwrap_or(u32::MAX);
        let allowed = bound.min(state.max.saturating_sub(state.idle));
        while let Some(&(id, since)) = state.spares.waiting.front()
            && (since.elapsed() >= IDLE || state.spares.count() > allowed)
        {
            state.spares.waiting.pop_front();
            retire(&mut state.threads, id);
        }
        let may_expire =
            |thread: &Thread| !matches!(thread.duty, Duty::OneOff { .. } | Duty::Service { .. } | Duty::Ending);
        state.threads.values().any(may_expire)
    }
}

/// Tells a thread that holds nothing to end.
fn retire(threads: &mut HashMap<AgentId, Thread>, id: AgentId) {
    if let Some(thread) = threads.get_mut(&id) {
        thread.duty = Duty::Ending;
        let _ = thread.agent.inbox.send_kind(Kind::End, &[]);
    }
}
