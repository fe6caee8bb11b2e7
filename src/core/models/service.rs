//! A service's calls: against its end, and against what it waits for meanwhile.

use std::sync::Arc;

use loom::thread;

use super::pool::{granted, place, root, submit};
use super::{Loop, check, number};
use crate::core::agent::Agent;
use crate::core::inbox::Delivery;
use crate::core::pool::{Submitted, Work};
use crate::core::protocol::Kind;

/// A launched service of this root, which has one slot.
fn service(root: &Arc<Agent>) -> Loop {
    let key = granted(submit(root, Work::Service, 0));
    let service = place(root, key);
    root.pool().service_ready(service.id);
    let mut life = Loop::of(&service);
    assert_eq!(number(&life.look().unwrap()), 0, "its request");
    life
}

/// A service answers what it hears, and ends meanwhile.
fn a_service_ends_while_it_is_called() {
    let mut owner = Loop::of(&root(1));
    let mut service = service(&owner.agent);
    let agent = Arc::clone(&service.agent);
    let thread = thread::spawn(move || {
        // `reply`, for the one call that is there by now.
        if let Some(call) = service.look() {
            let owner = service.agent.owner.as_ref().unwrap();
            assert_eq!(owner.inbox.send(&call), Delivery::Delivered);
        }
        service.agent.end();
    });
    let mut pending: Vec<u8> = (1..3)
        .filter(|&call| agent.call(&[call]) == Delivery::Delivered)
        .collect();
    assert_eq!(agent.active_calls(), 2);
    thread.join().unwrap();
    assert_eq!(agent.call(&[3]), Delivery::Closed, "accepted after the end");
    // The `exit` event: whatever had arrived is read first, and the rest is rejected.
    for answer in owner.rest() {
        assert_eq!(
            pending.remove(0),
            answer[0],
            "in the order called, delivered calls only"
        );
        agent.calls_end(1);
    }
    owner.agent.pool().thread_ended(agent.id, &[]);
    let counts = owner.agent.pool().counts();
    assert_eq!((counts.active, counts.queued), (0, 0));
}

#[test]
fn every_call_is_answered_refused_or_pending_at_the_exit() {
    check(
        a_service_ends_while_it_is_called,
        &[("inbox: close refuses what comes later", "accepted after the end")],
    );
}

/// `close()`: what was called has settled, while the service still answers it.
fn a_service_is_closed_while_it_answers() {
    let mut owner = Loop::of(&root(1));
    let mut service = service(&owner.agent);
    let agent = Arc::clone(&service.agent);
    let thread = thread::spawn(move || {
        let owner = Arc::clone(service.agent.owner.as_ref().unwrap());
        for _ in 0..2 {
            assert_eq!(owner.inbox.send(&service.hear()), Delivery::Delivered);
        }
    });
    for call in 1..3 {
        assert_eq!(agent.call(&[call]), Delivery::Delivered);
    }
    agent.clear_calls();
    for call in 1..3 {
        assert_eq!(owner.hear(), [call]);
        agent.calls_end(1);
        assert_eq!(agent.active_calls(), 0, "after the late answer to {call}");
    }
    thread.join().unwrap();
}

#[test]
fn late_answers_of_a_closed_service_change_nothing() {
    check(
        a_service_is_closed_while_it_answers,
        &[(
            "service: what was called ends when it closes",
            "after the late answer to 1",
        )],
    );
}

/// A service asks for a task of its own while its owner calls it. Once a call runs, its slot is lent; not before.
fn a_service_waits_while_it_is_called() {
    let owner = root(1);
    let mut service = service(&owner);
    let agent = Arc::clone(&service.agent);
    let thread = thread::spawn(move || {
        let key = match submit(&service.agent, Work::OneOff, 1) {
            Submitted::Granted(key) => key,
            Submitted::Waiting(key) => {
                while service.hear()[0] != Kind::Grant as u8 {}
                key
            }
            other => panic!("{other:?}"),
        };
        let _ = place(&service.agent, key).finish(&[0]);
    });
    assert_eq!(agent.call(&[100]), Delivery::Delivered);
    thread.join().unwrap();
    agent.calls_end(1);
    assert_eq!(owner.pool().counts().active, 1, "the service's own slot");
}

#[test]
fn a_call_lends_the_slot_to_what_waits() {
    check(
        a_service_waits_while_it_is_called,
        &[
            ("service: a call that begins lends the slot", "deadlock"),
            ("pool: who waits lends its slot", "deadlock"),
        ],
    );
}
