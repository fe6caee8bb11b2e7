mod random;

use std::sync::Arc;

use super::*;
use crate::core::inbox::Drained;
use crate::core::protocol::Kind;

/// No test takes so long.
const NEVER: Duration = Duration::MAX;

/// A root with `max` slots, and one set of each isolation.
struct World {
    root: Arc<Agent>,
    set: SetId,
}

impl World {
    fn new(max: u32) -> Self {
        let root = Agent::root();
        root.pool().set_max(max);
        let set = root.pool().set(SetInfo {
            file: "/a.js".into(),
            identifier: "a".into(),
            options: [].into(),
        });
        Self { root, set }
    }

    /// The same pool, seen as by those who ask for tasks of another set.
    fn with_set(&self, file: &str) -> Self {
        let set = self.pool().set(SetInfo {
            file: file.into(),
            identifier: "a".into(),
            options: [].into(),
        });
        let root = Arc::clone(&self.root);
        Self { root, set }
    }

    fn pool(&self) -> &Pool {
        self.root.pool()
    }

    fn ask(&self, caller: &Arc<Agent>, work: Work, call: u32, priority: bool) -> Submitted {
        self.submit(caller, work, call, priority, false)
    }

    /// A warm task that needs values which its caller keeps.
    fn ask_apart(&self, caller: &Arc<Agent>, call: u32) -> Submitted {
        self.submit(caller, Work::Warm, call, false, true)
    }

    fn submit(&self, caller: &Arc<Agent>, work: Work, call: u32, priority: bool, apart: bool) -> Submitted {
        let payload = Payload::new(&call.to_le_bytes());
        self.pool().submit(
            caller,
            Request {
                work,
                set: self.set,
                name: 0,
                call,
                priority,
                reffed: true,
                apart,
                payload,
            },
        )
    }

    fn granted(&self, work: Work, call: u32) -> Key {
        match self.ask(&self.root, work, call, false) {
            Submitted::Granted(key) => key,
            other => panic!("not granted: {other:?}"),
        }
    }

    fn waiting(&self, work: Work, call: u32) -> Key {
        match self.ask(&self.root, work, call, false) {
            Submitted::Waiting(key) => key,
            other => panic!("not waiting: {other:?}"),
        }
    }

    fn place(&self, owner: &Arc<Agent>, key: Key) -> Arc<Agent> {
        match self.pool().place(owner, key, true) {
            Placed::Fresh(id, _) | Placed::Spare(id) => crate::core::agent::find(id).unwrap(),
            Placed::Gone => panic!("gone"),
        }
    }

    fn counts(&self) -> (u32, usize) {
        let counts = self.pool().counts();
        (counts.active, counts.queued)
    }

    /// Starts the warm threads that the root was asked for.
    fn start_warm(&self) -> Vec<Arc<Agent>> {
        frames(&self.root)
            .into_iter()
            .filter(|frame| frame[0] == Kind::StartWarm as u8)
            .map(|frame| {
                let id = u32::from_le_bytes(frame[1..5].try_into().unwrap());
                let (token, set) = self.pool().warm_thread(id).unwrap();
                assert_eq!(set, self.set);
                crate::core::agent::redeem(&token).unwrap()
            })
            .collect()
    }

    fn turn(&self, thread: &Arc<Agent>) -> Option<u32> {
        match self.pool().turn(thread, false).1 {
            Turn::Run { call, payload, .. } => {
                assert_eq!(*payload, call.to_le_bytes());
                Some(call)
            }
            Turn::Later => panic!("not overdue"),
            Turn::Idle | Turn::End => None,
        }
    }

    /// Whether a thread whose event loop's turn is overdue leaves a task where it is until then.
    fn overdue(&self, thread: &Arc<Agent>) -> bool {
        match self.pool().turn(thread, true).1 {
            Turn::Run { call, .. } => panic!("took {call}"),
            Turn::Later => true,
            Turn::Idle | Turn::End => false,
        }
    }
}

fn frames(agent: &Agent) -> Vec<Vec<u8>> {
    let mut scratch = vec![0; 1 << 16];
    let Drained::Bytes(end) = agent.inbox.drain(&mut scratch) else {
        panic!("a large frame")
    };
    let (mut at, mut frames) = (0, Vec::new());
    while at < end {
        let length = u32::from_le_bytes(scratch[at..at + 4].try_into().unwrap()) as usize;
        frames.push(scratch[at + 4..at + 4 + length].to_vec());
        at += 4 + length;
    }
    frames
}

/// The calls that `agent` heard of in frames of this kind.
fn heard(agent: &Agent, kind: Kind) -> Vec<u32> {
    frames(agent)
        .into_iter()
        .filter(|frame| frame[0] == kind as u8)
        .map(|frame| u32::from_le_bytes(frame[1..5].try_into().unwrap()))
        .collect()
}

#[test]
fn smoke() {
    let world = World::new(1);
    let key = world.granted(Work::OneOff, 1);
    let thread = world.place(&world.root, key);
    assert_eq!(frames(&thread), [1u32.to_le_bytes().to_vec()]);
    assert_eq!(world.counts(), (1, 0));
    assert!(world.pool().finish(thread.id));
    assert!(!world.pool().finish(thread.id), "answers once");
    assert_eq!(world.counts(), (0, 0));
    world.pool().thread_ended(thread.id, &[]);
    assert_eq!(world.counts(), (0, 0), "ends once");
}

#[test]
fn fifo_and_priority_across_kinds() {
    let world = World::new(1);
    let key = world.granted(Work::OneOff, 1);
    world.waiting(Work::OneOff, 2);
    world.waiting(Work::Service, 3);
    let _ = world.ask(&world.root, Work::OneOff, 4, true);
    let _ = world.ask(&world.root, Work::OneOff, 5, true);
    assert_eq!(world.pool().next().map(|info| info.priority), Some(true));
    let mut order = Vec::new();
    let mut running = world.place(&world.root, key);
    for _ in 0..4 {
        world.pool().thread_ended(running.id, &[]);
        let granted = frames(&world.root);
        assert_eq!(granted.len(), 1);
        order.push(u32::from_le_bytes(granted[0][1..5].try_into().unwrap()));
        let number = f64::from_le_bytes(granted[0][5..13].try_into().unwrap());
        running = world.place(&world.root, number as Key);
    }
    assert_eq!(order, [5, 4, 2, 3]);
    assert_eq!(world.counts(), (1, 0));
}

