//! Warm threads that take their tasks by `turn`: against new work, aborts, their own death, expiry, and the ends of
//! callers and roots.

use std::sync::Arc;
use std::time::Duration;

use loom::thread;

use super::pool::{granted, place, root, submit, submit_apart, waiting};
use super::{Loop, check, number};
use crate::core::agent::{self, Agent};
use crate::core::inbox::Delivery;
use crate::core::pool::{Cancelled, Key, LOST, Submitted, Turn, Work};
use crate::core::protocol::Kind;

/// What a warm thread does at the end of a task, as the binding's `turn` and `lib/thread/warm.js` do.
enum Next {
    Run(u32, Arc<Agent>),
    Later,
    Idle,
    End,
}

/// A warm thread, and the task that it runs.
struct Warm {
    life: Loop,
    running: Option<(u32, Arc<Agent>)>,
}

impl Warm {
    /// The thread that the root was asked to start.
    fn start(root: &mut Loop) -> Self {
        let id = number(&root.hear_kind(Kind::StartWarm));
        Self::of(root, id)
    }

    fn of(root: &Loop, id: u32) -> Self {
        let (token, set) = root.agent.pool().warm_thread(id).unwrap();
        assert_eq!(set, 0);
        Self {
            life: Loop::of(&agent::redeem(&token).unwrap()),
            running: None,
        }
    }

    /// Answers what it ran, if that is still awaited, and takes the next task.
    fn turn(&mut self) -> Next {
        self.turn_when(false)
    }

    /// As `turn`, when its event loop may have to have its turn first.
    fn turn_when(&mut self, overdue: bool) -> Next {
        let agent = &self.life.agent;
        let (awaited, turn) = agent.pool().turn(agent, overdue);
        if let Some((call, caller)) = self.running.take().filter(|_| awaited) {
            let _ = caller.inbox.send(&[&[ANSWER], &call.to_le_bytes()[..]].concat());
        }
        match turn {
            Turn::Run { call, caller, payload } => {
                assert_eq!(number(&payload), call);
                self.running = Some((call, Arc::clone(&caller)));
                Next::Run(call, caller)
            }
            Turn::Later => Next::Later,
            Turn::Idle => Next::Idle,
            Turn::End => Next::End,
        }
    }

    /// Takes tasks until `last` has run or the thread is told to end; says which it ran.
    fn serve(&mut self, last: u32) -> Vec<u32> {
        let mut ran = Vec::new();
        loop {
            match self.turn() {
                Next::Run(call, _) => ran.push(call),
                Next::Idle if ran.last() == Some(&last) => return ran,
                Next::Idle if self.life.hear() == [Kind::Work as u8] => {}
                Next::Later | Next::Idle | Next::End => return ran,
            }
        }
    }

    /// Takes one task, which it is woken for if there is none yet; says which.
    fn serve_one(&mut self) -> u32 {
        loop {
            if let Next::Run(call, _) = self.turn() {
                let _ = self.turn();
                return call;
            }
            // An answer to what its load asked for may come first.
            while self.life.hear() != [Kind::Work as u8] {}
        }
    }

    /// What it asked for, which has its slot, gets a thread and is answered.
    fn answer(&self, key: Key) {
        assert!(self.life.agent.pool().finish(place(&self.life.agent, key).id));
    }

    /// Ends as a thread does: its environment first, then its owner hears of it.
    fn exits(&self, root: &Loop) {
        self.life.agent.end();
        root.agent.pool().thread_ended(self.life.agent.id, &[]);
    }
}

/// The kind of an answer here; the real one is JavaScript's own.
const ANSWER: u8 = 255;
/// The kind by which a thread asks for host values, here.
const WANTED: u8 = 254;

impl Loop {
    fn answered(&mut self) -> u32 {
        // One too many that idle, it may have been told to end before its own call is answered.
        let mut frame = self.hear();
        if frame == [Kind::End as u8] {
            frame = self.hear();
        }
        assert_eq!(frame[0], ANSWER, "no answer: {frame:?}");
        number(&frame[1..])
    }
}

