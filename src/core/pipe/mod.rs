//! Pipes: one-way bounded byte queues between two agents, behind Node's streams.
//!
//! # Vocabulary
//!
//! The *writer* and the *reader* are agents; each uses its side from its own thread only. A *chunk* is what arrives as
//! one `Buffer`: a write of up to [`BLOCK_BYTES`] is one, a larger one is cut into several. A *block* is memory for
//! 64 KiB of whole chunks. The *queue* is at most [`QUEUE_BLOCKS`] blocks, 1 MiB, and one more is in the reader's hands
//! while it copies. Small chunks share the last block of the queue, so one transfer carries many.
//!
//! # States
//!
//! ```text
//!          end()              read() found the queue empty
//!   Open ─────────▶ Ending ────────────────────────────────▶ Over
//!     │               │                                       ▲
//!     └───────────────┴── destroy(), agent_ended() ───────────┘  drops the queue; the other side hears `PipeEnded`
//! ```
//!
//! Only the writer goes from `Open` to `Ending`. Whoever reaches `Over` takes the pipe out of the table; from then on
//! every operation answers `Over` and no frame is sent. A writer that has ended properly has done its part: destroying
//! its side without an error, or its thread's death, changes nothing for the reader, who gets the rest and the end. It
//! still hears `PipeEnded` if the reader ends before that.
//!
//! # The signals
//!
//! `reader_waits` is set by the reader alone, when it finds nothing (`read` answers `Empty`), and cleared by whoever
//! next puts a block into the queue or ends it, who then owes one `PipeReadable`. The reader therefore reads until
//! `Empty`, or stops for its own reasons and begins again by itself; it also reads first, since a new pipe has not
//! signalled.
//!
//! `writer_waits` is set by the writer alone, when the queue has no room (`write` took less than it was given), and
//! cleared by the reader when a quarter of the queue is free, who then owes one `PipeWritable`. A writer that goes on
//! before it hears that may still hear it later, and looks in vain at worst.
//!
//! # Why no signal is lost
//!
//! Both flags, the queue and the phase are under one mutex, `shared`. The reader sets its flag under the lock that
//! shows it an empty queue, and the writer puts its block in and looks at the flag under the same lock: either the
//! reader saw the block, or the writer sees the flag. The same holds for the writer's flag, with the queue full: full
//! is more than [`RESUME_BLOCKS`], so the reader has yet to pass the mark where it looks. A block is appended to only
//! under that lock and only in the queue, so what the reader took no longer changes.
//!
//! # Where the bytes are copied
//!
//! Twice: into a block and out of it, at best on two processors at once. A chunk up to [`SHARED_CHUNK`] is appended to
//! the last block under the lock. A larger one, or one that finds no room there, is copied into a fresh block without
//! the lock; its place in the queue is safe meanwhile, because there is one writer. The reader takes a block out under
//! the lock and copies it after. Blocks are used again (`block.rs`).
//!
//! # Locks
//!
//! `reading` (the reader's block; besides the reader only who ends the pipe takes it), then `shared`, then an inbox,
//! which never locks anything else: frames are sent with `shared` held, so a side never hears anything of a pipe after
//! its `PipeEnded`. The table of pipes is locked only with none of these held.

mod block;

#[cfg(all(test, not(loom)))]
mod stress;
#[cfg(all(test, not(loom)))]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use super::agent::{Agent, AgentId};
use super::protocol::Kind;
use super::sync::{Mutex, process_wide, step};
use super::table::Table;
use block::Block;

pub use block::{BLOCK_BYTES, BLOCK_CHUNKS};

/// How many blocks may wait: 1 MiB.
pub const QUEUE_BLOCKS: usize = if cfg!(loom) { 2 } else { 16 };
/// A waiting writer hears when no more than this many blocks wait. Waking it takes about as long as reading the rest of
/// them: with half of the queue instead, the reader ran dry (a tenth slower, on one CPU too).
const RESUME_BLOCKS: usize = QUEUE_BLOCKS * 3 / 4;
/// Chunks up to this share blocks, since a transfer costs more than copying them under the lock.
const SHARED_CHUNK: usize = BLOCK_BYTES / 4;

pub type PipeId = u32;

process_wide! {
    static PIPES: Table<Pipe> = Table::default();
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Writer,
    Reader,
}

