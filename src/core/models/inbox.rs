//! Sleep and wake, rouse, and close against senders.

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::{Loop, check};
use crate::core::agent::Agent;
use crate::core::inbox::Delivery;

fn two_senders_and_a_sleeper() {
    let agent = Agent::root();
    let mut receiver = Loop::of(&agent);
    let senders = [1, 2].map(|who| {
        let agent = Arc::clone(&agent);
        thread::spawn(move || {
            for count in 0..2 {
                assert_eq!(agent.inbox.send(&[who, count]), Delivery::Delivered);
            }
        })
    });
    let mut heard = [0; 2];
    for _ in 0..4 {
        let [who, count] = receiver.hear()[..] else { panic!() };
        let next = &mut heard[usize::from(who) - 1];
        assert_eq!(count, *next, "in the order sent");
        *next += 1;
    }
    for sender in senders {
        sender.join().unwrap();
    }
    assert_eq!(receiver.look(), None, "once each");
    let wakes = receiver.wakes.load(std::sync::atomic::Ordering::Relaxed);
    assert!(wakes <= receiver.sleeps, "more wake-ups than sleeps");
}

#[test]
fn no_wake_up_is_lost_or_doubled() {
    check(
        two_senders_and_a_sleeper,
        &[
            ("inbox: sleep looks at the bytes", "deadlock"),
            ("inbox: a sender wakes who sleeps", "deadlock"),
            ("inbox: one wake-up a sleep", "more wake-ups than sleeps"),
        ],
    );
}

/// A receiver that polls for an answer after it had gone to sleep, and sleeps again.
fn a_sleeper_rouses() {
    let agent = Agent::root();
    let mut receiver = Loop::of(&agent);
    assert!(agent.inbox.sleep());
    let sender = {
        let agent = Arc::clone(&agent);
        thread::spawn(move || {
            let _ = agent.inbox.send(&[1]);
            let _ = agent.inbox.send(&[2]);
        })
    };
    agent.inbox.rouse();
    let roused_at = receiver.wakes.load(std::sync::atomic::Ordering::Relaxed);
    if agent.inbox.poll() {
        assert_eq!(receiver.hear(), [1], "what the hint announces is there");
    } else {
        let _ = receiver.look().map(|frame| assert_eq!(frame, [1]));
    }
    if receiver.sleeps == 0 {
        let wakes = receiver.wakes.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(wakes, roused_at, "woken though it looks by itself");
    }
    while receiver.hear() != [2] {}
    sender.join().unwrap();
}

#[test]
fn who_rouses_is_not_woken() {
    check(
        a_sleeper_rouses,
        &[("inbox: who rouses is awake", "woken though it looks by itself")],
    );
}

/// The environment of a sleeping agent ends while others send. Its waker must not run once `close` has returned: what it
/// would touch is gone.
fn an_environment_ends() {
    let agent = Agent::root();
    let alive = Arc::new(AtomicBool::new(true));
    let held = Arc::clone(&alive);
    agent.inbox.attach(Box::new(move || {
        assert!(held.load(Ordering::SeqCst), "woken after its end");
    }));
    assert!(agent.inbox.sleep());
    let closed = Arc::new(AtomicBool::new(false));
    let senders = [1, 2].map(|who| {
        let (agent, closed) = (Arc::clone(&agent), Arc::clone(&closed));
        thread::spawn(move || {
            let late = closed.load(Ordering::SeqCst);
            let delivery = agent.inbox.send(&[who]);
            assert!(!late || delivery == Delivery::Closed, "accepted after the end");
        })
    });
    agent.inbox.close();
    alive.store(false, Ordering::SeqCst);
    closed.store(true, Ordering::SeqCst);
    for sender in senders {
        sender.join().unwrap();
    }
    assert!(!agent.inbox.sleep(), "a closed inbox never sleeps");
    assert_eq!(Arc::strong_count(&alive), 1, "the waker is kept");
}

#[test]
fn no_waker_runs_after_close() {
    check(
        an_environment_ends,
        &[
            ("inbox: the lock is held while waking", "woken after its end"),
            ("inbox: close refuses what comes later", "accepted after the end"),
            ("inbox: close drops the waker", "the waker is kept"),
        ],
    );
}

/// An agent that is still being opened: what comes before its waker is attached is found by its first look.
fn an_agent_opens_while_others_send() {
    let agent = Agent::root();
    let sender = {
        let agent = Arc::clone(&agent);
        thread::spawn(move || {
            let _ = agent.inbox.send(&[1]);
            let _ = agent.inbox.send(&[2]);
        })
    };
    let mut receiver = Loop::of(&agent);
    assert_eq!(receiver.hear(), [1]);
    assert_eq!(receiver.hear(), [2]);
    sender.join().unwrap();
}

#[test]
fn what_was_sent_before_the_thread_opened_is_heard() {
    check(an_agent_opens_while_others_send, &[]);
}
