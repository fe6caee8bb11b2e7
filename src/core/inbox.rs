//! The inbox: the append buffer of bytes that one agent drains, and the way it sleeps and is woken.
//!
//! # Vocabulary
//!
//! A *frame* is `[u32 length][u8 kind][fields…]`, little endian; `length` counts the kind and the fields. *Senders* are
//! any threads; the *receiver* is the one thread that the agent lives on.
//!
//! # States
//!
//! ```text
//!            sleep(), nothing waits                 close()
//!   Awake ───────────────────────────▶ Asleep ──────────────▶ Closed
//!     ▲  ◀───────────────────────────     │                     ▲
//!     │     send() (and wakes once)       └─────────────────────┘
//!     └── new: a thread that is still starting looks when it opens;
//!         rouse(): the receiver expects an answer and looks by itself
//! ```
//!
//! `Awake` means that the receiver will look again by itself: it is draining, polling, starting, or has a look
//! scheduled. Only the receiver goes to `Asleep`; the first sender brings it back and wakes it, so there is one wake-up a sleep
//! however many send.
//!
//! # Why no wake-up is lost
//!
//! The state and the bytes are under one mutex. The receiver goes to sleep only while it sees no bytes under that lock,
//! and a sender appends and reads the state under the same lock: either the receiver saw the bytes and did not sleep, or
//! the sender saw `Asleep` and wakes. No fence is needed; `waiting` is only a hint that lets the receiver poll without
//! the lock, and a stale `false` costs one more look, because `sleep` decides by the bytes.
//!
//! # Why no wake-up reaches a dead environment
//!
//! The waker is called while the lock is held, and `close` (from the environment's cleanup hook) drops it under the same
//! lock: after `close` returned, no sender can be inside it.

use std::time::Instant;

use super::protocol::Kind;
use super::spin::Spin;
use super::sync::{AtomicBool, Mutex, Ordering, step};

/// What a frame's length takes.
pub const HEADER: usize = 4;
/// Blocks that grew past this are given back once they are empty.
const KEEP: usize = 1 << 20;

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Delivery {
    Delivered,
    /// The receiver has ended; nothing will ever be read there.
    Closed,
}

/// What [`Inbox::drain`] wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Drained {
    /// This many bytes, whole frames all; zero when nothing waits.
    Bytes(usize),
    /// Nothing: the next frame alone takes this many bytes.
    Needs(usize),
}

/// Wakes the receiver's event loop. Called with the inbox locked, so it must not send.
pub type Waker = Box<dyn Fn() + Send>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Awake,
    Asleep,
    Closed,
}

struct Shared {
    phase: Phase,
    bytes: Vec<u8>,
    waker: Option<Waker>,
    /// When the last wake-up was sent.
    woken_at: Option<Instant>,
}

/// What only the receiver touches: the block it is reading, and how patiently it polls.
#[derive(Default)]
struct Reading {
    block: Vec<u8>,
    position: usize,
    spin: Spin,
}

pub struct Inbox {
    shared: Mutex<Shared>,
    waiting: AtomicBool,
    reading: Mutex<Reading>,
}

impl Default for Inbox {
    fn default() -> Self {
        let shared = Shared {
            phase: Phase::Awake,
            bytes: Vec::new(),
            waker: None,
            woken_at: None,
        };
        Self {
            shared: Mutex::new(shared),
            waiting: AtomicBool::new(false),
            reading: Mutex::default(),
        }
    }
}

impl Inbox {
    /// Appends one frame whose body (kind and fields) is `parts`, one after the other.
    pub fn send_parts(&self, parts: &[&[u8]]) -> Delivery {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let Ok(header) = u32::try_from(length) else {
            return Delivery::Closed;
        };
        let mut shared = self.shared.lock();
        if shared.phase == Phase::Closed {
            return Delivery::Closed;
        }
        shared.bytes.reserve(HEADER + length);
        shared.bytes.extend_from_slice(&header.to_le_bytes());
        for part in parts {
            shared.bytes.extend_from_slice(part);
        }
        self.waiting.store(true, Ordering::Release);
        if shared.phase == Phase::Asleep && step("inbox: a sender wakes who sleeps") {
            if step("inbox: one wake-up a sleep") {
                shared.phase = Phase::Awake;
            }
            shared.woken_at = Some(Instant::now());
            #[cfg(loom)]
            if !step("inbox: the lock is held while waking") {
                return Self::wake_unlocked(shared);
            }
            if let Some(wake) = &shared.waker {
                wake();
            }
        }
        Delivery::Delivered
    }