#[test]
fn a_raise_grants_at_once() {
    let world = World::new(1);
    world.granted(Work::OneOff, 1);
    world.waiting(Work::OneOff, 2);
    world.waiting(Work::OneOff, 3);
    world.pool().set_max(3);
    assert_eq!(world.counts(), (3, 0));
    assert_eq!(heard(&world.root, Kind::Grant), [2, 3]);
}

#[test]
fn cancel_frees_the_slot_wherever_it_is() {
    let world = World::new(1);
    let running = world.granted(Work::OneOff, 1);
    let queued = world.waiting(Work::OneOff, 2);
    world.waiting(Work::OneOff, 3);
    assert_eq!(world.pool().cancel(queued), Cancelled::Unbegun);
    assert_eq!(world.counts(), (1, 1));
    assert_eq!(world.pool().cancel(running), Cancelled::Begun);
    assert_eq!(heard(&world.root, Kind::Grant), [3]);
    assert_eq!(world.pool().cancel(running), Cancelled::Settled);
    assert!(matches!(world.pool().place(&world.root, running, true), Placed::Gone));
}

#[test]
fn warm_threads_take_tasks_in_order_and_keep_their_slot() {
    let world = World::new(2);
    for call in 0..5 {
        let _ = world.ask(&world.root, Work::Warm, call, false);
    }
    assert_eq!(world.counts(), (2, 3));
    let threads = world.start_warm();
    assert_eq!(threads.len(), 2);
    assert_eq!(world.turn(&threads[0]), Some(0));
    assert_eq!(
        world.turn(&threads[0]),
        Some(1),
        "not tied to the thread that was started for it"
    );
    assert_eq!(world.turn(&threads[0]), Some(2));
    assert_eq!(world.turn(&threads[1]), Some(3));
    assert_eq!(world.turn(&threads[1]), Some(4));
    assert_eq!(world.turn(&threads[0]), None);
    assert_eq!(world.turn(&threads[1]), None);
    assert_eq!(world.counts(), (0, 0));
    assert_eq!(world.pool().counts().ready, 2);
    let _ = world.ask(&world.root, Work::Warm, 9, false);
    assert_eq!(world.start_warm().len(), 0, "an idle thread is woken instead");
    assert_eq!(frames(&threads[1]), [vec![Kind::Work as u8]]);
    assert_eq!(world.turn(&threads[1]), Some(9));
}

#[test]
fn a_warm_thread_gives_way_to_an_older_item() {
    let world = World::new(1);
    let _ = world.ask(&world.root, Work::Warm, 1, false);
    let thread = world.start_warm().remove(0);
    assert_eq!(world.turn(&thread), Some(1));
    world.waiting(Work::OneOff, 2);
    world.waiting(Work::Warm, 3);
    assert_eq!(world.turn(&thread), None);
    assert_eq!(heard(&world.root, Kind::Grant), [2]);
    assert_eq!(world.counts(), (1, 1));
}

#[test]
fn a_dying_warm_thread_loses_its_own_task_only() {
    let world = World::new(1);
    for call in 0..3 {
        let _ = world.ask(&world.root, Work::Warm, call, false);
    }
    let thread = world.start_warm().remove(0);
    assert_eq!(world.turn(&thread), Some(0));
    world.pool().thread_ended(thread.id, b"why");
    let told = frames(&world.root);
    let ended: Vec<_> = told.iter().filter(|frame| frame[0] == Kind::Ended as u8).collect();
    assert_eq!(
        ended,
        [&[&[Kind::Ended as u8], &0u32.to_le_bytes()[..], b"why"].concat()]
    );
    assert!(
        told.iter().any(|frame| frame[0] == Kind::StartWarm as u8),
        "it is replaced"
    );
    assert_eq!(world.counts(), (1, 1));
}

#[test]
fn a_file_that_does_not_load_fails_all_that_waits_for_it() {
    let world = World::new(2);
    for call in 0..10 {
        let _ = world.ask(&world.root, Work::Warm, call, false);
    }
    world.waiting(Work::OneOff, 99);
    let threads = world.start_warm();
    world.pool().load_failed(threads[0].id, b"no");
    let told = frames(&world.root);
    assert_eq!(
        told.iter().filter(|frame| frame[0] == Kind::LoadFailed as u8).count(),
        10
    );
    assert_eq!(
        told.iter().filter(|frame| frame[0] == Kind::StartWarm as u8).count(),
        0,
        "no respawn storm"
    );
    assert_eq!(world.counts(), (1, 0), "the other kind goes on");
    world.pool().load_failed(threads[1].id, b"no");
    world.pool().thread_ended(threads[0].id, &[]);
    assert_eq!(world.counts(), (1, 0));
}

#[test]
fn a_slot_that_comes_back_is_not_lent_to_what_does_not_load() {
    let world = World::new(1);
    let key = world.granted(Work::OneOff, 0);
    let task = world.place(&world.root, key);
    for call in 1..=10 {
        let _ = world.ask(&task, Work::Warm, call, false);
    }
    let _ = world.ask(&task, Work::OneOff, 11, false);
    let thread = world.start_warm().remove(0);
    world.pool().load_failed(thread.id, b"no");
    assert_eq!(world.start_warm().len(), 0, "a thread for each that waited");
    let told = frames(&task);
    let calls = |kind: Kind| {
        told.iter()
            .filter(move |frame| frame[0] == kind as u8)
            .map(|frame| u32::from(frame[1]))
    };
    assert!(calls(Kind::LoadFailed).eq(1..=10), "in their order");
    assert!(calls(Kind::Grant).eq([11]), "what else waits there is lent it");
    assert_eq!(world.counts(), (2, 0));
    assert!(world.pool().state.lock().sets[0].untaken.is_empty(), "nothing is left");
}

