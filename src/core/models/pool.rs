//! Slots: granting and releasing, raising the limit, taking back, nested waits, and the ends of callers and roots.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use loom::thread;

use super::{Loop, check, number};
use crate::core::agent::{self, Agent};
use crate::core::payload::Payload;
use crate::core::pool::{Cancelled, Key, Placed, Request, SetInfo, Submitted, Work};
use crate::core::protocol::Kind;

/// A root with so many slots, whose pool knows one set: number 0.
pub(super) fn root(slots: u32) -> Arc<Agent> {
    let root = Agent::root();
    root.pool().set_max(slots);
    let set = SetInfo {
        file: "/a.js".into(),
        identifier: "a".into(),
        options: [].into(),
    };
    assert_eq!(root.pool().set(set), 0);
    root
}

pub(super) fn submit(caller: &Arc<Agent>, work: Work, call: u32) -> Submitted {
    ask(caller, work, call, false)
}

/// A warm task that needs values which its caller keeps.
pub(super) fn submit_apart(caller: &Arc<Agent>, call: u32) -> Submitted {
    ask(caller, Work::Warm, call, true)
}

fn ask(caller: &Arc<Agent>, work: Work, call: u32, apart: bool) -> Submitted {
    let request = Request {
        work,
        set: 0,
        name: 0,
        call,
        priority: false,
        reffed: true,
        apart,
        payload: Payload::new(&call.to_le_bytes()),
    };
    caller.pool().submit(caller, request)
}

pub(super) fn granted(submitted: Submitted) -> Key {
    match submitted {
        Submitted::Granted(key) => key,
        other => panic!("not granted: {other:?}"),
    }
}

pub(super) fn waiting(submitted: Submitted) -> Key {
    match submitted {
        Submitted::Waiting(key) => key,
        other => panic!("it does not wait: {other:?}"),
    }
}

/// The thread of an item that has its slot.
pub(super) fn place(owner: &Arc<Agent>, key: Key) -> Arc<Agent> {
    match owner.pool().place(owner, key, false) {
        Placed::Fresh(id, _) => agent::find(id).unwrap(),
        _ => panic!("no thread for it"),
    }
}

impl Loop {
    /// Submits a one-off task and waits for its slot.
    pub(super) fn slot(&mut self, call: u32) -> Key {
        match submit(&self.agent, Work::OneOff, call) {
            Submitted::Granted(key) => key,
            Submitted::Waiting(key) => {
                assert_eq!(self.granted(), call);
                key
            }
            other => panic!("{other:?}"),
        }
    }

    /// The call of the next grant.
    fn granted(&mut self) -> u32 {
        number(&self.hear_kind(Kind::Grant))
    }
}

fn answer(thread: &Agent) {
    let _ = thread.finish(&[0]);
}

fn counts(root: &Agent) -> (u32, usize) {
    let counts = root.pool().counts();
    (counts.active, counts.queued)
}

/// Asserts that what it counts never happens twice at once.
#[derive(Default)]
struct Alone(AtomicU32);

impl Alone {
    fn enter(&self) {
        assert_eq!(self.0.fetch_add(1, Ordering::Relaxed), 0, "more at once than slots");
    }