fn counts(root: &Loop) -> (u32, usize, u32) {
    let counts = root.agent.pool().counts();
    (counts.active, counts.queued, counts.ready)
}

/// A second task arrives while the set's only thread ends its first, finds nothing more, or sleeps.
fn work_arrives_while_a_thread_goes_idle() {
    let mut root = Loop::of(&root(1));
    granted(submit(&root.agent, Work::Warm, 1));
    let mut warm = Warm::start(&mut root);
    let thread = thread::spawn(move || warm.serve(2));
    let _ = submit(&root.agent, Work::Warm, 2);
    assert_eq!((root.answered(), root.answered()), (1, 2));
    assert_eq!(thread.join().unwrap(), [1, 2]);
    assert_eq!(counts(&root), (0, 0, 1));
}

#[test]
fn no_task_waits_beside_an_idle_thread() {
    check(
        work_arrives_while_a_thread_goes_idle,
        &[
            ("warm: the root is asked for a thread", "deadlock"),
            ("warm: an idle thread is woken", "deadlock"),
            ("warm: who finds nothing is known to be idle", "no answer"),
        ],
    );
}

/// The first of two tasks is aborted while the thread takes it, runs it, or answers it.
fn a_task_is_aborted_while_it_is_taken() {
    let mut root = Loop::of(&root(1));
    let key = granted(submit(&root.agent, Work::Warm, 1));
    waiting(submit(&root.agent, Work::Warm, 2));
    let mut warm = Warm::start(&mut root);
    let id = warm.life.agent.id;
    let thread = thread::spawn(move || {
        let ran = warm.serve(2);
        (warm, ran)
    });
    let outcome = root.agent.pool().cancel(key);
    if outcome == Cancelled::Terminating {
        let frame = root.hear_kind(Kind::Terminate);
        assert_eq!(number(&frame), id);
        let (warm, ran) = thread.join().unwrap();
        assert_eq!(ran, [1], "another task on a thread that is being ended");
        warm.exits(&root);
        assert_eq!(Warm::start(&mut root).serve(2), [2]);
    } else {
        let (_, ran) = thread.join().unwrap();
        match outcome {
            Cancelled::Unbegun => assert_eq!(ran, [2]),
            _ => assert_eq!((ran, root.answered()), (vec![1, 2], 1)),
        }
    }
    assert_eq!(root.answered(), 2, "no answer to what was aborted");
    assert_eq!(root.look(), None);
    assert_eq!(counts(&root), (0, 0, 1));
}

#[test]
fn an_abort_spares_its_neighbours() {
    check(
        a_task_is_aborted_while_it_is_taken,
        &[
            ("warm: what is taken back leaves its set", "deadlock"),
            (
                "warm: who runs what is taken back takes nothing more",
                "another task on a thread that is being ended",
            ),
        ],
    );
}

/// A task is aborted whose thread never finishes loading, while another one is asked for.
fn a_task_is_aborted_while_its_thread_hangs() {
    let mut root = Loop::of(&root(2));
    let key = granted(submit(&root.agent, Work::Warm, 1));
    let hangs = Warm::start(&mut root);
    let mut caller = Loop::of(&Agent::expected(&root.agent).0);
    let asks = thread::spawn(move || {
        granted(submit(&caller.agent, Work::Warm, 2));
        caller.answered()
    });
    assert_eq!(root.agent.pool().cancel(key), Cancelled::Unbegun);
    let mut next = None;
    for _ in 0..2 {
        let frame = root.hear();
        let id = number(&frame[1..]);
        if frame[0] == Kind::Terminate as u8 {
            assert_eq!(id, hangs.life.agent.id);
            hangs.exits(&root);
        } else {
            next = Some(Warm::of(&root, id));
        }
    }
    assert_eq!(next.unwrap().serve(2), [2]);
    assert_eq!(asks.join().unwrap(), 2);
    assert_eq!(counts(&root), (0, 0, 1));
}

#[test]
fn no_task_waits_for_a_thread_that_hangs_for_another() {
    check(
        a_task_is_aborted_while_its_thread_hangs,
        &[("warm: an abort ends who comes for nobody", "deadlock")],
    );
}

