//! Spares: handed out against their own end, and against a limit that is lowered.

use std::sync::Arc;

use loom::thread;

use super::pool::{granted, place, root, submit};
use super::{Loop, check, number};
use crate::core::agent::{self, Agent, AgentId};
use crate::core::pool::{IDLE, Placed, Work};
use crate::core::protocol::Kind;

/// A root with two slots, and the spares that two tasks of late have called for.
fn root_with_spares() -> (Arc<Agent>, [Loop; 2]) {
    let root = root(2);
    for call in 0..2 {
        let task = place(&root, granted(submit(&root, Work::OneOff, call)));
        let _ = task.finish(&[0]);
        task.end();
        root.pool().thread_ended(task.id, &[]);
    }
    let spares = [(); 2].map(|()| {
        let (id, _) = root.pool().start_spare().expect("two were used");
        Loop::of(&agent::find(id).unwrap())
    });
    (root, spares)
}

/// Hands a task to a spare, which there must be.
fn hand_out(root: &Arc<Agent>, call: u32) -> AgentId {
    match root.pool().place(root, granted(submit(root, Work::OneOff, call)), true) {
        Placed::Spare(id) => id,
        Placed::Fresh(..) => panic!("a new thread beside a spare"),
        Placed::Gone => panic!("nobody took it back"),
    }
}

/// A spare dies while the root hands it a task, which it may have answered. Its slot is free when the exit is told.
fn a_spare_dies_while_it_is_handed_out() {
    let (root, [mut dying, other]) = root_with_spares();
    let oldest = dying.agent.id;
    let death = thread::spawn(move || {
        if dying.look().is_some() {
            let _ = dying.agent.finish(&[0]);
        }
        dying.agent.end();
    });
    let id = hand_out(&root, 7);
    assert_eq!(id, oldest);
    death.join().unwrap();
    root.pool().thread_ended(id, &[]);
    let counts = root.pool().counts();
    assert_eq!((counts.active, counts.queued), (0, 0), "the dead one's slot");
    assert_eq!(counts.ready, 1, "the other spare");
    drop(other);
}

#[test]
fn the_slot_of_a_spare_that_died_is_free() {
    check(
        a_spare_dies_while_it_is_handed_out,
        &[("pool: a spare that is handed out has the slot", "the dead one's slot")],
    );
}

/// Another thread lowers the limit, for which the older of two spares goes, while the root hands out the oldest there is.
/// Who is told to end has no task, and who has one runs it.
fn the_limit_falls_while_a_spare_is_handed_out() {
    let (root, mut spares) = root_with_spares();
    let other = Arc::clone(&root);
    let lowers = thread::spawn(move || {
        other.pool().set_max(1);
        let _ = other.pool().expire(IDLE);
    });
    let id = hand_out(&root, 7);
    lowers.join().unwrap();
    let older_goes = id == spares[1].agent.id;
    for spare in &mut spares {
        let heard = spare.rest();
        if spare.agent.id == id {
            assert_eq!(heard.len(), 1, "its task alone: {heard:?}");
            assert_eq!(number(&heard[0]), 7);
            let _ = spare.agent.finish(&[0]);
        } else if older_goes {
            assert_eq!(heard, [[Kind::End as u8]], "two are too many");
        } else {
            assert_eq!(heard, [[]; 0], "one may stay");
        }
        spare.agent.end();
        root.pool().thread_ended(spare.agent.id, &[]);
    }
    let counts = root.pool().counts();
    assert_eq!((counts.active, counts.ready), (0, 0));
}

#[test]
fn a_spare_ends_or_has_a_task() {
    check(
        the_limit_falls_while_a_spare_is_handed_out,
        &[
            (
                "pool: a spare that is handed out stands ready no more",
                "its task alone",
            ),
            ("pool: a spare that is handed out has the slot", "left: (1, 0)"),
        ],
    );
}