    fn leave(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Three callers on threads of their own, one slot.
fn three_callers_and_one_slot() {
    let root = root(1);
    let alone = Arc::new(Alone::default());
    let callers: Vec<_> = (0..3)
        .map(|call| {
            let (mut caller, alone) = (Loop::of(&Agent::expected(&root).0), Arc::clone(&alone));
            thread::spawn(move || {
                let key = caller.slot(call);
                alone.enter();
                let thread = place(&caller.agent, key);
                alone.leave();
                answer(&thread);
            })
        })
        .collect();
    for caller in callers {
        caller.join().unwrap();
    }
    assert_eq!(counts(&root), (0, 0));
}

#[test]
fn a_freed_slot_goes_to_who_waits() {
    check(
        three_callers_and_one_slot,
        &[("pool: what frees a slot grants it", "deadlock")],
    );
}

/// The limit is raised while another thread asks, and nothing is ever freed.
fn raising_the_limit() {
    let root = root(1);
    granted(submit(&root, Work::OneOff, 0));
    let mut caller = Loop::of(&Agent::expected(&root).0);
    let caller = thread::spawn(move || caller.slot(1));
    root.pool().set_max(2);
    caller.join().unwrap();
    assert_eq!(counts(&root), (2, 0));
}

#[test]
fn a_raise_grants_what_waits() {
    check(raising_the_limit, &[("pool: what frees a slot grants it", "deadlock")]);
}

/// One holds the slot and answers, one that waits is taken back, and a third waits behind.
fn taking_back_what_is_being_granted() {
    let root = root(1);
    let key = granted(submit(&root, Work::OneOff, 0));
    let holder = place(&root, key);
    let mut caller = Loop::of(&Agent::expected(&root).0);
    let mut behind = Loop::of(&Agent::expected(&root).0);
    let key = waiting(submit(&caller.agent, Work::OneOff, 1));
    let last = waiting(submit(&behind.agent, Work::OneOff, 2));
    let holder = thread::spawn(move || answer(&holder));
    let aborts = thread::spawn(move || {
        let outcome = caller.agent.pool().cancel(key);
        assert!(matches!(
            caller.agent.pool().place(&caller.agent, key, false),
            Placed::Gone
        ));
        (outcome, caller.look())
    });
    assert_eq!(behind.granted(), 2);
    let (outcome, heard) = aborts.join().unwrap();
    match outcome {
        Cancelled::Unbegun => assert_eq!(heard, None),
        Cancelled::Begun => assert_eq!(heard.unwrap()[0], Kind::Grant as u8),
        other => panic!("{other:?}"),
    }
    holder.join().unwrap();
    answer(&place(&behind.agent, last));
    assert_eq!(counts(&root), (0, 0));
}

#[test]
fn what_is_taken_back_stops_nobody() {
    check(
        taking_back_what_is_being_granted,
        &[("pool: what frees a slot grants it", "deadlock")],
    );
}

/// A task that waits for a nested one, while the root asks for the only slot.
fn a_task_waits_for_another() {
    let root = root(1);
    let key = granted(submit(&root, Work::OneOff, 0));
    let mut outer = Loop::of(&place(&root, key));
    assert_eq!(number(&outer.look().unwrap()), 0, "its request");
    let alone = Arc::new(Alone::default());
    let task = {
        let alone = Arc::clone(&alone);
        thread::spawn(move || {
            let nested = outer.slot(1);
            alone.enter();
            let nested = place(&outer.agent, nested);
            alone.leave();
            answer(&nested);
            answer(&outer.agent);
        })
    };
    let mut caller = Loop::of(&Agent::expected(&root).0);
    let key = caller.slot(2);
    alone.enter();
    alone.leave();
    answer(&place(&caller.agent, key));
    task.join().unwrap();
    assert_eq!(counts(&root), (0, 0));
}

#[test]
fn nested_waits_do_not_deadlock() {
    check(
        a_task_waits_for_another,
        &[
            ("pool: who waits lends its slot", "deadlock"),
            ("pool: what frees a slot grants it", "deadlock"),
        ],
    );
}

/// A holder answers while what it had borrowed its slot for goes on, and another waits for a slot.
fn a_holder_ends_before_its_loan() {
    let root = root(1);
    let key = granted(submit(&root, Work::OneOff, 0));
    let holder = place(&root, key);
    let key = granted(submit(&holder, Work::OneOff, 1));
    let nested = place(&holder, key);
    let mut caller = Loop::of(&Agent::expected(&root).0);
    let key = waiting(submit(&caller.agent, Work::OneOff, 2));
    let done = Arc::new(AtomicBool::new(false));
    let borrower = {
        let done = Arc::clone(&done);
        thread::spawn(move || {
            done.store(true, Ordering::Relaxed);
            answer(&nested);
        })
    };
    let holder = thread::spawn(move || answer(&holder));
    assert_eq!(caller.granted(), 2);
    assert!(done.load(Ordering::Relaxed), "more at once than slots");
    holder.join().unwrap();
    borrower.join().unwrap();
    answer(&place(&caller.agent, key));
    assert_eq!(counts(&root), (0, 0));
}

#[test]
fn a_loan_outlives_its_lender() {
    check(
        a_holder_ends_before_its_loan,
        &[(
            "pool: a loan takes over the slot of its lender",
            "more at once than slots",
        )],
    );
}

/// A holder asks for a second nested task while the first, which has its slot, answers.
fn a_holder_waits_for_two() {
    let root = root(1);
    let key = granted(submit(&root, Work::OneOff, 0));
    let mut holder = Loop::of(&place(&root, key));
    let key = granted(submit(&holder.agent, Work::OneOff, 1));
    let first = place(&holder.agent, key);
    let first = thread::spawn(move || answer(&first));
    let second = match submit(&holder.agent, Work::OneOff, 2) {
        Submitted::Granted(key) => key,
        other => {
            while holder.hear()[0] != Kind::Grant as u8 {}
            waiting(other)
        }
    };
    first.join().unwrap();
    answer(&place(&holder.agent, second));
    answer(&holder.agent);
    assert_eq!(counts(&root), (0, 0));
}

#[test]
fn a_slot_is_lent_again_and_again() {
    check(
        a_holder_waits_for_two,
        &[("pool: a slot that comes back is lent again", "deadlock")],
    );
}

/// A task launches a service that stays, and asks for a nested task while the service becomes ready.
fn a_task_has_a_service_and_waits_for_another() {
    let root = root(1);
    let key = granted(submit(&root, Work::OneOff, 0));
    let mut holder = Loop::of(&place(&root, key));
    assert_eq!(number(&holder.look().unwrap()), 0, "its request");
    let key = granted(submit(&holder.agent, Work::Service, 1));
    let service = place(&holder.agent, key);
    let launched = {
        let service = Arc::clone(&service);
        thread::spawn(move || service.pool().service_ready(service.id))
    };
    let nested = holder.slot(2);
    launched.join().unwrap();
    answer(&place(&holder.agent, nested));
    answer(&holder.agent);
    assert_eq!(counts(&root), (1, 0), "the service has the slot now");
    root.pool().thread_ended(service.id, &[]);
    assert_eq!(counts(&root), (0, 0));
}

#[test]
fn a_service_that_stays_is_no_obstacle() {
    check(
        a_task_has_a_service_and_waits_for_another,
        &[("pool: a ready service is no loan any more", "deadlock")],
    );
}

/// A thread asks while it ends.
fn a_caller_ends_while_it_asks() {
    let root = root(1);
    let (caller, _) = Agent::expected(&root);
    let asks = {
        let caller = Arc::clone(&caller);
        thread::spawn(move || {
            // The second waits behind the first.
            let _ = submit(&caller, Work::OneOff, 1);
            let _ = submit(&caller, Work::Service, 2);
        })
    };
    caller.end();
    asks.join().unwrap();
    assert_eq!(counts(&root), (0, 0), "left behind");
}

#[test]
fn nothing_is_left_of_a_caller_that_ended() {
    check(
        a_caller_ends_while_it_asks,
        &[
            ("pool: submitting looks for the end of the caller", "left behind"),
            ("pool: what an ended agent asked for leaves", "left behind"),
        ],
    );
}

/// The root ends while a thread below it asks, and while one of its threads answers.
fn a_root_ends_while_others_use_its_pool() {
    let root = root(1);
    let key = granted(submit(&root, Work::OneOff, 0));
    let holder = place(&root, key);
    let (caller, _) = Agent::expected(&root);
    let holder = thread::spawn(move || answer(&holder));
    let caller = thread::spawn(move || {
        let submitted = submit(&caller, Work::OneOff, 1);
        if let Submitted::Granted(key) | Submitted::Waiting(key) = submitted {
            let _ = caller.pool().cancel(key);
        }
        submit(&caller, Work::OneOff, 2)
    });
    root.end();
    holder.join().unwrap();
    let last = caller.join().unwrap();
    assert_eq!(counts(&root), (0, 0), "left behind after {last:?}");
}

#[test]
fn a_pool_ends_with_its_root() {
    check(
        a_root_ends_while_others_use_its_pool,
        &[("pool: a pool that has ended takes nothing", "left behind")],
    );
}