#[test]
fn aborting_a_running_warm_task_spares_its_neighbours() {
    let world = World::new(1);
    let Submitted::Granted(key) = world.ask(&world.root, Work::Warm, 1, false) else {
        panic!()
    };
    let thread = world.start_warm().remove(0);
    assert_eq!(world.turn(&thread), Some(1));
    world.waiting(Work::Warm, 2);
    assert_eq!(world.pool().cancel(key), Cancelled::Terminating);
    let told = frames(&world.root);
    assert!(told.iter().any(|frame| frame[0] == Kind::Terminate as u8));
    assert!(told.iter().any(|frame| frame[0] == Kind::StartWarm as u8));
    assert_eq!(world.turn(&thread), None, "the doomed thread takes nothing more");
    world.pool().thread_ended(thread.id, b"");
    assert_eq!(world.counts(), (1, 0));
}

#[test]
fn aborting_a_task_that_no_thread_took_ends_the_one_that_starts_for_it() {
    let world = World::new(2);
    let ask = |call| match world.ask(&world.root, Work::Warm, call, false) {
        Submitted::Granted(key) => key,
        other => panic!("{other:?}"),
    };
    let first = ask(1);
    let hangs = world.start_warm().remove(0);
    let second = ask(2);
    assert_eq!(world.pool().cancel(first), Cancelled::Unbegun);
    assert_eq!(heard(&world.root, Kind::Terminate), [hangs.id], "the older one");
    assert_eq!(world.turn(&hangs), None);
    world.pool().thread_ended(hangs.id, &[]);

    assert_eq!(world.pool().cancel(second), Cancelled::Unbegun);
    assert_eq!(
        heard(&world.root, Kind::Terminate).len(),
        1,
        "nobody is left to start for"
    );
    assert_eq!(world.counts(), (0, 0));
}

#[test]
fn a_warm_thread_that_is_not_wanted_any_more_is_not_started() {
    let world = World::new(1);
    let Submitted::Granted(key) = world.ask(&world.root, Work::Warm, 1, false) else {
        panic!()
    };
    let _ = world.pool().cancel(key);
    let asked = heard(&world.root, Kind::StartWarm)[0];
    assert!(world.pool().warm_thread(asked).is_none());
    assert!(crate::core::agent::find(asked).is_none(), "nothing is left of it");
    let _ = world.ask(&world.root, Work::Warm, 2, false);
    let thread = world.start_warm().remove(0);
    assert_eq!(world.turn(&thread), Some(2));
}

#[test]
fn an_idle_thread_is_woken_though_another_starts() {
    let world = World::new(2);
    for call in 1..3 {
        let _ = world.ask(&world.root, Work::Warm, call, false);
    }
    let threads = world.start_warm();
    assert_eq!(world.turn(&threads[0]), Some(1));
    assert_eq!(world.turn(&threads[0]), Some(2));
    assert_eq!(world.turn(&threads[0]), None);
    let _ = world.ask(&world.root, Work::Warm, 3, false);
    assert_eq!(
        frames(&threads[0]),
        [vec![Kind::Work as u8]],
        "the other may never come"
    );
    assert_eq!(world.turn(&threads[0]), Some(3));
    assert_eq!(world.turn(&threads[1]), None);
    assert_eq!(world.start_warm().len(), 0);
}

#[test]
fn who_does_not_come_is_not_the_only_one_woken() {
    let world = World::new(3);
    for call in 0..3 {
        let _ = world.ask(&world.root, Work::Warm, call, false);
    }
    let threads = world.start_warm();
    for (call, thread) in (0..).zip(&threads) {
        assert_eq!(world.turn(thread), Some(call));
    }
    assert!(threads.iter().all(|thread| world.turn(thread).is_none()));
    assert!(!world.pool().relieve(Duration::ZERO, NEVER), "none was woken");

    let told = || {
        frames(&world.root)
            .iter()
            .filter(|frame| frame[0] == Kind::Woken as u8)
            .count()
    };
    let work = |thread: &Agent| frames(thread).len();
    let _ = world.ask(&world.root, Work::Warm, 3, false);
    assert_eq!(told(), 1, "the root looks whether it comes");
    assert!(world.pool().relieve(NEVER, NEVER), "not late yet");
    assert_eq!((work(&threads[2]), work(&threads[1])), (1, 0));
    assert!(world.pool().relieve(Duration::ZERO, NEVER));
    assert_eq!((work(&threads[1]), work(&threads[0])), (1, 0), "one after the other");
    assert_eq!(told(), 0, "it looks already");
    assert_eq!(world.turn(&threads[1]), Some(3));
    assert_eq!(world.turn(&threads[2]), None, "too late");
    assert!(!world.pool().relieve(Duration::ZERO, NEVER));
    assert_eq!(world.turn(&threads[1]), None);
    assert_eq!(world.pool().counts().ready, 3);
}

#[test]
fn a_late_thread_is_waited_for_when_no_other_is_idle_and_ended_by_an_abort() {
    let world = World::new(2);
    let ask = |call| match world.ask(&world.root, Work::Warm, call, false) {
        Submitted::Granted(key) => key,
        other => panic!("{other:?}"),
    };
    ask(1);
    let thread = world.start_warm().remove(0);
    assert_eq!(world.turn(&thread), Some(1));
    assert_eq!(world.turn(&thread), None);
    ask(2);
    assert!(world.pool().relieve(Duration::ZERO, NEVER), "it may be lost yet");
    assert_eq!(
        heard(&world.root, Kind::StartWarm),
        [],
        "no storm of threads when all are slow"
    );
    assert_eq!(world.turn(&thread), Some(2));
    assert_eq!(world.turn(&thread), None);

    let key = ask(3);
    let _ = world.pool().relieve(Duration::ZERO, NEVER);
    assert_eq!(world.pool().cancel(key), Cancelled::Unbegun);
    assert_eq!(heard(&world.root, Kind::Terminate), [thread.id]);
    assert_eq!(world.turn(&thread), None);
    world.pool().thread_ended(thread.id, &[]);
    ask(4);
    let next = world.start_warm().remove(0);
    assert_eq!(world.turn(&next), Some(4));
    assert_eq!(world.counts(), (1, 0));
}