/// Why the other side hears `PipeEnded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    Destroyed = 0,
    /// The frame ends with the error's bytes.
    Failed = 1,
    /// The thread of the other side died.
    Premature = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// This many bytes. If they are fewer than were given, `PipeWritable` says when to go on with the rest.
    Taken(usize),
    /// The pipe has ended; nothing was taken that anybody will read.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Read {
    /// Whole chunks: their bytes are at the start of `into`, their lengths at the start of `lengths`.
    Chunks { bytes: usize, chunks: usize },
    /// Nothing: the next chunk alone takes this many bytes, and a place among the lengths.
    Needs(usize),
    /// Nothing yet: `PipeReadable` says when to read again.
    Empty,
    /// The writer has ended, and everything was read. Answered once; the pipe is forgotten.
    Ended,
    /// The pipe has ended otherwise; `PipeEnded` says why to the side that did not do it.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Ending,
    Over,
}

struct Shared {
    phase: Phase,
    queue: VecDeque<Block>,
    reader_waits: bool,
    writer_waits: bool,
}

pub struct Pipe {
    pub id: PipeId,
    writer: Arc<Agent>,
    reader: Arc<Agent>,
    shared: Mutex<Shared>,
    /// The block that the reader is in the middle of.
    reading: Mutex<Option<Block>>,
}

/// The pipe with this number, until it is over.
#[must_use]
pub fn find(id: PipeId) -> Option<Arc<Pipe>> {
    PIPES.get(id)
}

/// How many pipes live, for tests that look for what was left behind.
#[must_use]
pub fn living() -> usize {
    PIPES.len()
}

/// Ends the pipes of an agent whose inbox is closed, except those that it ended properly as a writer.
pub fn agent_ended(agent: AgentId) {
    for pipe in PIPES.matching(|pipe| pipe.writer.id == agent || pipe.reader.id == agent) {
        pipe.side_ended(if pipe.reader.id == agent {
            Side::Reader
        } else {
            Side::Writer
        });
    }
}

impl Pipe {
    /// A pipe that both sides find by its number. If an agent has ended by now, the other hears so at once.
    #[must_use]
    pub fn open(writer: Arc<Agent>, reader: Arc<Agent>) -> Arc<Self> {
        let shared = Shared {
            phase: Phase::Open,
            queue: VecDeque::new(),
            reader_waits: false,
            writer_waits: false,
        };
        let id = PIPES.next_id();
        let pipe = Arc::new(Self {
            id,
            writer,
            reader,
            shared: Mutex::new(shared),
            reading: Mutex::new(None),
        });
        PIPES.insert(id, Arc::clone(&pipe));
        // An inbox is closed before `agent_ended` looks into the table: either that finds this pipe, or this sees it.
        for (side, agent) in [(Side::Reader, &pipe.reader), (Side::Writer, &pipe.writer)] {
            if agent.inbox.is_closed() && step("pipe: opening looks for the end of its agents") {
                pipe.side_ended(side);
            }
        }
        pipe
    }

    /// Takes as much as there is room for. For the writer's thread only.
    pub fn write(&self, bytes: &[u8]) -> Written {
        let mut taken = 0;
        for chunk in bytes.chunks(BLOCK_BYTES) {
            match self.put(chunk) {
                Written::Taken(0) => break,
                Written::Taken(length) => taken += length,
                Written::Over => return Written::Over,
            }
        }
        Written::Taken(taken)
    }

    /// Takes one chunk, or nothing.
    fn put(&self, chunk: &[u8]) -> Written {
        let mut shared = self.shared.lock();
        if shared.phase != Phase::Open {
            return Written::Over;
        }
        if chunk.len() <= SHARED_CHUNK
            && let Some(last) = shared.queue.back_mut()
            && last.has_room(chunk.len())
        {
            // The queue was not empty, so the reader does not wait.
            last.push(chunk);
            return Written::Taken(chunk.len());
        }
        if shared.queue.len() >= QUEUE_BLOCKS {
            shared.writer_waits = step("pipe: a writer without room says that it waits");
            return Written::Taken(0);
        }
        drop(shared);
        let block = Block::of(chunk);
        let mut shared = self.shared.lock();
        if shared.phase != Phase::Open && step("pipe: a writer looks again for the end") {
            drop(shared);
            block.recycle();
            return Written::Over;
        }
        shared.queue.push_back(block);
        if step("pipe: a waiting reader hears of a block") {
            self.signal_reader(&mut shared);
        }
        Written::Taken(chunk.len())
    }

    /// The writer has nothing more: the reader gets what is queued, then the end. For the writer's thread only.
    pub fn end(&self) {
        let mut shared = self.shared.lock();
        if shared.phase == Phase::Open {
            shared.phase = Phase::Ending;
            if step("pipe: a waiting reader hears of the end") {
                self.signal_reader(&mut shared);
            }
        }
    }