    /// What must not be, for a model: `close` may return while the waker is called.
    #[cfg(loom)]
    fn wake_unlocked(mut shared: super::sync::MutexGuard<'_, Shared>) -> Delivery {
        let waker = shared.waker.take();
        drop(shared);
        if let Some(wake) = waker {
            wake();
        }
        Delivery::Delivered
    }

    /// Appends one frame of bytes that already begin with their kind.
    pub fn send(&self, body: &[u8]) -> Delivery {
        self.send_parts(&[body])
    }

    /// Appends one frame of the core's own.
    pub fn send_kind(&self, kind: Kind, fields: &[&[u8]]) -> Delivery {
        match fields {
            [] => self.send_parts(&[&[kind as u8]]),
            [one] => self.send_parts(&[&[kind as u8], one]),
            [one, two] => self.send_parts(&[&[kind as u8], one, two]),
            many => {
                let body: Vec<u8> = std::iter::once(kind as u8).chain(many.concat()).collect();
                self.send_parts(&[&body])
            }
        }
    }

    /// Copies as many whole frames as fit to the start of `into`, oldest first. For the receiver only.
    pub fn drain(&self, into: &mut [u8]) -> Drained {
        let mut reading = self.reading.lock();
        if reading.position == reading.block.len() {
            reading.position = 0;
            reading.block.clear();
            if reading.block.capacity() > KEEP {
                reading.block = Vec::new();
            }
            let mut shared = self.shared.lock();
            std::mem::swap(&mut shared.bytes, &mut reading.block);
            self.waiting.store(false, Ordering::Relaxed);
        }
        let rest = &reading.block[reading.position..];
        let fits = if rest.len() <= into.len() {
            rest.len()
        } else {
            whole_frames(rest, into.len())
        };
        if fits == 0 && !rest.is_empty() {
            return Drained::Needs(frame_length(rest));
        }
        into[..fits].copy_from_slice(&rest[..fits]);
        reading.position += fits;
        Drained::Bytes(fits)
    }

    /// Whether something waits, looked for as long as the thread's budget allows. For the receiver only.
    pub fn poll(&self) -> bool {
        let mut reading = self.reading.lock();
        reading.position < reading.block.len() || reading.spin.look(|| self.waiting.load(Ordering::Acquire))
    }

    /// Goes to sleep unless something waits; says whether it sleeps. For the receiver only.
    #[must_use]
    pub fn sleep(&self) -> bool {
        let mut reading = self.reading.lock();
        if reading.position < reading.block.len() {
            return false;
        }
        let mut shared = self.shared.lock();
        let empty = shared.bytes.is_empty() || !step("inbox: sleep looks at the bytes");
        if !empty || shared.phase == Phase::Closed {
            return false;
        }
        shared.phase = Phase::Asleep;
        reading.spin.asleep();
        true
    }

    /// The receiver will look by itself from now on, though nothing woke it. For the receiver only.
    pub fn rouse(&self) {
        let mut shared = self.shared.lock();
        if shared.phase == Phase::Asleep && step("inbox: who rouses is awake") {
            shared.phase = Phase::Awake;
        }
    }

    /// The receiver's event loop runs again after a sleep.
    pub fn woken(&self) {
        let at = self.shared.lock().woken_at.take();
        self.reading.lock().spin.woken(at.unwrap_or_else(Instant::now));
    }

    /// Gives the inbox the way to wake its receiver, when that has come to life.
    pub fn attach(&self, waker: Waker) {
        let mut shared = self.shared.lock();
        if shared.phase != Phase::Closed {
            shared.waker = Some(waker);
        }
    }

    /// Ends the inbox: nothing is accepted any more, what waits is dropped, and the waker is never called again.
    pub fn close(&self) {
        let (bytes, waker) = {
            let mut shared = self.shared.lock();
            if step("inbox: close refuses what comes later") {
                shared.phase = Phase::Closed;
            }
            let waker = shared.waker.take_if(|_| step("inbox: close drops the waker"));
            (std::mem::take(&mut shared.bytes), waker)
        };
        drop((bytes, waker));
    }

    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.lock().phase == Phase::Closed
    }
}

/// The length of the first frame of `bytes`, header included.
fn frame_length(bytes: &[u8]) -> usize {
    let mut header = [0; HEADER];
    header.copy_from_slice(&bytes[..HEADER]);
    HEADER + u32::from_le_bytes(header) as usize
}