#[test]
fn who_is_overdue_ties_no_task_to_itself() {
    let world = World::new(2);
    for call in 1..5 {
        let _ = world.ask(&world.root, Work::Warm, call, false);
    }
    let threads = world.start_warm();
    assert_eq!(world.turn(&threads[0]), Some(1));
    assert_eq!(world.turn(&threads[1]), Some(2));
    assert!(world.overdue(&threads[0]));
    assert_eq!(threads[0].current(), NO_KEY, "what it left behind is nested in nothing");
    assert_eq!(heard(&world.root, Kind::StartWarm), [], "it is on its way");
    assert_eq!(world.turn(&threads[1]), Some(3), "the oldest, whoever comes first");
    assert!(world.overdue(&threads[0]));
    let _ = frames(&world.root);
    world.pool().thread_ended(threads[0].id, &[]);
    assert_eq!(heard(&world.root, Kind::Ended), [], "it had begun nothing");
    assert_eq!(world.counts(), (2, 0));
    assert_eq!(world.turn(&threads[1]), Some(4));
    assert!(!world.overdue(&threads[1]), "there is nothing to leave: it is idle");
    assert_eq!(world.pool().counts().ready, 1);
    assert_eq!(world.counts(), (0, 0));

    let _ = world.ask(&world.root, Work::Warm, 5, false);
    assert_eq!(frames(&threads[1]), [vec![Kind::Work as u8]]);
    assert!(world.overdue(&threads[1]));
    let key = match world.ask(&world.root, Work::Warm, 6, false) {
        Submitted::Granted(key) => key,
        other => panic!("{other:?}"),
    };
    assert_eq!(world.pool().cancel(key), Cancelled::Unbegun);
    assert_eq!(world.turn(&threads[1]), Some(5));
    assert_eq!(world.turn(&threads[1]), None);
}

#[test]
fn who_does_not_come_back_from_its_turn_is_late() {
    let world = World::new(2);
    for call in 1..3 {
        let _ = world.ask(&world.root, Work::Warm, call, false);
    }
    let threads = world.start_warm();
    assert_eq!(world.turn(&threads[0]), Some(1));
    assert_eq!(world.turn(&threads[1]), Some(2));
    world.pool().set_max(1);
    world.waiting(Work::Warm, 3);
    assert_eq!(world.turn(&threads[1]), None, "one runs, and that is all that may");
    let _ = frames(&world.root);
    assert!(world.overdue(&threads[0]));
    assert_eq!(frames(&world.root), [vec![Kind::Woken as u8]], "the root looks");
    assert!(world.pool().relieve(Duration::ZERO, NEVER));
    assert_eq!(frames(&threads[1]), [vec![Kind::Work as u8]]);
    assert_eq!(world.turn(&threads[1]), Some(3));
    assert_eq!(world.turn(&threads[0]), None);
    assert_eq!(world.counts(), (1, 0));
}

#[test]
fn what_was_not_handed_over_goes_back_to_the_front() {
    let world = World::new(1);
    let hand_over = |thread: &Agent| world.pool().hand_over(world.root.id, thread.id, 1);
    let _ = world.ask_apart(&world.root, 1);
    world.waiting(Work::Warm, 2);
    let first = world.start_warm().remove(0);
    assert_eq!(world.turn(&first), Some(1));
    assert_eq!(first.current(), NO_KEY, "it has not begun");
    assert!(!world.pool().hand_over(world.root.id, first.id, 2), "another call");
    first.end();
    assert!(!hand_over(&first), "its owner has not heard of its end yet");
    world.pool().thread_ended(first.id, &[]);
    assert!(!hand_over(&first));
    let second = world.start_warm().remove(0);
    assert_eq!(world.turn(&second), Some(1), "with all it had");
    assert!(hand_over(&second));
    assert_ne!(second.current(), NO_KEY);
    assert!(!hand_over(&second), "once");
    world.pool().thread_ended(second.id, &[]);
    assert_eq!(heard(&world.root, Kind::Ended), [1], "it had begun");
    assert_eq!(world.counts(), (1, 0), "the next has the slot");
}

#[test]
fn what_was_not_handed_over_is_taken_back_with_its_thread_and_ends_with_its_caller() {
    let world = World::new(2);
    let Submitted::Granted(key) = world.ask_apart(&world.root, 1) else {
        panic!("not granted")
    };
    let thread = world.start_warm().remove(0);
    assert_eq!(world.turn(&thread), Some(1));
    assert_eq!(world.pool().cancel(key), Cancelled::Terminating);
    assert_eq!(heard(&world.root, Kind::Terminate), [thread.id]);
    assert!(!world.pool().hand_over(world.root.id, thread.id, 1));
    world.pool().thread_ended(thread.id, &[]);
    assert_eq!(world.counts(), (0, 0));

    let (caller, _) = Agent::expected(&world.root);
    let _ = world.ask_apart(&caller, 2);
    let thread = world.start_warm().remove(0);
    assert_eq!(world.turn(&thread), Some(2));
    caller.end();
    assert_eq!(heard(&thread, Kind::CallerEnded), [2]);
    world.pool().thread_ended(thread.id, &[]);
    assert_eq!(world.counts(), (0, 0), "nobody waits for it");
    assert_eq!(heard(&world.root, Kind::StartWarm), []);
}

#[test]
fn another_thread_is_started_for_one_that_is_lost() {
    let world = World::new(1);
    let ask = |call| {
        let _ = world.ask(&world.root, Work::Warm, call, false);
    };
    let look = || world.pool().relieve(Duration::ZERO, Duration::ZERO);
    ask(1);
    let first = world.start_warm().remove(0);
    assert_eq!(world.turn(&first), Some(1));
    assert_eq!(world.turn(&first), None);
    ask(2);
    assert!(look(), "it is late");
    assert!(!look(), "it is lost");
    let second = world.start_warm().remove(0);
    assert_eq!(world.turn(&second), Some(2));
    assert_eq!(world.turn(&second), None);
    ask(3);
    assert!(!look(), "as many are lost as there are slots: this one is waited for");
    assert!(!look());
    assert_eq!(heard(&world.root, Kind::StartWarm), []);
    assert_eq!(world.turn(&first), Some(3), "it has come after all");
    assert_eq!(world.turn(&second), None);
    assert_eq!(world.turn(&first), None);
    assert_eq!(world.counts(), (0, 0));
    world.pool().thread_ended(first.id, &[]);
    world.pool().thread_ended(second.id, &[]);
    assert_eq!(world.pool().counts().ready, 0);
}

