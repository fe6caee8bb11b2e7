//! The pool as a state machine. Whatever is submitted, placed, answered, taken back or dies, in any order: no slot is free
//! while something waits, nothing runs twice, and when all threads have ended nothing is left.

#![no_main]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use nanolith::core::agent::{self, Agent, AgentId};
use nanolith::core::payload::Payload;
use nanolith::core::pool::{Cancelled, Key, Placed, Pool, Request, SetId, SetInfo, Submitted, Turn, Work};
use nanolith::core::protocol::Kind;
use nanolith_fuzz::{frames, number};

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Kinds {
    OneOff,
    Warm,
    Service,
}

#[derive(Arbitrary, Debug)]
enum Op {
    Submit {
        caller: u8,
        work: Kinds,
        /// Of two.
        set: bool,
        priority: bool,
        apart: bool,
    },
    Place {
        granted: u8,
        may_be_spare: bool,
    },
    Finish(u8),
    Ready(u8),
    CallBegins(u8),
    CallsEnd(u8),
    Turn(u8, bool),
    HandOver(u8),
    Cancel(u8),
    /// The environment of a thread is gone, and then (or before) its owner hears of it.
    AgentEnds(u8),
    ThreadEnds(u8),
    SetMax(u8),
    /// The root looks for woken threads that have not come: all of them are late.
    Relieve,
    /// As in life, but that what waits has waited long enough.
    Stalled,
    Listen,
}

struct World {
    root: Arc<Agent>,
    sets: [SetId; 2],
    /// One-off threads and services, and warm ones, as long as their agents are known.
    threads: Vec<Arc<Agent>>,
    warm: Vec<Arc<Agent>>,
    /// Granted, and not placed yet: by whom they were asked for.
    granted: Vec<(Arc<Agent>, Key)>,
    keys: Vec<Key>,
    /// What warm threads have taken and not begun: they ask the caller for values, by the thread and the call.
    asked: Vec<(AgentId, AgentId, u32)>,
    calls: u32,
    /// The calls that have been granted or begun, or that never will be.
    begun: BTreeSet<u32>,
    taken_back: BTreeSet<u32>,
}

impl World {
    fn new() -> Self {
        let root = Agent::root();
        root.pool().set_max(2);
        let sets = ["a", "b"].map(|identifier| {
            root.pool().set(SetInfo {
                file: "/a.js".into(),
                identifier: identifier.into(),
                options: [].into(),
            })
        });
        Self {
            root,
            sets,
            threads: Vec::new(),
            warm: Vec::new(),
            granted: Vec::new(),
            keys: Vec::new(),
            asked: Vec::new(),
            calls: 0,
            begun: BTreeSet::new(),
            taken_back: BTreeSet::new(),
        }
    }

    fn pool(&self) -> Arc<Pool> {
        Arc::clone(self.root.pool())
    }

    fn begins(&mut self, call: u32) {
        assert!(self.begun.insert(call), "call {call} begins twice");
        assert!(
            !self.taken_back.contains(&call),
            "call {call} begins though it was taken back"
        );
    }

    fn submit(&mut self, caller: usize, kind: Kinds, set: bool, priority: bool, apart: bool) {
        let caller = match caller % (self.threads.len() + self.warm.len() + 1) {
            0 => Arc::clone(&self.root),
            at if at <= self.threads.len() => Arc::clone(&self.threads[at - 1]),
            at => Arc::clone(&self.warm[at - 1 - self.threads.len()]),
        };
        let work = match kind {
            Kinds::OneOff => Work::OneOff,
            Kinds::Warm => Work::Warm,
            Kinds::Service => Work::Service,
        };
        let call = self.calls;
        self.calls += 1;
        let payload = Payload::new(&payload(call, apart));
        let request = Request {
            apart: apart && work == Work::Warm,
            work,
            set: self.sets[usize::from(set)],
            name: 0,
            call,
            priority,
            reffed: true,
            payload,
        };
        let submitted = self.pool().submit(&caller, request);
        match submitted {
            Submitted::Granted(key) => {
                assert_eq!(self.keys.len(), call as usize);
                self.keys.push(key);
                if work != Work::Warm {
                    self.begins(call);
                    self.granted.push((caller, key));
                }
            }
            Submitted::Waiting(key) => self.keys.push(key),
            Submitted::TooDeep | Submitted::Closed => self.keys.push(Key::MAX),
        }
    }

    /// Reads what all agents hear, and starts the warm threads that the root is asked for.
    fn listen(&mut self) {
        let agents: Vec<_> = self
            .threads
            .iter()
            .chain(&self.warm)
            .chain([&self.root])
            .cloned()
            .collect();
        for agent in agents {
            for frame in frames(&agent) {
                if frame[0] == Kind::Grant as u8 {
                    let call = number(&frame);
                    self.begins(call);
                    self.granted.push((Arc::clone(&agent), self.keys[call as usize]));
                } else if frame[0] == Kind::StartWarm as u8 {
                    let Some((token, set)) = self.pool().warm_thread(number(&frame)) else {
                        continue;
                    };
                    assert!(self.sets.contains(&set));
                    self.warm.push(agent::redeem(&token).expect("expected under its token"));
                }
            }
        }
    }

    fn place(&mut self, at: usize, may_be_spare: bool) {
        if self.granted.is_empty() {
            return;
        }
        let (owner, key) = self.granted.swap_remove(at % self.granted.len());
        if owner.inbox.is_closed() {
            return;
        }
        match self.pool().place(&owner, key, may_be_spare) {
            Placed::Fresh(id, _) | Placed::Spare(id) => self.threads.push(agent::find(id).expect("it lives")),
            Placed::Gone => {}
        }
    }