    /// How many bytes a `read` into `room` bytes and `slots` lengths would copy now; it may copy more, if more is
    /// written in between. Zero says nothing about the state. For the reader's thread only.
    #[must_use]
    pub fn readable(&self, room: usize, slots: usize) -> usize {
        let reading = self.reading.lock();
        let shared = self.shared.lock();
        let (mut bytes, mut chunks) = (0, 0);
        for block in reading.iter().chain(&shared.queue) {
            let (more, count) = block.fitting(room - bytes, slots - chunks);
            bytes += more;
            chunks += count;
            if count < block.left() {
                break;
            }
        }
        bytes
    }

    /// Copies as many whole chunks as fit, oldest first. For the reader's thread only.
    pub fn read(&self, into: &mut [u8], lengths: &mut [u32]) -> Read {
        let read = self.read_chunks(into, lengths);
        if read == Read::Ended {
            PIPES.remove(self.id);
        }
        read
    }

    fn read_chunks(&self, into: &mut [u8], lengths: &mut [u32]) -> Read {
        let mut reading = self.reading.lock();
        let (mut bytes, mut chunks) = (0, 0);
        loop {
            let mut block = match reading.take() {
                Some(block) => block,
                None => match self.next_block(chunks == 0) {
                    Ok(block) => block,
                    Err(nothing) if chunks == 0 => return nothing,
                    Err(_) => break,
                },
            };
            let (more, count) = block.take(&mut into[bytes..], &mut lengths[chunks..]);
            bytes += more;
            chunks += count;
            if let Some(length) = block.next_length() {
                *reading = Some(block);
                if chunks == 0 {
                    return Read::Needs(length);
                }
                break;
            }
            block.recycle();
            if bytes == into.len() || chunks == lengths.len() {
                break;
            }
        }
        Read::Chunks { bytes, chunks }
    }

    /// Takes the first block out of the queue, or says why there is none; only if the reader hears that (`told`) does
    /// it change the state.
    fn next_block(&self, told: bool) -> Result<Block, Read> {
        let mut shared = self.shared.lock();
        if let Some(block) = shared.queue.pop_front() {
            let room = shared.queue.len() <= RESUME_BLOCKS && step("pipe: a waiting writer hears of room");
            if shared.writer_waits && room {
                shared.writer_waits = false;
                let _ = self
                    .writer
                    .inbox
                    .send_kind(Kind::PipeWritable, &[&self.id.to_le_bytes()]);
            }
            return Ok(block);
        }
        Err(match shared.phase {
            Phase::Open => {
                shared.reader_waits |= told && step("pipe: a reader that finds nothing says that it waits");
                Read::Empty
            }
            Phase::Ending => {
                if told {
                    shared.phase = Phase::Over;
                }
                Read::Ended
            }
            Phase::Over => Read::Over,
        })
    }

    /// Ends the pipe from one side, for the other with this error if any; what is queued is dropped. By a writer that
    /// has ended properly, it does so only with an error.
    pub fn destroy(&self, side: Side, error: Option<&[u8]>) {
        match error {
            None => self.finish(side, Reason::Destroyed, &[]),
            Some(error) => self.finish(side, Reason::Failed, error),
        }
    }

    fn side_ended(&self, side: Side) {
        self.finish(side, Reason::Premature, &[]);
    }

    fn finish(&self, by: Side, reason: Reason, error: &[u8]) {
        let mut reading = self.reading.lock();
        let mut shared = self.shared.lock();
        let ended = by == Side::Writer && shared.phase == Phase::Ending;
        let done_properly = ended && reason != Reason::Failed && step("pipe: a writer that has ended is done");
        if shared.phase == Phase::Over || done_properly {
            return;
        }
        shared.phase = Phase::Over;
        let dropped = (std::mem::take(&mut shared.queue), reading.take());
        let other = if by == Side::Writer { &self.reader } else { &self.writer };
        let mut head = [reason as u8; 5];
        head[..4].copy_from_slice(&self.id.to_le_bytes());
        if step("pipe: the other side hears of the end") {
            let _ = other.inbox.send_kind(Kind::PipeEnded, &[&head, error]);
        }
        drop((shared, reading));
        dropped.0.into_iter().chain(dropped.1).for_each(Block::recycle);
        PIPES.remove(self.id);
    }

    fn signal_reader(&self, shared: &mut Shared) {
        if std::mem::take(&mut shared.reader_waits) {
            let _ = self
                .reader
                .inbox
                .send_kind(Kind::PipeReadable, &[&self.id.to_le_bytes()]);
        }
    }
}
