use std::sync::Barrier;

use super::*;
use crate::core::inbox::Drained;

/// What a frame was and whom it was for, with its bytes.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Message(SubscriberId, Vec<u8>),
    Closed(SubscriberId),
}
use Heard::{Closed, Message};

fn heard(agent: &Agent) -> Vec<Heard> {
    let (mut scratch, mut all) = (vec![0; 1 << 16], Vec::new());
    loop {
        let end = match agent.inbox.drain(&mut scratch) {
            Drained::Bytes(0) => return all,
            Drained::Bytes(end) => end,
            Drained::Needs(bytes) => {
                scratch.resize(bytes, 0);
                continue;
            }
        };
        let mut at = 0;
        while at < end {
            let length = u32::from_le_bytes(scratch[at..at + 4].try_into().unwrap()) as usize;
            let frame = &scratch[at + 4..at + 4 + length];
            let id = u32::from_le_bytes(frame[1..5].try_into().unwrap());
            all.push(match frame[0] {
                kind if kind == Kind::Broadcast as u8 => Message(id, frame[5..].to_vec()),
                kind if kind == Kind::MessengerClosed as u8 => Closed(id),
                other => panic!("kind {other}"),
            });
            at += 4 + length;
        }
    }
}

fn agents<const N: usize>() -> [Arc<Agent>; N] {
    let root = Agent::root();
    std::array::from_fn(|_| Agent::expected(&root).0)
}

#[test]
fn smoke() {
    let hub = Hub::default();
    let [a, b] = agents();
    let (from, to) = (hub.subscribe("news", &a), hub.subscribe("news", &b));
    assert_ne!(from, to);
    assert_eq!(hub.publish(from, b"hello"), Published::Sent);
    assert_eq!(heard(&b), [Message(to, b"hello".to_vec())]);
    assert_eq!(heard(&a), [], "never itself");
}

#[test]
fn other_instances_of_the_same_agent_hear_it() {
    let hub = Hub::default();
    let [a, b] = agents();
    let ids = [
        hub.subscribe("x", &a),
        hub.subscribe("x", &a),
        hub.subscribe("x", &b),
        hub.subscribe("x", &a),
    ];
    let _ = hub.publish(ids[1], &[1]);
    assert_eq!(heard(&a), [Message(ids[0], vec![1]), Message(ids[3], vec![1])]);
    assert_eq!(heard(&b), [Message(ids[2], vec![1])]);
}

#[test]
fn names_are_apart() {
    let hub = Hub::default();
    let [a, b] = agents();
    let from = hub.subscribe("one", &a);
    let _two = hub.subscribe("two", &b);
    assert_eq!(hub.publish(from, &[1]), Published::Sent, "alone is not closed");
    assert_eq!(heard(&b), []);
}

#[test]
fn fifo_of_any_size() {
    let hub = Hub::default();
    let [a, b] = agents();
    let (from, to) = (hub.subscribe("x", &a), hub.subscribe("x", &b));
    let sent: Vec<Vec<u8>> = (0..200u8).map(|i| vec![i; usize::from(i) * usize::from(i)]).collect();
    for bytes in &sent {
        let _ = hub.publish(from, bytes);
    }
    let expected: Vec<_> = sent.into_iter().map(|bytes| Message(to, bytes)).collect();
    assert_eq!(heard(&b), expected);
}

#[test]
fn close_all_comes_after_what_was_sent_before() {
    let hub = Hub::default();
    let [a, b] = agents();
    let ids = [hub.subscribe("x", &a), hub.subscribe("x", &b), hub.subscribe("y", &b)];
    let _ = hub.publish(ids[0], &[1]);
    hub.close_all("x");
    hub.close_all("x");
    hub.close_all("never used");
    assert_eq!(hub.publish(ids[0], &[2]), Published::Closed);
    assert_eq!(heard(&a), [Closed(ids[0])]);
    assert_eq!(
        heard(&b),
        [Message(ids[1], vec![1]), Closed(ids[1])],
        "once, and not the other name's"
    );
    assert!(!hub.unsubscribe(ids[0]));
    assert_eq!(hub.living(), (1, 1));

    let again = [hub.subscribe("x", &a), hub.subscribe("x", &b)];
    assert_eq!(hub.publish(again[0], &[3]), Published::Sent);
    assert_eq!(heard(&b), [Message(again[1], vec![3])], "the name begins anew");
}

#[test]
fn close_of_one_leaves_the_others() {
    let hub = Hub::default();
    let [a, b, c] = agents();
    let ids = [&a, &b, &c].map(|agent| hub.subscribe("x", agent));
    assert!(hub.unsubscribe(ids[1]));
    assert!(!hub.unsubscribe(ids[1]));
    assert_eq!(hub.publish(ids[1], &[1]), Published::Closed);
    let _ = hub.publish(ids[0], &[2]);
    assert_eq!(heard(&b), []);
    assert_eq!(heard(&c), [Message(ids[2], vec![2])]);
}