/// How many bytes of `bytes` are whole frames that fit into `room`.
fn whole_frames(bytes: &[u8], room: usize) -> usize {
    let mut end = 0;
    while end < bytes.len() {
        let next = end + frame_length(&bytes[end..]);
        if next > room {
            break;
        }
        end = next;
    }
    end
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;

    use super::*;

    fn drain_all(inbox: &Inbox) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let mut scratch = vec![0; 64];
        loop {
            match inbox.drain(&mut scratch) {
                Drained::Bytes(0) => return frames,
                Drained::Bytes(end) => {
                    let mut at = 0;
                    while at < end {
                        let length = frame_length(&scratch[at..]);
                        frames.push(scratch[at + HEADER..at + length].to_vec());
                        at += length;
                    }
                }
                Drained::Needs(bytes) => scratch.resize(bytes, 0),
            }
        }
    }

    fn counting_waker(inbox: &Inbox) -> Arc<AtomicU32> {
        let wakes = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&wakes);
        inbox.attach(Box::new(move || {
            counter.fetch_add(1, Ordering::SeqCst);
        }));
        wakes
    }

    #[test]
    fn smoke() {
        let inbox = Inbox::default();
        assert_eq!(inbox.send(&[7, 1, 2]), Delivery::Delivered);
        assert!(inbox.poll());
        assert_eq!(drain_all(&inbox), [vec![7, 1, 2]]);
        assert_eq!(drain_all(&inbox), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn fifo_in_pieces_at_frame_boundaries() {
        let inbox = Inbox::default();
        let sent: Vec<Vec<u8>> = (0..100u8).map(|i| vec![i; usize::from(i) + 1]).collect();
        for body in &sent {
            let _ = inbox.send(body);
        }
        assert_eq!(drain_all(&inbox), sent);
    }

    #[test]
    fn a_frame_larger_than_the_scratch_says_what_it_needs() {
        let inbox = Inbox::default();
        let _ = inbox.send(&[1; 1000]);
        assert_eq!(inbox.drain(&mut [0; 64]), Drained::Needs(1004));
        assert_eq!(inbox.drain(&mut [0; 2048]), Drained::Bytes(1004));
    }

    #[test]
    fn one_wake_up_a_sleep() {
        let inbox = Inbox::default();
        let wakes = counting_waker(&inbox);
        let _ = inbox.send(&[1]);
        assert_eq!(wakes.load(Ordering::SeqCst), 0, "awake: nobody to wake");
        assert!(!inbox.sleep(), "something waits");
        drain_all(&inbox);
        assert!(inbox.sleep());
        let _ = inbox.send(&[1]);
        let _ = inbox.send(&[1]);
        assert_eq!(wakes.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_roused_receiver_is_not_woken() {
        let inbox = Inbox::default();
        let wakes = counting_waker(&inbox);
        assert!(inbox.sleep());
        inbox.rouse();
        let _ = inbox.send(&[1]);
        assert_eq!(wakes.load(Ordering::SeqCst), 0);
        assert!(!inbox.sleep());
    }

    #[test]
    fn does_not_sleep_on_what_was_taken_but_not_copied() {
        let inbox = Inbox::default();
        let _ = inbox.send(&[1; 40]);
        let _ = inbox.send(&[2; 40]);
        assert_eq!(inbox.drain(&mut [0; 64]), Drained::Bytes(44));
        assert!(inbox.poll());
        assert!(!inbox.sleep());
    }

    #[test]
    fn close_drops_and_refuses() {
        let inbox = Inbox::default();
        let wakes = counting_waker(&inbox);
        let _ = inbox.send(&[1]);
        inbox.close();
        assert_eq!(inbox.send(&[1]), Delivery::Closed);
        assert!(inbox.is_closed());
        assert_eq!(drain_all(&inbox), Vec::<Vec<u8>>::new());
        assert!(!inbox.sleep(), "a closed inbox never sleeps");
        assert_eq!(wakes.load(Ordering::SeqCst), 0);
        assert_eq!(Arc::strong_count(&wakes), 1, "the waker is dropped");
    }

    #[test]
    fn many_senders_nothing_lost() {
        let inbox = Arc::new(Inbox::default());
        let senders: Vec<_> = (0..4u8)
            .map(|who| {
                let inbox = Arc::clone(&inbox);
                std::thread::spawn(move || {
                    for i in 0..1000u32 {
                        let mut body = vec![who];
                        body.extend(i.to_le_bytes());
                        let _ = inbox.send(&body);
                    }
                })
            })
            .collect();
        let mut seen = [0u32; 4];
        while seen.iter().any(|&n| n < 1000) {
            for frame in drain_all(&inbox) {
                let who = usize::from(frame[0]);
                assert_eq!(
                    u32::from_le_bytes(frame[1..].try_into().unwrap()),
                    seen[who],
                    "in order"
                );
                seen[who] += 1;
            }
        }
        for sender in senders {
            sender.join().unwrap();
        }
    }
}
