//! Clusters: which of several services takes the next call.

use std::sync::Arc;

use super::agent::{Agent, AgentId};
use super::sync::Mutex;

#[derive(Default)]
struct State {
    members: Vec<Arc<Agent>>,
    /// Where the next search begins, so that ties rotate.
    turn: usize,
}

/// The services of one cluster.
#[derive(Default)]
pub struct Cluster {
    state: Mutex<State>,
}

impl Cluster {
    /// Adds a service, unless it is a member already.
    pub fn add(&self, service: Arc<Agent>) {
        let mut state = self.state.lock();
        if state.members.iter().all(|member| member.id != service.id) {
            state.members.push(service);
        }
    }

    /// Says whether it was a member.
    pub fn remove(&self, service: AgentId) -> bool {
        let mut state = self.state.lock();
        let Some(at) = state.members.iter().position(|member| member.id == service) else {
            return false;
        };
        state.members.remove(at);
        if at < state.turn {
            state.turn -= 1;
        }
        true
    }

    /// The member with the fewest active calls; of several, the one whose turn it is. One whose thread has ended, though
    /// its owner has not heard so yet, is only taken when there is no other.
    #[must_use]
    pub fn least_active(&self) -> Option<AgentId> {
        let mut state = self.state.lock();
        let mut at = state.fewest(|_| true)?;
        if state.members[at].inbox.is_closed() {
            at = state.fewest(|member| !member.inbox.is_closed()).unwrap_or(at);
        }
        state.turn = (at + 1) % state.members.len();
        Some(state.members[at].id)
    }

    /// The active calls of all members.
    #[must_use]
    pub fn active_calls(&self) -> u32 {
        self.state
            .lock()
            .members
            .iter()
            .map(|member| member.active_calls())
            .sum()
    }
}

impl State {
    fn fewest(&self, may: impl Fn(&Agent) -> bool) -> Option<usize> {
        let count = self.members.len();
        (0..count)
            .map(|step| (self.turn + step) % count)
            .filter(|&at| may(&self.members[at]))
            .map(|at| (self.members[at].active_calls(), at))
            .reduce(|best, next| if next.0 < best.0 { next } else { best })
            .map(|(_, at)| at)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn cluster_of(count: usize) -> (Cluster, Vec<Arc<Agent>>) {
        let cluster = Cluster::default();
        let root = Agent::root();
        let members: Vec<_> = (0..count).map(|_| Agent::expected(&root).0).collect();
        for member in &members {
            cluster.add(Arc::clone(member));
        }
        (cluster, members)
    }

    #[test]
    fn ties_rotate() {
        let (cluster, members) = cluster_of(3);
        let picked: Vec<_> = (0..6).map(|_| cluster.least_active().unwrap()).collect();
        let ids: Vec<_> = members.iter().map(|member| member.id).collect();
        assert_eq!(picked, [&ids[..], &ids[..]].concat());
    }

    #[test]
    fn one_that_has_ended_takes_no_calls_while_another_lives() {
        let (cluster, members) = cluster_of(2);
        members[0].end();
        members[1].call_begins();
        members[1].call_begins();
        assert_eq!(cluster.least_active(), Some(members[1].id));
        members[1].end();
        assert_eq!(cluster.least_active(), Some(members[0].id), "there is no other");
    }

    #[test]
    fn fewest_calls_first() {
        let (cluster, members) = cluster_of(3);
        members[0].call_begins();
        members[1].call_begins();
        members[1].call_begins();
        assert_eq!(cluster.least_active(), Some(members[2].id));
        members[2].call_begins();
        members[2].call_begins();
        assert_eq!(cluster.least_active(), Some(members[0].id));
        assert_eq!(cluster.active_calls(), 5);
    }

    #[test]
    fn members_come_and_go() {
        let (cluster, members) = cluster_of(2);
        cluster.add(Arc::clone(&members[0]));
        assert!(cluster.remove(members[0].id));
        assert!(!cluster.remove(members[0].id), "added twice is one member");
        assert_eq!(cluster.least_active(), Some(members[1].id));
        assert!(cluster.remove(members[1].id));
        assert_eq!(cluster.least_active(), None);
    }
}