#[test]
fn drops_channels_and_agents_with_the_last_subscriber() {
    let hub = Hub::default();
    let [a] = agents();
    let before = Arc::strong_count(&a);
    for round in 0..100 {
        let id = hub.subscribe(&format!("channel {round}"), &a);
        assert_eq!(hub.living(), (1, 1));
        assert!(hub.unsubscribe(id));
        assert_eq!(hub.living(), (0, 0));
    }
    assert_eq!(Arc::strong_count(&a), before);
}

#[test]
fn agent_ended_takes_its_subscriptions_only() {
    let hub = Hub::default();
    let [a, b] = agents();
    let from = hub.subscribe("x", &a);
    let _own = [hub.subscribe("x", &b), hub.subscribe("x", &b), hub.subscribe("y", &b)];
    b.inbox.close();
    assert_eq!(hub.publish(from, &[1]), Published::Sent, "while it ends");
    hub.agent_ended(b.id);
    hub.agent_ended(b.id);
    assert_eq!(hub.living(), (1, 1));
    let late = hub.subscribe("x", &b);
    assert_eq!(hub.living(), (1, 1), "no subscription of the dead");
    assert_eq!(hub.publish(late, &[1]), Published::Closed);
    assert_eq!(heard(&a), [], "nobody is told");
}

/// Every thread sends on a channel of all and on one that it shares with its neighbour, and checks the order and the
/// sum of what it hears, while others come and go.
#[test]
fn many_publishers_nothing_lost_and_in_order() {
    const THREADS: usize = 4;
    const EACH: u64 = 2000;
    let hub = Hub::default();
    let agents: [_; THREADS] = agents();
    let all = agents.each_ref().map(|agent| hub.subscribe("all", agent));
    let near = agents
        .each_ref()
        .map(|agent| [hub.subscribe("near", agent), hub.subscribe("near", agent)]);
    let barrier = Barrier::new(THREADS + 1);
    std::thread::scope(|scope| {
        for who in 0..THREADS {
            let (hub, barrier, agents) = (&hub, &barrier, &agents);
            scope.spawn(move || {
                barrier.wait();
                for i in 0..EACH {
                    let message = [who as u64, i, i * i].map(u64::to_le_bytes).concat();
                    assert_eq!(hub.publish(all[who], &message), Published::Sent);
                    assert_eq!(hub.publish(near[who][i as usize % 2], &message), Published::Sent);
                    if i % 64 == 0 {
                        let passing = hub.subscribe("all", &agents[who]);
                        assert!(hub.unsubscribe(passing));
                    }
                }
            });
        }
        barrier.wait();
        for round in 0..500 {
            let id = hub.subscribe(&format!("other {}", round % 7), &agents[0]);
            assert!(hub.unsubscribe(id));
        }
    });
    for who in 0..THREADS {
        let known = [all[who], near[who][0], near[who][1]];
        let mut counts = [[0u64; THREADS]; 3];
        let mut next = [[0u64; THREADS]; 3];
        for frame in heard(&agents[who]) {
            let Message(id, bytes) = frame else { panic!("closed") };
            let Some(at) = known.iter().position(|&own| own == id) else {
                continue;
            };
            let [sender, i, square] = [0, 8, 16].map(|n| u64::from_le_bytes(bytes[n..n + 8].try_into().unwrap()));
            assert_eq!(square, i * i);
            assert!(i >= next[at][sender as usize], "in order");
            next[at][sender as usize] = i + 1;
            counts[at][sender as usize] += 1;
        }
        let [far, one, other] = counts;
        for (sender, ((far, one), other)) in far.into_iter().zip(one).zip(other).enumerate() {
            let own = sender == who;
            assert_eq!(far, if own { 0 } else { EACH });
            // Of its own it hears what the other of its two instances sent.
            assert_eq!(one + other, if own { EACH } else { 2 * EACH });
        }
    }
}

/// Publishers that race with `close_all`: what was sent is heard by each other before the closing frame, and nothing
/// after.
#[test]
fn close_all_while_others_publish() {
    for _ in 0..200 {
        let hub = Hub::default();
        let [a, b, c] = agents();
        let ids = [&a, &b, &c].map(|agent| hub.subscribe("x", agent));
        let barrier = Barrier::new(3);
        let sent = std::thread::scope(|scope| {
            let publishers = [ids[0], ids[1]].map(|from| {
                let (hub, barrier) = (&hub, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    (0..u8::MAX)
                        .take_while(|&i| hub.publish(from, &[i]) == Published::Sent)
                        .count()
                })
            });
            barrier.wait();
            hub.close_all("x");
            publishers
                .map(|publisher| publisher.join().unwrap())
                .iter()
                .sum::<usize>()
        });
        let heard = heard(&c);
        assert_eq!(heard.len(), sent + 1);
        assert_eq!(heard.last(), Some(&Closed(ids[2])));
        assert_eq!(hub.living(), (0, 0));
    }
}