    fn turn(&mut self, at: usize, overdue: bool) {
        let Some(thread) = pick(&self.warm, at) else { return };
        match self.pool().turn(&thread, overdue).1 {
            Turn::Run { payload, call, caller } => {
                assert_eq!(payload[..5], self::payload(call, false)[..5]);
                if payload[5] == 0 {
                    self.begins(call);
                } else {
                    assert!(!self.begun.contains(&call), "call {call} is taken though it has begun");
                    self.asked.push((caller.id, thread.id, call));
                }
            }
            Turn::Later | Turn::Idle => {}
            Turn::End => self.thread_ends(&thread),
        }
    }

    fn hand_over(&mut self, at: usize) {
        if self.asked.is_empty() {
            return;
        }
        let (caller, thread, call) = self.asked.swap_remove(at % self.asked.len());
        if agent::find(caller).is_some() && self.pool().hand_over(caller, thread, call) {
            self.begins(call);
        }
    }

    fn cancel(&mut self, at: usize) {
        let Some(call) = (!self.keys.is_empty()).then(|| at % self.keys.len()) else {
            return;
        };
        let key = self.keys[call];
        if key == Key::MAX {
            return;
        }
        if self.pool().cancel(key) == Cancelled::Unbegun {
            self.taken_back.insert(call as u32);
        }
        assert_eq!(self.pool().cancel(key), Cancelled::Settled, "once");
        self.granted.retain(|&(_, other)| other != key);
    }

    fn thread_ends(&mut self, thread: &Arc<Agent>) {
        thread.end();
        self.pool().thread_ended(thread.id, &[]);
        self.forget();
    }

    /// Forgets the threads that have ended: those that one had started ended with it.
    fn forget(&mut self) {
        self.threads.retain(|thread| agent::find(thread.id).is_some());
        self.warm.retain(|thread| agent::find(thread.id).is_some());
    }

    fn check(&self) {
        let counts = self.pool().counts();
        assert!(
            counts.queued == 0 || counts.active >= counts.max,
            "something waits beside a free slot: {counts:?}"
        );
    }
}

/// What a thread gets: no frame of the core's own begins like it.
fn payload(call: u32, apart: bool) -> Vec<u8> {
    [&[0xff][..], &call.to_le_bytes(), &[u8::from(apart)]].concat()
}

fn pick(threads: &[Arc<Agent>], at: usize) -> Option<Arc<Agent>> {
    (!threads.is_empty()).then(|| Arc::clone(&threads[at % threads.len()]))
}

fuzz_target!(|ops: Vec<Op>| {
    let living = agent::living();
    let mut world = World::new();
    for op in ops {
        match op {
            Op::Submit {
                caller,
                work,
                set,
                priority,
                apart,
            } => world.submit(usize::from(caller), work, set, priority, apart),
            Op::Place { granted, may_be_spare } => world.place(usize::from(granted), may_be_spare),
            Op::Finish(at) => {
                if let Some(thread) = pick(&world.threads, at.into()) {
                    let _ = world.pool().finish(thread.id);
                    assert!(!world.pool().finish(thread.id), "answers once");
                }
            }
            Op::Ready(at) => {
                if let Some(thread) = pick(&world.threads, at.into()) {
                    world.pool().service_ready(thread.id);
                }
            }
            Op::CallBegins(at) => {
                if let Some(thread) = pick(&world.threads, at.into()) {
                    thread.call_begins();
                    world.pool().call_began(&thread);
                }
            }
            Op::CallsEnd(at) => {
                if let Some(thread) = pick(&world.threads, at.into()) {
                    thread.calls_end(1);
                }
            }
            Op::Turn(at, overdue) => world.turn(at.into(), overdue),
            Op::HandOver(at) => world.hand_over(at.into()),
            Op::Cancel(at) => world.cancel(at.into()),
            Op::AgentEnds(at) => {
                if let Some(thread) = pick(&world.threads, at.into()) {
                    thread.end();
                    world.pool().thread_ended(thread.id, &[]);
                    world.forget();
                }
            }
            Op::ThreadEnds(at) => {
                if let Some(thread) = pick(&world.warm, at.into()) {
                    world.thread_ends(&thread);
                }
            }
            Op::SetMax(max) => world.pool().set_max(u32::from(max % 5)),
            Op::Relieve => {
                let _ = world.pool().relieve(Duration::ZERO, Duration::ZERO);
            }
            Op::Stalled => {
                let counts = world.pool().counts();
                let stalled = world.pool().stalled(Duration::ZERO);
                assert!(!stalled || counts.queued > 0 && counts.active >= counts.max);
            }
            Op::Listen => world.listen(),
        }
        world.check();
    }
    // Every thread ends, who is asked for values hands them over, and whoever was granted a slot gets a thread that ends
    // too: nothing waits for ever.
    for round in 0.. {
        assert!(
            round < 10_000,
            "the pool does not come to rest: {:?}",
            world.pool().counts()
        );
        world.listen();
        if !world.granted.is_empty() {
            world.place(0, true);
        } else if !world.asked.is_empty() {
            world.hand_over(0);
        } else if let Some(thread) = pick(&world.threads, 0) {
            world.thread_ends(&thread);
        } else if let Some(thread) = pick(&world.warm, 0) {
            if round % 2 == 0 {
                world.turn(0, false)
            } else {
                world.thread_ends(&thread)
            }
        } else {
            break;
        }
        world.check();
    }
    let counts = world.pool().counts();
    assert_eq!((counts.active, counts.queued), (0, 0));
    world.root.end();
    drop(world);
    assert_eq!(agent::living(), living, "nobody is left");
});