/// An idle thread dies while it is given a task. Either it began, and its caller hears of the end, or another thread gets
/// the task: one or the other.
fn a_thread_dies_while_it_is_woken() {
    let mut root = Loop::of(&root(1));
    granted(submit(&root.agent, Work::Warm, 1));
    let mut warm = Warm::start(&mut root);
    assert!(matches!(warm.turn(), Next::Run(1, _)));
    assert!(matches!(warm.turn(), Next::Idle));
    assert_eq!(root.answered(), 1);
    let thread = thread::spawn(move || {
        let began = warm.life.look().is_some() && matches!(warm.turn(), Next::Run(2, _));
        warm.life.agent.end();
        (warm, began)
    });
    granted(submit(&root.agent, Work::Warm, 2));
    let (warm, began) = thread.join().unwrap();
    root.agent.pool().thread_ended(warm.life.agent.id, &[]);
    if began {
        assert_eq!(number(&root.hear_kind(Kind::Ended)), 2);
    } else {
        assert_eq!(Warm::start(&mut root).serve(2), [2]);
        assert_eq!(root.answered(), 2);
    }
    assert_eq!(root.look(), None, "once");
    assert_eq!(counts(&root), (0, 0, u32::from(!began)));
}

#[test]
fn what_a_dying_thread_had_not_begun_goes_to_another() {
    check(
        a_thread_dies_while_it_is_woken,
        &[("warm: what a dying thread was woken for goes to another", "deadlock")],
    );
}

/// A task arrives while the set's only thread is to give its event loop a turn, in which it dies.
fn a_thread_dies_in_its_turn() {
    let mut root = Loop::of(&root(1));
    granted(submit(&root.agent, Work::Warm, 1));
    let mut warm = Warm::start(&mut root);
    assert!(matches!(warm.turn(), Next::Run(1, _)));
    let thread = thread::spawn(move || {
        let _ = warm.turn_when(true);
        warm.life.agent.end();
        warm
    });
    let _ = submit(&root.agent, Work::Warm, 2);
    let warm = thread.join().unwrap();
    root.agent.pool().thread_ended(warm.life.agent.id, &[]);
    assert_eq!(root.answered(), 1);
    assert_eq!(Warm::start(&mut root).serve(2), [2]);
    assert_eq!(root.answered(), 2);
    assert_eq!(root.look(), None, "once");
    assert_eq!(counts(&root), (0, 0, 1));
}

#[test]
fn no_task_dies_of_what_the_one_before_it_left_behind() {
    check(
        a_thread_dies_in_its_turn,
        &[
            ("warm: who is overdue takes nothing yet", "heard something else"),
            ("warm: what a dying thread was woken for goes to another", "deadlock"),
        ],
    );
}

/// One of two threads gives its event loop a turn, and does not come back, while the other ends its task.
fn a_thread_does_not_come_back_from_its_turn() {
    let mut root = Loop::of(&root(2));
    let mut threads: Vec<_> = (1..3)
        .map(|call| {
            granted(submit(&root.agent, Work::Warm, call));
            Warm::start(&mut root)
        })
        .collect();
    for (call, warm) in (1..).zip(&mut threads) {
        assert!(matches!(warm.turn(), Next::Run(began, _) if began == call));
    }
    waiting(submit(&root.agent, Work::Warm, 3));
    let mut other = threads.pop().unwrap();
    let mut blocked = threads.pop().unwrap();
    let other = thread::spawn(move || other.serve(3));
    let _ = blocked.turn_when(true);
    let mut answered = [(); 3].map(|()| root.answered());
    answered.sort_unstable();
    assert_eq!(answered, [1, 2, 3]);
    assert_eq!(other.join().unwrap(), [3]);
    let _ = blocked.turn();
    assert_eq!(counts(&root), (0, 0, 2));
}

#[test]
fn no_task_waits_for_what_the_one_before_it_left_behind() {
    check(
        a_thread_does_not_come_back_from_its_turn,
        &[("warm: who is overdue takes nothing yet", "deadlock")],
    );
}

