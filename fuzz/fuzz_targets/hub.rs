//! The hub against lists of names and members: who hears what, in which order, and nothing left of an agent that ended.

#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use nanolith::core::agent::Agent;
use nanolith::core::hub::{Hub, Published, SubscriberId};
use nanolith::core::protocol::Kind;
use nanolith_fuzz::{frames, number};

#[derive(Arbitrary, Debug)]
enum Op {
    Subscribe { agent: u8, name: u8 },
    Publish { subscription: u8, bytes: Vec<u8> },
    Unsubscribe(u8),
    CloseAll(u8),
    EndAgent(u8),
    Read(u8),
}

const AGENTS: usize = 4;
const NAMES: [&str; 3] = ["a", "b", ""];

#[derive(Default)]
struct Model {
    /// By subscription: the agent and the name of those that live.
    living: BTreeMap<SubscriberId, (usize, usize)>,
    ended: [bool; AGENTS],
    heard: [Vec<Vec<u8>>; AGENTS],
}

impl Model {
    fn tell(&mut self, agent: usize, kind: Kind, to: SubscriberId, bytes: &[u8]) {
        self.heard[agent].push([&[kind as u8], &to.to_le_bytes()[..], bytes].concat());
    }

    fn members(&self, name: usize) -> Vec<(SubscriberId, usize)> {
        let of_name = self.living.iter().filter(|(_, (_, of))| *of == name);
        of_name.map(|(&id, &(agent, _))| (id, agent)).collect()
    }
}

fuzz_target!(|ops: Vec<Op>| {
    let hub = Hub::default();
    let root = Agent::root();
    let agents: Vec<Arc<Agent>> = (0..AGENTS).map(|_| Agent::expected(&root).0).collect();
    let mut model = Model::default();
    let mut all: Vec<SubscriberId> = Vec::new();
    for op in ops {
        match op {
            Op::Subscribe { agent, name } => {
                let (agent, name) = (usize::from(agent) % AGENTS, usize::from(name) % NAMES.len());
                let id = hub.subscribe(NAMES[name], &agents[agent]);
                assert!(!all.contains(&id), "a number of its own");
                all.push(id);
                if !model.ended[agent] {
                    model.living.insert(id, (agent, name));
                }
            }
            Op::Publish { subscription, bytes } if !all.is_empty() => {
                let from = all[usize::from(subscription) % all.len()];
                let published = hub.publish(from, &bytes);
                let Some(&(_, name)) = model.living.get(&from) else {
                    assert_eq!(published, Published::Closed);
                    continue;
                };
                assert_eq!(published, Published::Sent);
                for (id, agent) in model.members(name) {
                    if id != from {
                        model.tell(agent, Kind::Broadcast, id, &bytes);
                    }
                }
            }
            Op::Unsubscribe(subscription) if !all.is_empty() => {
                let id = all[usize::from(subscription) % all.len()];
                assert_eq!(hub.unsubscribe(id), model.living.remove(&id).is_some());
            }
            Op::CloseAll(name) => {
                let name = usize::from(name) % NAMES.len();
                hub.close_all(NAMES[name]);
                for (id, agent) in model.members(name) {
                    model.living.remove(&id);
                    model.tell(agent, Kind::MessengerClosed, id, &[]);
                }
            }
            Op::EndAgent(agent) => {
                let at = usize::from(agent) % AGENTS;
                agents[at].inbox.close();
                hub.agent_ended(agents[at].id);
                model.ended[at] = true;
                model.heard[at].clear();
                model.living.retain(|_, (agent, _)| *agent != at);
            }
            Op::Read(agent) => read(&agents, &mut model, usize::from(agent) % AGENTS),
            Op::Publish { .. } | Op::Unsubscribe(_) => {}
        }
        let names: std::collections::BTreeSet<usize> = model.living.values().map(|&(_, name)| name).collect();
        assert_eq!(hub.living(), (model.living.len(), names.len()));
    }
    for at in 0..AGENTS {
        read(&agents, &mut model, at);
    }
    root.end();
});

/// What the agent hears is what the model says; several members on one agent hear one message in any order.
fn read(agents: &[Arc<Agent>], model: &mut Model, at: usize) {
    let (mut heard, mut wanted) = (frames(&agents[at]), std::mem::take(&mut model.heard[at]));
    if model.ended[at] {
        return assert!(heard.is_empty());
    }
    let by_subscription = |frame: &Vec<u8>| number(frame);
    heard.sort_by_key(by_subscription);
    wanted.sort_by_key(by_subscription);
    assert_eq!(heard, wanted);
}
