//! The hub: who hears what under which name, behind `Messenger`.
//!
//! # Vocabulary
//!
//! A *channel* is a name that has subscribers; it exists from the first of them to the last and remembers nothing
//! beyond. A *subscription* is one `Messenger` instance on one agent, with a process-wide number; one agent may have
//! several to one channel. *Publishing* appends one frame to the inbox of every other subscription of the channel: the
//! value was encoded once, and each inbox gets a copy of the bytes.
//!
//! # States of a subscription
//!
//! ```text
//!   subscribe() ──▶ Live ──▶ Gone       unsubscribe(), agent_ended(): silent
//!                                       close_all(): hears `MessengerClosed`, after every message published before
//! ```
//!
//! Messages wait in the inbox until they are received: no drop and no bound, as with `postMessage`. What is still in
//! the inbox when its subscription goes is for the receiver to ignore, by the number.
//!
//! # Locks
//!
//! Three kinds, always taken in this order, and an inbox never locks anything else:
//!
//! 1. `channels`, the names. Held through every change of membership, so changes happen one after the other, and the
//!    table of subscriptions, the names and the members agree whenever it is free. Publishing never takes it.
//! 2. The members of one channel: shared to publish, exclusive to change them.
//! 3. An inbox, to append.
//!
//! The table's locks are taken last and alone: a lookup keeps none.
//!
//! # Why the order holds
//!
//! A publisher appends to all inboxes before `publish` returns, so what one thread sends (messages, replies, anything
//! else) reaches each inbox in the order it was sent. `close_all` takes the members out under the exclusive lock: a
//! publisher who had the shared lock has finished, so its message precedes the closing frame; one who comes later finds
//! a channel without members, and is told that it is closed. In the same way nothing arrives for a subscription after
//! `unsubscribe` returned.
//!
//! # Why nothing is left of a dead agent
//!
//! An agent's inbox is closed before `agent_ended` is called. A subscription made by then is found by `agent_ended`; a
//! later one sees the closed inbox, because both look while they hold `channels`.

#[cfg(all(test, not(loom)))]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::agent::{Agent, AgentId};
use super::protocol::Kind;
use super::sync::{Mutex, RwLock, process_wide, step};
use super::table::Table;

pub type SubscriberId = u32;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Published {
    /// It is in the inbox of every other subscriber, of which there may be none.
    Sent,
    /// The sender's subscription has ended; nobody hears it.
    Closed,
}

struct Member {
    id: SubscriberId,
    agent: Arc<Agent>,
}

struct Channel {
    name: Arc<str>,
    /// Never empty while the channel has its name; once empty, never filled again.
    members: RwLock<Vec<Member>>,
}

struct Subscription {
    id: SubscriberId,
    agent: AgentId,
    channel: Arc<Channel>,
}

type Channels = BTreeMap<Arc<str>, Arc<Channel>>;

#[derive(Default)]
pub struct Hub {
    channels: Mutex<Channels>,
    subscriptions: Table<Subscription>,
}

process_wide! {
    /// The process's own.
    pub static HUB: Hub = Hub::default();
}

impl Hub {
    /// Lets `agent` hear the channel of this name. On an agent that has ended, the number is of nothing.
    #[must_use]
    pub fn subscribe(&self, name: &str, agent: &Arc<Agent>) -> SubscriberId {
        let id = self.subscriptions.next_id();
        let mut channels = self.channels.lock();
        if agent.inbox.is_closed() && step("hub: subscribing looks for the end of the agent") {
            return id;
        }
        let channel = channels.get(name).cloned().unwrap_or_else(|| {
            let name: Arc<str> = name.into();
            let channel = Arc::new(Channel {
                name: Arc::clone(&name),
                members: RwLock::default(),
            });
            channels.insert(name, Arc::clone(&channel));
            channel
        });
        channel.members.write().push(Member {
            id,
            agent: Arc::clone(agent),
        });
        self.subscriptions.insert(
            id,
            Arc::new(Subscription {
                id,
                agent: agent.id,
                channel,
            }),
        );
        id
    }

    /// Sends to every other subscriber of the channel of `from`: `from` itself does not hear it, other subscribers on
    /// its agent do.
    pub fn publish(&self, from: SubscriberId, bytes: &[u8]) -> Published {
        let Some(subscription) = self.subscriptions.get(from) else {
            return Published::Closed;
        };
        let members = subscription.channel.members.read();
        if members.is_empty() && step("hub: publishing looks for the end of the channel") {
            return Published::Closed;
        }
        for member in members.iter().filter(|member| member.id != from) {
            // A closed inbox is an agent that ends right now: `agent_ended` will take its subscriptions out.
            let _ = member
                .agent
                .inbox
                .send_kind(Kind::Broadcast, &[&member.id.to_le_bytes(), bytes]);
        }
        Published::Sent
    }

    /// Ends one subscription, silently. Says whether there was one.
    pub fn unsubscribe(&self, id: SubscriberId) -> bool {
        self.remove(&mut self.channels.lock(), id)
    }

    /// Ends every subscription to this name; each hears it. A later `subscribe` begins anew.
    pub fn close_all(&self, name: &str) {
        let mut channels = self.channels.lock();
        let Some(channel) = channels.remove(name) else { return };
        let mut members = channel.members.write();
        for member in &*members {
            self.subscriptions.remove(member.id);
            let _ = member
                .agent
                .inbox
                .send_kind(Kind::MessengerClosed, &[&member.id.to_le_bytes()]);
        }
        if step("hub: closing empties the channel") {
            members.clear();
        }
    }

    /// Drops the subscriptions of an agent whose inbox is closed.
    pub fn agent_ended(&self, agent: AgentId) {
        let mut channels = self.channels.lock();
        for subscription in self.subscriptions.matching(|subscription| subscription.agent == agent) {
            self.remove(&mut channels, subscription.id);
        }
    }

    /// How many subscriptions and channels there are, for tests that look for what was left behind.
    #[must_use]
    pub fn living(&self) -> (usize, usize) {
        let channels = self.channels.lock();
        (self.subscriptions.len(), channels.len())
    }

    fn remove(&self, channels: &mut Channels, id: SubscriberId) -> bool {
        let Some(subscription) = self.subscriptions.remove(id) else {
            return false;
        };
        let channel = &subscription.channel;
        let mut members = channel.members.write();
        members.retain(|member| member.id != id || !step("hub: a subscription leaves the members"));
        if members.is_empty() && step("hub: an empty channel leaves the names") {
            channels.remove(&channel.name);
        }
        true
    }
}