/// A thread dies while the caller of the task that it has taken is asked for what the task needs.
fn a_thread_dies_before_it_has_what_it_asked_for() {
    let mut root = Loop::of(&root(1));
    granted(submit_apart(&root.agent, 1));
    let mut warm = Warm::start(&mut root);
    let id = warm.life.agent.id;
    let thread = thread::spawn(move || {
        let Next::Run(1, caller) = warm.turn() else {
            panic!("nothing to run")
        };
        let _ = caller.inbox.send(&[WANTED]);
        warm.life.agent.end();
        caller.pool().thread_ended(warm.life.agent.id, &[]);
    });
    assert_eq!(root.hear(), [WANTED]);
    let begun = root.agent.pool().hand_over(root.agent.id, id, 1);
    thread.join().unwrap();
    if begun {
        assert_eq!(number(&root.hear_kind(Kind::Ended)), 1);
    } else {
        let mut next = Warm::start(&mut root);
        assert!(matches!(next.turn(), Next::Run(1, _)));
        assert!(root.agent.pool().hand_over(root.agent.id, next.life.agent.id, 1));
        assert!(matches!(next.turn(), Next::Idle));
        assert_eq!(root.answered(), 1);
    }
    assert_eq!(root.look(), None, "once");
    assert_eq!(counts(&root), (0, 0, u32::from(!begun)));
}

#[test]
fn what_was_not_handed_over_goes_to_another() {
    check(
        a_thread_dies_before_it_has_what_it_asked_for,
        &[("warm: what a dying thread had taken goes back", "deadlock")],
    );
}

/// The thread that is woken for a task does not come, while another one is idle.
fn a_thread_does_not_come() {
    let mut root = Loop::of(&root(2));
    let mut threads: Vec<_> = (1..3)
        .map(|call| {
            granted(submit(&root.agent, Work::Warm, call));
            Warm::start(&mut root)
        })
        .collect();
    for (call, warm) in (1..).zip(&mut threads) {
        assert!(matches!(warm.turn(), Next::Run(began, _) if began == call));
    }
    for (call, warm) in (1..).zip(&mut threads) {
        assert!(matches!(warm.turn(), Next::Idle));
        assert_eq!(root.answered(), call);
    }
    let mut blocked = threads.pop().unwrap();
    let mut other = threads.pop().unwrap();
    let other = thread::spawn(move || other.serve(3));
    granted(submit(&root.agent, Work::Warm, 3));
    assert!(
        root.agent.pool().relieve(Duration::ZERO, LOST),
        "somebody is on the way"
    );
    assert_eq!(root.answered(), 3);
    assert_eq!(other.join().unwrap(), [3]);
    blocked.life.hear_kind(Kind::Work);
    assert!(matches!(blocked.turn(), Next::Idle));
    assert!(!root.agent.pool().relieve(Duration::ZERO, LOST));
    assert_eq!(counts(&root), (0, 0, 2));
}

#[test]
fn no_task_waits_for_a_blocked_thread_beside_an_idle_one() {
    check(
        a_thread_does_not_come,
        &[("warm: who does not come is not the only one woken", "deadlock")],
    );
}

/// The only thread of a set does not come, while another caller asks for a task.
fn the_only_thread_does_not_come() {
    let mut root = Loop::of(&root(2));
    granted(submit(&root.agent, Work::Warm, 1));
    let mut blocked = Warm::start(&mut root);
    assert!(matches!(blocked.turn(), Next::Run(1, _)));
    assert!(matches!(blocked.turn(), Next::Idle));
    assert_eq!(root.answered(), 1);
    let caller = Loop::of(&Agent::expected(&root.agent).0);
    let asks = thread::spawn(move || {
        granted(submit(&caller.agent, Work::Warm, 2));
        caller
    });
    let looks = {
        let root = Arc::clone(&root.agent);
        thread::spawn(move || root.pool().relieve(Duration::ZERO, Duration::ZERO))
    };
    let mut caller = asks.join().unwrap();
    let _ = looks.join().unwrap();
    for _ in 0..2 {
        let _ = root.agent.pool().relieve(Duration::ZERO, Duration::ZERO);
    }
    assert_eq!(Warm::start(&mut root).serve(2), [2]);
    assert_eq!(caller.answered(), 2);
    assert!(matches!(blocked.turn(), Next::Idle));
    assert_eq!(counts(&root), (0, 0, 2));
}

