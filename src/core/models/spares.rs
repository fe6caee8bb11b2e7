//! Spares: handed out against their own end, and against a limit that is lowered.

use std::sync::Arc;

use loom::thread;

use super::pool::{place, root, submit};
use super::{Loop, check, number};
use crate::core::agent::{self, Agent, AgentId};
use crate::core::pool::{Key, Placed, Submitted, Work};
use crate::core::protocol::Kind;

/// A root with two slots, and the spares that two tasks of late have called for.
fn root_with_spares() -> (Arc<Agent>, [Loop; 2]) {
    let root = root(2);
    for call in 0..2 {
        let task = place(&root, granted(&root, call));
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

fn granted(root: &Arc<Agent>, call: u32) -> Key {
    match submit(root, Work::OneOff, call) {
        Submitted::Granted(key) => key,
        other => panic!("{other:?}"),
    }
}

/// Hands a task to a spare, which there must be.
fn hand_out(root: &Arc<Agent>, call: u32) -> AgentId {
    match root.pool().place(root, granted(root, call), true) {
        Placed::Spare(id) => id,
        Placed::Fresh(..) => panic!("a new thread beside a spare"),
        Placed::Gone => panic!("nobody took it back"),
    }
}

/// A spare dies while the root hands it a task. Whether the task arrived or not, its slot is free when the exit is told.
fn a_spare_dies_while_it_is_handed_out() {
    let (root, spares) = root_with_spares();
    let dying = Arc::clone(&spares[0].agent);
    let death = thread::spawn(move || dying.end());
    let id = hand_out(&root, 7);
    assert_eq!(id, spares[0].agent.id, "the oldest goes first");
    death.join().unwrap();
    root.pool().thread_ended(id, &[]);
    let counts = root.pool().counts();
    assert_eq!((counts.active, counts.queued), (0, 0), "the dead one's slot");
    assert_eq!(counts.ready, 1, "the other spare");
}

#[test]
fn the_slot_of_a_spare_that_died_is_free() {
    check(
        a_spare_dies_while_it_is_handed_out,
        &[("pool: a spare that is handed out has the slot", "the dead one's slot")],
    );
}

/// Another thread lowers the limit, for which one of two spares goes, while the root hands one out. Who is told to end has
/// no task, and who has one runs it.
fn the_limit_falls_while_a_spare_is_handed_out() {
    let (root, mut spares) = root_with_spares();
    let other = Arc::clone(&root);
    let lowers = thread::spawn(move || other.pool().set_max(1));
    let id = hand_out(&root, 7);
    lowers.join().unwrap();
    for spare in &mut spares {
        let heard = spare.rest();
        if spare.agent.id == id {
            assert_eq!(heard.len(), 1, "its task alone: {heard:?}");
            assert_eq!(number(&heard[0]), 7);
            let _ = spare.agent.finish(&[0]);
        } else {
            assert!(heard.iter().all(|frame| *frame == [Kind::End as u8]), "{heard:?}");
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
        &[("pool: a spare that is handed out has the slot", "left: (1, 0)")],
    );
}
