//! Subscribing, publishing, unsubscribing, closing for all, and the end of an agent.

use std::sync::Arc;

use loom::thread;

use super::{Loop, check};
use crate::core::agent::Agent;
use crate::core::hub::{HUB, Published};
use crate::core::protocol::Kind;

/// Two agents that hear the same channel, and their subscriptions.
fn two_subscribers() -> ([Arc<Agent>; 2], [u32; 2]) {
    let agents = [Agent::root(), Agent::root()];
    let ids = agents.each_ref().map(|agent| HUB.subscribe("news", agent));
    (agents, ids)
}

fn publish(from: u32) -> thread::JoinHandle<Published> {
    thread::spawn(move || HUB.publish(from, &[7]))
}

fn unsubscribing_while_another_publishes() {
    let ([_, agent], [from, to]) = two_subscribers();
    let mut receiver = Loop::of(&agent);
    let publisher = publish(from);
    assert!(HUB.unsubscribe(to));
    receiver.rest();
    assert_eq!(publisher.join().unwrap(), Published::Sent);
    assert_eq!(receiver.look(), None, "heard after it had left");
}

#[test]
fn nothing_is_heard_after_unsubscribing() {
    check(
        unsubscribing_while_another_publishes,
        &[("hub: a subscription leaves the members", "heard after it had left")],
    );
}

fn closing_while_one_publishes() {
    let ([_, agent], [from, to]) = two_subscribers();
    let mut receiver = Loop::of(&agent);
    let publisher = publish(from);
    HUB.close_all("news");
    let mut expected = vec![[&[Kind::MessengerClosed as u8], &to.to_le_bytes()[..]].concat()];
    if publisher.join().unwrap() == Published::Sent {
        expected.insert(0, [&[Kind::Broadcast as u8], &to.to_le_bytes()[..], &[7]].concat());
    }
    assert_eq!(receiver.rest(), expected, "what was sent, then the closing frame");
    assert_eq!(HUB.living(), (0, 0));
}

#[test]
fn what_was_published_precedes_the_closing_frame() {
    let failure = "what was sent, then the closing frame";
    check(
        closing_while_one_publishes,
        &[
            ("hub: closing empties the channel", failure),
            ("hub: publishing looks for the end of the channel", failure),
        ],
    );
}

fn an_agent_ends_while_it_subscribes() {
    let agent = Agent::root();
    let subscriber = {
        let agent = Arc::clone(&agent);
        thread::spawn(move || HUB.subscribe("news", &agent))
    };
    agent.end();
    subscriber.join().unwrap();
    assert_eq!(HUB.living(), (0, 0), "left behind");
}

#[test]
fn nothing_is_left_of_an_agent_that_ended() {
    check(
        an_agent_ends_while_it_subscribes,
        &[
            ("hub: subscribing looks for the end of the agent", "left behind"),
            ("agent: its subscriptions end with it", "left behind"),
        ],
    );
}

/// The last subscriber leaves while another comes: either finds the channel of the other, or makes its own.
fn the_last_leaves_while_another_comes() {
    let agents = [Agent::root(), Agent::root(), Agent::root()];
    let last = HUB.subscribe("news", &agents[0]);
    let newcomer = {
        let agent = Arc::clone(&agents[1]);
        thread::spawn(move || HUB.subscribe("news", &agent))
    };
    assert!(HUB.unsubscribe(last));
    let newcomer = newcomer.join().unwrap();
    let third = HUB.subscribe("news", &agents[2]);
    assert_eq!(HUB.publish(third, &[7]), Published::Sent);
    let mut receiver = Loop::of(&agents[1]);
    assert_eq!(receiver.rest().len(), 1, "both know one channel");
    assert!(HUB.unsubscribe(newcomer) && HUB.unsubscribe(third));
    assert_eq!(HUB.living(), (0, 0), "left behind");
}

#[test]
fn a_channel_is_there_from_the_first_to_the_last() {
    check(
        the_last_leaves_while_another_comes,
        &[("hub: an empty channel leaves the names", "left behind")],
    );
}