#[test]
fn no_task_waits_for_a_blocked_thread_alone() {
    check(
        the_only_thread_does_not_come,
        &[("warm: another is started for who does not come", "deadlock")],
    );
}

/// The top level of a set's file waits for a task of another kind, while the root asks for the only slot.
fn a_load_waits_for_a_task() {
    let mut root = Loop::of(&root(1));
    granted(submit(&root.agent, Work::Warm, 1));
    let mut warm = Warm::start(&mut root);
    let thread = thread::spawn(move || {
        let key = warm.life.slot(2);
        warm.answer(key);
        warm.serve_one()
    });
    if let Submitted::Waiting(_) = submit(&root.agent, Work::OneOff, 3) {
        assert_eq!(number(&root.hear_kind(Kind::Grant)), 3);
    }
    assert_eq!(root.answered(), 1);
    assert_eq!(thread.join().unwrap(), 1);
    assert_eq!(counts(&root), (1, 0, 1));
}

#[test]
fn a_load_does_not_wait_for_who_waits_for_it() {
    check(
        a_load_waits_for_a_task,
        &[("warm: a load waits in a task that waits for it", "deadlock")],
    );
}

/// The task that a thread was started for is taken by another, which then waits for a second one that only the thread
/// which still loads can run.
fn a_load_waits_while_its_task_is_taken() {
    let mut root = Loop::of(&root(1));
    granted(submit(&root.agent, Work::Warm, 1));
    let mut runs = Warm::start(&mut root);
    assert!(matches!(runs.turn(), Next::Run(1, _)));
    granted(submit(&runs.life.agent, Work::Warm, 2));
    let mut loads = Warm::start(&mut root);
    let thread = thread::spawn(move || {
        let key = loads.life.slot(4);
        loads.answer(key);
        loads.serve_one()
    });
    let took = matches!(runs.turn(), Next::Run(2, _));
    if took {
        let _ = submit(&runs.life.agent, Work::Warm, 3);
        assert_eq!(runs.life.answered(), 3);
        assert!(matches!(runs.turn(), Next::Idle));
    }
    assert_eq!(runs.life.answered(), 2);
    assert_eq!(root.answered(), 1);
    assert_eq!(thread.join().unwrap(), if took { 3 } else { 2 });
    assert_eq!(counts(&root), (0, 0, 1), "no more idle threads than slots");
}

#[test]
fn a_load_is_lent_to_by_tasks_that_come_later() {
    check(
        a_load_waits_while_its_task_is_taken,
        &[
            ("warm: who waits for a thread lends to the loads, too", "deadlock"),
            ("warm: a load waits in a task that waits for it", "deadlock"),
        ],
    );
}

/// A task is aborted in which a load waits for two others, of which the first goes on until the second has answered.
fn a_load_waits_in_a_task_that_is_aborted() {
    let mut root = Loop::of(&root(2));
    granted(submit(&root.agent, Work::Warm, 1));
    let hangs = Warm::start(&mut root);
    let key = granted(submit(&root.agent, Work::Warm, 2));
    let mut loads = Warm::start(&mut root);
    let thread = thread::spawn(move || {
        let first = loads.life.slot(3);
        let second = loads.life.slot(4);
        loads.answer(second);
        loads.answer(first);
        loads
    });
    assert_eq!(root.agent.pool().cancel(key), Cancelled::Unbegun);
    assert_eq!(number(&root.hear_kind(Kind::Terminate)), hangs.life.agent.id);
    hangs.exits(&root);
    assert_eq!(thread.join().unwrap().serve_one(), 1);
    assert_eq!(root.answered(), 1);
    assert_eq!(counts(&root), (0, 0, 1));
}

