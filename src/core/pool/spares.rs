//! Spares: started threads with nothing of the user's loaded, kept for the root's next one-off tasks.
//!
//! As many are wanted as one-off tasks began lately (within [`IDLE`]), and never more than the pool has slots besides its
//! idle warm threads. They are started on slots that nobody needs, so that they never slow down work that waits.

use std::collections::VecDeque;
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

/// Threads that have been idle for long enough.
pub struct Expired {
    /// Spares, for the root to terminate. Warm threads were told to end themselves.
    pub spares: Vec<AgentId>,
    /// Whether warm threads or spares remain, so that the root should look again.
    pub remain: bool,
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

    /// Gives up what has been idle for [`IDLE`], and whatever exceeds the bounds.
    pub fn expire(&self) -> Expired {
        let mut state = self.state.lock();
        let state = &mut *state;
        for set in &mut state.sets {
            let expired = set.idle.iter().take_while(|(_, since)| since.elapsed() >= IDLE).count();
            for (id, _) in set.idle.drain(..expired) {
                state.idle -= 1;
                set.loaded -= 1;
                retire(state.threads.get_mut(&id));
            }
        }
        let allowed = state
            .spares
            .bound
            .unwrap_or(u32::MAX)
            .min(state.max.saturating_sub(state.idle));
        let mut spares = Vec::new();
        while let Some(&(id, since)) = state.spares.waiting.front()
            && (since.elapsed() >= IDLE || state.spares.count() > allowed)
        {
            state.spares.waiting.pop_front();
            spares.push(id);
            if let Some(thread) = state.threads.get_mut(&id) {
                thread.duty = Duty::Ending;
            }
        }
        // A lowered maximum may leave more idle warm threads than slots.
        for set in &mut state.sets {
            while state.idle > state.max && !set.idle.is_empty() {
                let (id, _) = set.idle.remove(0);
                state.idle -= 1;
                set.loaded -= 1;
                retire(state.threads.get_mut(&id));
            }
        }
        let may_expire = |duty| {
            matches!(
                duty,
                Duty::Spare | Duty::Warm { .. } | Duty::Idle { .. } | Duty::Running { .. }
            )
        };
        let remain = state.threads.values().any(|thread| may_expire(thread.duty));
        Expired { spares, remain }
    }
}

/// Tells an idle warm thread to end.
fn retire(thread: Option<&mut Thread>) {
    if let Some(thread) = thread {
        thread.duty = Duty::Ending;
        let _ = thread.agent.inbox.send_kind(Kind::End, &[]);
    }
}