#[test]
fn who_is_late_is_looked_for_again_when_another_may_be_lost() {
    type Happens = fn(&World, &Arc<Agent>);
    let ends: Happens = |world, lost| world.pool().thread_ended(lost.id, &[]);
    let comes: Happens = |world, lost| assert_eq!(world.turn(lost), Some(3));
    let more_slots: Happens = |world, _| world.pool().set_max(2);
    let cases = [(ends, 1), (comes, 0), (more_slots, 1)];
    for (happens, started) in cases {
        let world = World::new(1);
        let ask = |call| {
            let _ = world.ask(&world.root, Work::Warm, call, false);
        };
        let look = || world.pool().relieve(Duration::ZERO, Duration::ZERO);
        ask(1);
        let first = world.start_warm().remove(0);
        assert_eq!(world.turn(&first), Some(1));
        assert_eq!(world.turn(&first), None);
        ask(2);
        while look() {}
        let second = world.start_warm().remove(0);
        assert_eq!(world.turn(&second), Some(2));
        assert_eq!(world.turn(&second), None);
        ask(3);
        assert!(!look(), "the second is late, and as many are lost as there are slots");
        let _ = frames(&world.root);

        happens(&world, &first);
        let told = frames(&world.root);
        assert_eq!(told, [vec![Kind::Woken as u8]], "the root looks again");
        assert!(!look(), "the second is lost");
        let third = world.start_warm();
        assert_eq!(third.len(), started);
        for third in third {
            assert_eq!(world.turn(&third), Some(3));
        }
        assert_eq!(world.turn(&second), None);
    }
}

#[test]
fn nested_work_borrows_the_slot_of_its_holder_once() {
    let world = World::new(1);
    let outer = world.granted(Work::OneOff, 1);
    let thread = world.place(&world.root, outer);
    let Submitted::Granted(first) = world.ask(&thread, Work::OneOff, 2, false) else {
        panic!("deadlock")
    };
    assert!(matches!(
        world.ask(&thread, Work::OneOff, 3, false),
        Submitted::Waiting(_)
    ));
    assert_eq!(world.counts(), (2, 1));
    let inner = world.place(&thread, first);
    let _ = world.pool().finish(inner.id);
    assert_eq!(heard(&thread, Kind::Grant), [3], "the next nested one follows");
    let _ = world.pool().finish(thread.id);
    assert_eq!(world.counts(), (1, 0), "the loan took the slot over");
    world.waiting(Work::OneOff, 4);
    thread.end();
    assert_eq!(
        heard(&world.root, Kind::Grant),
        [4],
        "what it had started ended with it"
    );
    assert_eq!(world.counts(), (1, 0));
}

#[test]
fn a_ready_service_leaves_its_lender_free_to_lend() {
    let world = World::new(1);
    let key = world.granted(Work::OneOff, 1);
    let task = world.place(&world.root, key);
    let ask = |work, call| match world.ask(&task, work, call, false) {
        Submitted::Granted(key) => key,
        other => panic!("{other:?}"),
    };
    let first = world.place(&task, ask(Work::Service, 2));
    let Submitted::Waiting(nested) = world.ask(&task, Work::OneOff, 3, false) else {
        panic!("a slot is lent once while the service is launched")
    };
    world.pool().service_ready(first.id);
    assert_eq!(heard(&task, Kind::Grant), [3]);
    assert!(world.pool().finish(world.place(&task, nested).id));
    let second = world.place(&task, ask(Work::Service, 4));
    world.pool().service_ready(second.id);
    world.pool().service_ready(second.id);
    let nested = world.place(&task, ask(Work::OneOff, 5));
    assert_eq!(world.counts(), (4, 0));

    world.waiting(Work::OneOff, 6);
    assert!(world.pool().finish(task.id));
    assert_eq!(world.counts(), (3, 1), "they go on with slots of their own");
    world.pool().thread_ended(first.id, &[]);
    world.pool().thread_ended(nested.id, &[]);
    assert_eq!(world.counts(), (1, 1), "the second service has the slot");
    world.pool().thread_ended(second.id, &[]);
    assert_eq!(heard(&world.root, Kind::Grant), [6]);
    assert_eq!(world.counts(), (1, 0));
}

#[test]
fn a_service_that_was_lent_its_slot_gives_it_back() {
    let world = World::new(1);
    let key = world.granted(Work::Service, 1);
    let outer = world.place(&world.root, key);
    world.pool().service_ready(outer.id);
    outer.call_begins();
    let Submitted::Granted(key) = world.ask(&outer, Work::Service, 2, false) else {
        panic!()
    };
    let helper = world.place(&outer, key);
    world.pool().service_ready(helper.id);
    outer.calls_end(1);
    let Submitted::Waiting(_) = world.ask(&outer, Work::OneOff, 3, false) else {
        panic!("no call runs")
    };
    outer.call_begins();
    world.pool().call_began(&outer);
    assert_eq!(heard(&outer, Kind::Grant), [3]);
    world.waiting(Work::OneOff, 4);
    world.pool().thread_ended(helper.id, &[]);
    assert_eq!(world.counts(), (2, 1), "what it gives back is not the pool's");
    world.pool().thread_ended(outer.id, &[]);
    assert_eq!(world.counts(), (1, 1), "the task has the slot now");
}

#[test]
fn what_no_longer_waits_under_a_holder_is_forgotten() {
    let world = World::new(2);
    let key = world.granted(Work::Service, 1);
    let service = world.place(&world.root, key);
    world.pool().service_ready(service.id);
    let ask = |call| world.ask(&service, Work::Warm, call, false);
    assert!(matches!(ask(0), Submitted::Granted(_)));
    let thread = world.start_warm().remove(0);
    assert_eq!(world.turn(&thread), Some(0));
    for call in 1..=10_000 {
        assert!(
            matches!(ask(call), Submitted::Waiting(_)),
            "no call runs, so nothing is lent"
        );
        assert_eq!(world.turn(&thread), Some(call), "the pool's other slot serves it");
    }
    let remembered = world.pool().state.lock().holders[&key].waiting.len();
    assert!(remembered < 100, "{remembered} of 10,000 that have run");

    for call in 0..100 {
        assert!(matches!(ask(call), Submitted::Waiting(_)));
    }
    service.call_begins();
    world.pool().call_began(&service);
    assert_eq!(world.counts(), (3, 99), "those that wait are still known to it");
}