#[test]
fn what_a_load_waits_for_is_not_stuck_with_an_abort() {
    check(
        a_load_waits_in_a_task_that_is_aborted,
        &[("warm: what a load waits for outlives its holder", "deadlock")],
    );
}

/// Idle threads are given up while a task arrives.
fn a_thread_expires_while_work_arrives() {
    let mut root = Loop::of(&root(1));
    granted(submit(&root.agent, Work::Warm, 1));
    let mut warm = Warm::start(&mut root);
    let thread = thread::spawn(move || {
        let ran = warm.serve(2);
        (warm, ran)
    });
    let expires = {
        let root = Arc::clone(&root.agent);
        thread::spawn(move || root.pool().expire(Duration::ZERO))
    };
    assert_eq!(root.answered(), 1);
    granted(submit(&root.agent, Work::Warm, 2));
    let frame = root.hear();
    if frame[0] == Kind::StartWarm as u8 {
        let mut next = Warm::of(&root, number(&frame[1..]));
        assert_eq!(next.serve(2), [2]);
        assert_eq!(root.answered(), 2);
        next.exits(&root);
        let _ = expires.join().unwrap();
        let (warm, ran) = thread.join().unwrap();
        assert_eq!(ran, [1]);
        warm.exits(&root);
    } else {
        assert_eq!((frame[0], number(&frame[1..])), (ANSWER, 2));
        let (warm, ran) = thread.join().unwrap();
        assert_eq!(ran, [1, 2]);
        let _ = expires.join().unwrap();
        warm.exits(&root);
    }
    assert_eq!(root.look(), None, "once");
    assert_eq!(counts(&root), (0, 0, 0));
}

#[test]
fn no_task_is_given_to_a_thread_that_was_given_up() {
    check(
        a_thread_expires_while_work_arrives,
        &[("pool: who is told to end holds nothing", "overflow")],
    );
}

/// A caller ends while a thread takes its task: it runs the task, or is not wanted any more.
fn a_caller_ends_while_its_task_is_taken() {
    let mut root = Loop::of(&root(1));
    let (caller, _) = Agent::expected(&root.agent);
    granted(submit(&caller, Work::Warm, 1));
    let mut warm = Warm::start(&mut root);
    let id = caller.id;
    let thread = thread::spawn(move || {
        let began = warm.turn();
        if let Next::Run(call, from) = &began {
            let fields = warm.life.hear_kind(Kind::CallerEnded);
            assert_eq!((number(&fields), number(&fields[4..])), (*call, id));
            assert_eq!(from.inbox.send(&[ANSWER]), Delivery::Closed);
            assert!(matches!(warm.turn(), Next::Idle));
        }
        matches!(began, Next::Run(..))
    });
    caller.end();
    let ran = thread.join().unwrap();
    assert_eq!(counts(&root), (0, 0, u32::from(ran)), "left behind");
}

#[test]
fn a_task_hears_that_its_caller_ended() {
    check(
        a_caller_ends_while_its_task_is_taken,
        &[
            ("warm: who runs a task hears that its caller ended", "deadlock"),
            ("pool: what an ended agent asked for leaves", "left behind"),
        ],
    );
}

/// The root ends while its warm thread takes tasks.
fn a_root_ends_while_tasks_are_taken() {
    let mut root = Loop::of(&root(1));
    granted(submit(&root.agent, Work::Warm, 1));
    waiting(submit(&root.agent, Work::Warm, 2));
    let mut warm = Warm::start(&mut root);
    let thread = thread::spawn(move || {
        let mut ran = Vec::new();
        while let Next::Run(call, _) = warm.turn() {
            ran.push(call);
        }
        assert!([1, 2].starts_with(&ran), "{ran:?}");
        warm
    });
    root.agent.end();
    let mut warm = thread.join().unwrap();
    assert!(matches!(warm.turn(), Next::End));
    assert!(warm.life.agent.inbox.is_closed(), "goes on without its root");
    assert_eq!(counts(&root), (0, 0, 0));
}

#[test]
fn warm_threads_end_with_their_root() {
    check(
        a_root_ends_while_tasks_are_taken,
        &[("agent: its threads end with it", "goes on without its root")],
    );
}
