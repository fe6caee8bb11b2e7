//! Models: the core's hand-offs between threads, run by loom in every order that they can happen in.
//!
//! A model is a function that makes a few agents, lets two to four threads meet, and asserts what must hold at the end.
//! loom runs it again and again, with another order of the threads' steps each time, and fails it when an assertion
//! does, or when every thread waits for another. A receiver here sleeps on a bell that only its inbox's waker rings, so a
//! wake-up that is lost is a deadlock.
//!
//! Each model is itself tested: the core marks the steps that its protocols rest on (`sync::step`), and [`check`] runs the
//! model once more for each of them with that one step left out. Then it must fail, in the way that is stated. The last
//! test of this file sees to it that no step is without such a model.
//!
//! What is smaller than in life: pipes (`pipe/block.rs`), the shards of the tables, the time that a thread polls (none).
//! Orders with more than [`PREEMPTIONS`] preemptions of a running thread are not tried, unless `LOOM_MAX_PREEMPTIONS` asks
//! for them: nearly every fault needs one or two, and those of the steps above need no more.

mod atoms;
mod hub;
mod inbox;
mod pipe;
mod pool;
mod service;
mod spares;
mod warm;

use std::collections::VecDeque;
use std::panic;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::model::Builder;
use loom::sync::Notify;

use super::agent::Agent;
use super::inbox::{Drained, HEADER};
use super::protocol::Kind;
use super::sync;

/// How often a thread that could go on is stopped for another, at most, in one run.
const PREEMPTIONS: usize = 3;

/// Runs a model, then once more without each of these steps: it must fail then, with this in its message.
fn check(model: fn(), without: &[(&'static str, &str)]) {
    let runs = run(model, None).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{runs} orders");
    assert!(runs > 1, "nothing happens at once in this model");
    for &(step, expected) in without {
        match run(model, Some(step)) {
            Ok(runs) => panic!("the model holds in {runs} orders without `{step}`"),
            Err(failure) => assert!(failure.contains(expected), "without `{step}`: {failure}"),
        }
    }
}

/// Runs a model in all orders; says how many there were, or what went wrong.
fn run(model: fn(), left_out: Option<&'static str>) -> Result<usize, String> {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    // On a thread of its own: a failure leaves its traces behind in thread-locals.
    let outcome = std::thread::spawn(move || {
        left_out.into_iter().for_each(sync::leave_out);
        let mut builder = Builder::new();
        builder.preemption_bound.get_or_insert(PREEMPTIONS);
        builder.max_branches = 20_000;
        builder.check(move || {
            count.fetch_add(1, Ordering::Relaxed);
            model();
        });
    })
    .join();
    match outcome {
        Ok(()) => Ok(runs.load(Ordering::Relaxed)),
        Err(failure) => {
            let text = failure.downcast_ref::<String>().map(String::as_str);
            Err(text
                .or(failure.downcast_ref::<&str>().copied())
                .unwrap_or("?")
                .to_owned())
        }
    }
}

/// The event loop of one agent: what `lib/agent.js` does with its inbox.
struct Loop {
    agent: Arc<Agent>,
    bell: Arc<Notify>,
    arrived: VecDeque<Vec<u8>>,
    sleeps: usize,
    /// How often the waker was called. Not loom's: nothing rests on it.
    wakes: Arc<AtomicUsize>,
}

impl Loop {
    fn of(agent: &Arc<Agent>) -> Self {
        let (bell, wakes) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let (ring, count) = (Arc::clone(&bell), Arc::clone(&wakes));
        agent.inbox.attach(Box::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            ring.notify();
        }));
        Self {
            agent: Arc::clone(agent),
            bell,
            arrived: VecDeque::new(),
            sleeps: 0,
            wakes,
        }
    }

    /// What has arrived by now, the oldest first.
    fn look(&mut self) -> Option<Vec<u8>> {
        if self.arrived.is_empty() {
            let mut scratch = [0; 256];
            let Drained::Bytes(end) = self.agent.inbox.drain(&mut scratch) else {
                panic!("a large frame")
            };
            let mut rest = &scratch[..end];
            while let Some((length, more)) = rest.split_first_chunk::<HEADER>() {
                let (frame, after) = more.split_at(u32::from_le_bytes(*length) as usize);
                // Nothing is handed off with that: the owner only starts a clock.
                if frame[0] != Kind::Ending as u8 {
                    // What a root does about that is in the models that are about it.
                    if frame[0] != Kind::Woken as u8 {
                        self.arrived.push_back(frame.to_vec());
                    }
                }
                rest = after;
            }
        }
        self.arrived.pop_front()
    }

    /// The next frame, slept for if there is none.
    fn hear(&mut self) -> Vec<u8> {
        loop {
            if let Some(frame) = self.look() {
                return frame;
            }
            if self.agent.inbox.sleep() {
                self.sleeps += 1;
                self.bell.wait();
                self.agent.inbox.woken();
            }
        }
    }

    /// The fields of the next frame, which is of this kind.
    fn hear_kind(&mut self, kind: Kind) -> Vec<u8> {
        let mut frame = self.hear();
        assert_eq!(frame.remove(0), kind as u8, "heard something else: {frame:?}");
        frame
    }

    /// All that has arrived by now.
    fn rest(&mut self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.look()).collect()
    }
}

/// The number at the start of a frame's fields.
fn number(fields: &[u8]) -> u32 {
    u32::from_le_bytes(fields[..4].try_into().unwrap())
}

/// The text of all files of a folder, but not of this one's.
fn read_all(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("models") {
            continue;
        }
        if path.is_dir() {
            read_all(&path, into);
        } else {
            into.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_step_has_a_model_that_fails_without_it() {
    let mut core = String::new();
    read_all(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/core")), &mut core);
    let models = [
        include_str!("atoms.rs"),
        include_str!("hub.rs"),
        include_str!("inbox.rs"),
        include_str!("pipe.rs"),
        include_str!("pool.rs"),
        include_str!("service.rs"),
        include_str!("spares.rs"),
        include_str!("warm.rs"),
    ]
    .concat();
    let steps: Vec<&str> = core
        .split("step(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(steps.len() > 40, "found only {steps:?}");
    let bare: Vec<_> = steps
        .iter()
        .filter(|step| !models.contains(&format!("\"{step}\"")))
        .collect();
    assert!(bare.is_empty(), "no model fails without {bare:?}");
}