/// The key of what got its slot at once.
fn at_once(submitted: Submitted) -> Key {
    match submitted {
        Submitted::Granted(key) => key,
        other => panic!("{other:?}"),
    }
}

/// The key of what waits.
fn queued(submitted: Submitted) -> Key {
    match submitted {
        Submitted::Waiting(key) => key,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_load_borrows_the_slot_of_the_task_that_waits_for_it() {
    let world = World::new(1);
    world.granted(Work::Warm, 1);
    let loads = world.start_warm().remove(0);
    let service = world.place(&loads, at_once(world.ask(&loads, Work::Service, 2, false)));
    let nested = queued(world.ask(&loads, Work::OneOff, 3, false));
    assert_eq!(world.counts(), (2, 1), "it is lent once");
    world.pool().service_ready(service.id);
    assert_eq!(heard(&loads, Kind::Grant), [3]);
    queued(world.ask(&loads, Work::OneOff, 4, false));
    world.waiting(Work::OneOff, 5);
    assert!(world.pool().finish(world.place(&loads, nested).id));
    assert_eq!(heard(&loads, Kind::Grant), [4]);
    assert_eq!(world.turn(&loads), Some(1), "it has loaded");
    assert_eq!(world.counts(), (3, 1));
    assert_eq!(world.turn(&loads), None);
    assert_eq!(world.counts(), (2, 1), "what its load left behind has the slot");
    loads.end();
    assert_eq!(world.counts(), (1, 0));
    assert_eq!(heard(&world.root, Kind::Grant), [5]);
}

#[test]
fn a_task_that_a_dying_thread_had_taken_lends_to_a_load_of_its_file() {
    let world = World::new(2);
    world.granted(Work::Warm, 1);
    let runs = world.start_warm().remove(0);
    assert_eq!(world.turn(&runs), Some(1));
    at_once(world.ask_apart(&world.root, 2));
    let loads = world.start_warm().remove(0);
    world.waiting(Work::Service, 9);
    assert_eq!(world.turn(&runs), Some(2), "and its values are asked for");
    queued(world.ask(&loads, Work::OneOff, 3, false));
    assert_eq!(world.counts(), (2, 1), "the service has the slot of the first");
    runs.end();
    world.pool().thread_ended(runs.id, b"died");
    assert_eq!(heard(&loads, Kind::Grant), [3]);
    assert_eq!(world.counts(), (3, 0));
}

#[test]
fn loads_share_the_slots_of_the_tasks_that_wait_for_them() {
    let world = World::new(2);
    world.granted(Work::Warm, 1);
    world.granted(Work::Warm, 2);
    let loads = world.start_warm();
    let first = at_once(world.ask(&loads[0], Work::OneOff, 3, false));
    let second = queued(world.ask(&loads[1], Work::OneOff, 3, false));
    assert!(world.pool().finish(world.place(&loads[0], first).id));
    assert_eq!(heard(&loads[1], Kind::Grant), [3]);
    assert_eq!(world.turn(&loads[0]), Some(1), "it waited in the other's");
    assert!(world.pool().finish(world.place(&loads[1], second).id));
    assert_eq!(world.turn(&loads[1]), Some(2));
    assert_eq!(world.counts(), (2, 0));
}

#[test]
fn what_a_load_waits_for_outlives_its_holder() {
    let world = World::new(2);
    let first = world.granted(Work::Warm, 1);
    let second = world.granted(Work::Warm, 2);
    let loads = world.start_warm();
    let lent = at_once(world.ask(&loads[1], Work::OneOff, 3, false));
    let next = queued(world.ask(&loads[1], Work::OneOff, 4, false));
    world.waiting(Work::OneOff, 5);
    assert_eq!(world.pool().cancel(second), Cancelled::Unbegun);
    assert_eq!(heard(&world.root, Kind::Terminate), [loads[0].id]);
    assert_eq!(heard(&loads[1], Kind::Grant), [4], "the other task lends to it");
    assert_eq!(world.counts(), (3, 1), "the loan has the slot that came free");
    assert_eq!(world.pool().cancel(first), Cancelled::Unbegun);
    assert_eq!(world.counts(), (2, 1), "and so has the other");
    assert!(world.pool().finish(world.place(&loads[1], lent).id));
    assert_eq!(heard(&world.root, Kind::Grant), [5]);
    assert!(world.pool().finish(world.place(&loads[1], next).id));
    assert_eq!(world.counts(), (1, 0));
}

#[test]
fn what_a_load_queued_while_no_task_waited_for_it_is_lent_to_by_the_next() {
    let world = World::new(1);
    world.granted(Work::Warm, 1);
    let runs = world.start_warm().remove(0);
    assert_eq!(world.turn(&runs), Some(1));
    at_once(world.ask(&runs, Work::Warm, 2, false));
    let loads = world.start_warm().remove(0);
    assert_eq!(world.turn(&runs), Some(2), "before the one that was started for it");
    let nested = queued(world.ask(&loads, Work::OneOff, 3, false));
    at_once(world.ask(&runs, Work::Warm, 4, false));
    assert_eq!(world.start_warm().len(), 0, "that one is on its way");
    assert_eq!(heard(&loads, Kind::Grant), [3]);
    assert_eq!(world.counts(), (3, 0));
    assert!(world.pool().finish(world.place(&loads, nested).id));
    assert_eq!(world.turn(&loads), Some(4));
    assert_eq!(world.turn(&loads), None);
    assert_eq!(world.turn(&runs), None);
    assert_eq!(world.counts(), (0, 0));
}

#[test]
fn a_load_that_fails_leaves_its_loan_a_slot() {
    let world = World::new(1);
    world.granted(Work::Warm, 1);
    let loads = world.start_warm().remove(0);
    let nested = world.place(&loads, at_once(world.ask(&loads, Work::OneOff, 2, false)));
    queued(world.ask(&loads, Work::OneOff, 3, false));
    world.waiting(Work::OneOff, 4);
    world.pool().load_failed(loads.id, b"no");
    assert_eq!(world.counts(), (1, 2));
    assert!(world.pool().finish(nested.id), "it still settles");
    assert_eq!(heard(&loads, Kind::Grant), [3]);
    loads.end();
    let told = frames(&world.root);
    let kinds = [Kind::LoadFailed, Kind::Grant].map(|kind| told.iter().filter(|frame| frame[0] == kind as u8).count());
    assert_eq!(kinds, [1, 1], "what waits behind goes on");
    assert_eq!(world.counts(), (1, 0));
}

#[test]
fn sets_whose_files_call_each_other_are_nested() {
    let world = World::new(1);
    let other = world.with_set("/b.js");
    let worlds = [world, other];
    let (mut caller, mut depth) = (Arc::clone(&worlds[0].root), 0);
    let (mut at, mut waits) = (0, Vec::new());
    while let Submitted::Granted(key) = worlds[at].ask(&caller, Work::Warm, 1, false) {
        waits.push(key);
        caller = worlds[at].start_warm().remove(0);
        depth += 1;
        at = 1 - at;
    }
    assert_eq!(depth, crate::core::agent::MAX_DEPTH + 1);
    assert_eq!(worlds[at].ask(&caller, Work::Warm, 1, false), Submitted::TooDeep);
    assert_eq!(worlds[0].counts(), (u32::try_from(depth).unwrap(), 0));
    worlds[0].pool().load_failed(caller.id, b"no");
    assert!(
        waits
            .iter()
            .step_by(2)
            .all(|&key| worlds[0].pool().cancel(key) == Cancelled::Settled)
    );
    for &key in &waits {
        let _ = worlds[0].pool().cancel(key);
    }
    assert_eq!(worlds[0].counts(), (0, 0));
}

#[test]
fn nesting_has_a_limit() {
    let world = World::new(1);
    let mut key = world.granted(Work::OneOff, 0);
    let mut caller = Arc::clone(&world.root);
    for depth in 0..crate::core::agent::MAX_DEPTH {
        caller = world.place(&caller, key);
        key = match world.ask(&caller, Work::OneOff, 1, false) {
            Submitted::Granted(key) => key,
            other => panic!("{other:?} at {depth}"),
        };
    }
    caller = world.place(&caller, key);
    assert_eq!(world.ask(&caller, Work::OneOff, 1, false), Submitted::TooDeep);
}

#[test]
fn what_ended_is_no_level_of_nesting() {
    let world = World::new(2);
    let ask_under = |caller: &Arc<Agent>, call| match world.ask(caller, Work::Warm, call, false) {
        Submitted::Granted(key) => key,
        other => panic!("{other:?} at {call}"),
    };
    ask_under(&world.root, 0);
    let mut running = world.start_warm().remove(0);
    assert_eq!(world.turn(&running), Some(0));
    ask_under(&running, 1);
    let mut next = world.start_warm().remove(0);
    for call in 1..200 {
        // Each is begun while the one before still runs, and outlives it.
        assert_eq!(world.turn(&next), Some(call));
        assert_eq!(world.turn(&running), None);
        std::mem::swap(&mut running, &mut next);
        ask_under(&running, call + 1);
    }
}

#[test]
fn a_launch_that_failed_frees_its_slot_before_its_thread_is_gone() {
    let world = World::new(1);
    let key = world.granted(Work::Service, 1);
    let service = world.place(&world.root, key);
    let waiting = world.waiting(Work::Service, 2);
    assert!(world.pool().finish(service.id), "somebody awaits the launch");
    assert_eq!(world.counts(), (1, 0), "the next has the slot");
    let next = world.place(&world.root, waiting);
    world.pool().service_ready(next.id);
    assert!(!world.pool().finish(next.id), "a launched service keeps its slot");
    assert_eq!(world.counts(), (1, 0));
    world.pool().thread_ended(service.id, &[]);
    assert_eq!(world.counts(), (1, 0), "nothing is freed twice");
}

#[test]
fn a_service_lends_only_while_a_call_runs() {
    let world = World::new(1);
    let key = world.granted(Work::Service, 1);
    let service = world.place(&world.root, key);
    world.pool().service_ready(service.id);
    assert!(matches!(
        world.ask(&service, Work::OneOff, 2, false),
        Submitted::Waiting(_)
    ));
    service.call_begins();
    world.pool().call_began(&service);
    assert_eq!(heard(&service, Kind::Grant), [2]);
    assert_eq!(world.counts(), (2, 0));
}

#[test]
fn a_root_that_ends_takes_everything_along() {
    let world = World::new(1);
    world.granted(Work::OneOff, 1);
    world.waiting(Work::OneOff, 2);
    world.root.end();
    assert_eq!(world.counts(), (0, 0));
    assert_eq!(world.ask(&world.root, Work::OneOff, 3, false), Submitted::Closed);
}

#[test]
fn what_waits_behind_services_alone_has_stalled() {
    let world = World::new(1);
    let stalled = || world.pool().stalled(Duration::ZERO);
    let task = world.granted(Work::OneOff, 1);
    let launch = world.waiting(Work::Service, 2);
    world.waiting(Work::OneOff, 3);
    assert!(!stalled(), "behind a task");
    assert_eq!(world.pool().cancel(task), Cancelled::Begun);
    assert!(stalled(), "behind the service");
    assert!(!world.pool().stalled(NEVER), "not for long");
    let _ = world.ask(&world.root, Work::OneOff, 4, true);
    assert!(stalled(), "though the first in the queue came later");
    world.pool().set_max(3);
    assert!(!stalled(), "nothing waits");
    world.waiting(Work::OneOff, 5);
    assert!(!stalled(), "two of the three slots are tasks'");
    let _ = world.pool().cancel(launch);
    assert!(!stalled());
}

#[test]
fn what_came_later_has_not_stalled() {
    let world = World::new(1);
    world.granted(Work::Service, 1);
    let first = world.waiting(Work::OneOff, 2);
    let second = world.waiting(Work::OneOff, 3);
    let _ = world.pool().cancel(first);
    assert!(
        !world.pool().stalled(Duration::ZERO),
        "what remains was not there at first"
    );
    assert!(world.pool().stalled(Duration::ZERO), "from then on it was");
    let _ = world.pool().cancel(second);
    assert!(!world.pool().stalled(Duration::ZERO));
}

#[test]
fn a_lent_slot_is_no_services_own() {
    let world = World::new(1);
    let key = world.granted(Work::OneOff, 1);
    let task = world.place(&world.root, key);
    let Submitted::Granted(_) = world.ask(&task, Work::Service, 2, false) else {
        panic!()
    };
    world.waiting(Work::OneOff, 3);
    assert!(!world.pool().stalled(Duration::ZERO), "the slot is the task's");
    assert!(world.pool().finish(task.id));
    assert!(world.pool().stalled(Duration::ZERO), "now it is the service's");
}

#[test]
fn spares_follow_recent_use_and_are_handed_out_once() {
    let world = World::new(2);
    assert!(world.pool().start_spare().is_none(), "nothing was used lately");
    let key = world.granted(Work::OneOff, 1);
    let thread = world.place(&world.root, key);
    let (spare, _) = world.pool().start_spare().expect("one used, one wanted");
    assert!(world.pool().start_spare().is_none());
    let _ = world.pool().finish(thread.id);
    let key = world.granted(Work::OneOff, 2);
    assert_eq!(world.place(&world.root, key).id, spare);
    world.pool().set_spares(0);
    assert!(world.pool().start_spare().is_none());
}

#[test]
fn what_idles_longest_makes_room() {
    let world = World::new(1);
    let key = world.granted(Work::OneOff, 1);
    let one_off = world.place(&world.root, key);
    let (spare, _) = world.pool().start_spare().unwrap();
    let spare = crate::core::agent::find(spare).unwrap();
    let _ = world.pool().finish(one_off.id);
    let _ = world.ask(&world.root, Work::Warm, 2, false);
    let first = world.start_warm().remove(0);
    assert_eq!(world.turn(&first), Some(2));
    assert_eq!(world.turn(&first), None);
    assert_eq!(frames(&spare), [vec![Kind::End as u8]], "the spare was idle before");
    let other = SetInfo {
        file: "/b.js".into(),
        identifier: "b".into(),
        options: [].into(),
    };
    let world = World {
        set: world.pool().set(other),
        ..world
    };
    let _ = world.ask(&world.root, Work::Warm, 3, false);
    let second = world.start_warm().remove(0);
    assert_eq!(world.turn(&second), Some(3));
    assert_eq!(world.turn(&second), None);
    assert_eq!(frames(&first), [vec![Kind::End as u8]]);
    assert_eq!(frames(&second), Vec::<Vec<u8>>::new(), "the newest stays");
    assert_eq!(world.pool().counts().ready, 1);
}

#[test]
fn owners_hear_of_threads_that_are_about_to_end() {
    let world = World::new(2);
    let key = world.granted(Work::OneOff, 1);
    let one_off = world.place(&world.root, key);
    let (spare, _) = world.pool().start_spare().unwrap();
    let _ = one_off.finish(b"answer");
    world.pool().set_spares(0);
    let _ = world.pool().expire(IDLE);
    let ending = |id: u32| [&[Kind::Ending as u8], &id.to_le_bytes()[..]].concat();
    assert_eq!(
        frames(&world.root),
        [b"answer".to_vec(), ending(one_off.id), ending(spare)]
    );
}

#[test]
fn lowering_the_bound_gives_spares_up() {
    let world = World::new(2);
    let key = world.granted(Work::OneOff, 1);
    world.place(&world.root, key);
    let (spare, _) = world.pool().start_spare().unwrap();
    world.pool().set_spares(0);
    assert!(!world.pool().expire(IDLE), "none remains");
    let spare = crate::core::agent::find(spare).unwrap();
    assert_eq!(frames(&spare), [vec![Kind::End as u8]]);
    assert_eq!(world.pool().counts().ready, 0);
}

#[test]
fn threads_that_never_opened_end_with_their_owner() {
    let world = World::new(2);
    let key = world.granted(Work::OneOff, 1);
    let owner = world.place(&world.root, key);
    let Submitted::Granted(key) = world.ask(&owner, Work::OneOff, 2, false) else {
        panic!()
    };
    let child = world.place(&owner, key);
    owner.end();
    assert!(child.inbox.is_closed());
    assert!(crate::core::agent::find(child.id).is_none());
}

#[test]
fn an_end_looks_through_the_queue_only_for_who_asked() {
    let world = World::new(1);
    let key = world.granted(Work::OneOff, 1);
    let thread = world.place(&world.root, key);
    let ask = |work, call| match world.ask(&thread, work, call, false) {
        Submitted::Granted(key) | Submitted::Waiting(key) => key,
        other => panic!("{other:?}"),
    };
    assert_eq!(thread.items(), 0);
    let run = world.place(&thread, ask(Work::OneOff, 2));
    let unplaced = ask(Work::OneOff, 3);
    let taken_back = ask(Work::OneOff, 4);
    ask(Work::OneOff, 5);
    ask(Work::Warm, 6);
    assert_eq!(thread.items(), 5);
    let _ = world.pool().cancel(taken_back);
    assert!(world.pool().finish(run.id));
    assert!(world.pool().finish(thread.id));
    assert!(
        world
            .pool()
            .state
            .lock()
            .items
            .get(unplaced)
            .is_some_and(|item| item.granted)
    );
    assert_eq!((thread.items(), world.counts()), (3, (1, 2)));
    assert_eq!(world.root.items(), 0, "each caller has its own");

    // One that the pool counts nothing of: its items would be found if anybody looked.
    for _ in 0..3 {
        thread.item_ends();
    }
    let _ = world.pool().agent_ended(&thread);
    assert_eq!(world.counts(), (1, 2));
    for _ in 0..3 {
        thread.item_begins();
    }
    thread.end();
    assert_eq!((thread.items(), world.counts()), (0, (0, 0)));
}
