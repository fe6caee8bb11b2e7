//! Blocks: 64 KiB of whole chunks, one behind the other, and the list of those that wait to be used again.
//!
//! ```text
//!   bytes    │ chunk │ chunk      │ chunk │ free …        at most BLOCK_BYTES
//!   lengths  │   7   │     12     │   7   │               at most BLOCK_CHUNKS
//!                    ▲ position, next: what the reader has not had yet
//! ```

use crossbeam_channel::{Receiver, Sender, bounded};
use once_cell::sync::Lazy;

/// The most that one chunk, one block and one transfer hold. Little in models, as are the next and the pipe's own bounds.
pub const BLOCK_BYTES: usize = if cfg!(loom) { 4 } else { 64 * 1024 };
/// So that tiny chunks cost bounded memory too: a block of 64-byte chunks is full in both ways at once.
pub const BLOCK_CHUNKS: usize = if cfg!(loom) { 2 } else { 1024 };
/// How many blocks the process keeps for later: 2 MiB, two pipes in full use.
pub(super) const SPARE_BLOCKS: usize = 32;

static SPARE: Lazy<(Sender<Block>, Receiver<Block>)> = Lazy::new(|| {
    keep_freed_memory();
    bounded(SPARE_BLOCKS)
});

/// What a reader frees is to be there for what it reads next.
///
/// Each block is read into a `Buffer` of its own, and V8 frees those that were let go of in batches of 32 MiB. glibc gives
/// the top of its heap back to the system when more than its trim threshold is free there, 128 KiB at first, and each page
/// of the next batch is faulted in anew, which costs more than both copies. But that threshold is dynamic: when a mapped
/// block of up to 32 MiB is freed, its size becomes the new mmap threshold, and twice that the trim threshold (mallopt(3),
/// `M_MMAP_THRESHOLD`). So one such block is freed, whose memory is never touched. Whoever has set a threshold by hand
/// keeps it. The price: up to 32 MiB that were in use stay at the top of each of glibc's heaps, and blocks up to 16 MiB
/// come from these heaps, where what is free stays below what is in use. Other allocators are left alone.
fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        let mut block = Vec::<u8>::new();
        // Without it streams are slower, no more.
        let _ = block.try_reserve_exact(16 * 1024 * 1024);
        std::hint::black_box(block);
    }
}

pub(super) struct Block {
    bytes: Vec<u8>,
    lengths: Vec<u32>,
    /// How many bytes and chunks the reader has had.
    position: usize,
    next: usize,
}

impl Block {
    /// A block that holds this chunk, of at most [`BLOCK_BYTES`].
    pub(super) fn of(chunk: &[u8]) -> Self {
        let mut block = SPARE.1.try_recv().unwrap_or_else(|_| Self {
            bytes: Vec::with_capacity(BLOCK_BYTES),
            lengths: Vec::new(),
            position: 0,
            next: 0,
        });
        block.push(chunk);
        block
    }

    /// Keeps the memory for the next [`Block::of`], or frees it when enough is kept.
    pub(super) fn recycle(mut self) {
        self.bytes.clear();
        self.lengths.clear();
        (self.position, self.next) = (0, 0);
        let _ = SPARE.0.try_send(self);
    }

    pub(super) fn has_room(&self, length: usize) -> bool {
        self.bytes.len() + length <= BLOCK_BYTES && self.lengths.len() < BLOCK_CHUNKS
    }

    /// Appends a chunk for which there is room.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
        // At most BLOCK_BYTES, so the cast keeps it whole.
        self.lengths.push(chunk.len() as u32);
    }

    /// The length of the chunk that the reader gets next.
    pub(super) fn next_length(&self) -> Option<usize> {
        self.lengths.get(self.next).map(|&length| length as usize)
    }

    /// How many chunks the reader has not had yet.
    pub(super) fn left(&self) -> usize {
        self.lengths.len() - self.next
    }

    /// How many bytes and chunks of what is left are whole chunks that fit into `room` bytes and `slots` chunks.
    pub(super) fn fitting(&self, room: usize, slots: usize) -> (usize, usize) {
        let lengths = &self.lengths[self.next..];
        let left = self.bytes.len() - self.position;
        if left <= room && lengths.len() <= slots {
            return (left, lengths.len());
        }
        let (mut bytes, mut chunks) = (0, 0);
        for &length in lengths.iter().take(slots) {
            if bytes + length as usize > room {
                break;
            }
            bytes += length as usize;
            chunks += 1;
        }
        (bytes, chunks)
    }

    /// Copies what fits to the start of both, and says how many bytes and chunks that was.
    pub(super) fn take(&mut self, into: &mut [u8], lengths: &mut [u32]) -> (usize, usize) {
        let (bytes, chunks) = self.fitting(into.len(), lengths.len());
        into[..bytes].copy_from_slice(&self.bytes[self.position..self.position + bytes]);
        lengths[..chunks].copy_from_slice(&self.lengths[self.next..self.next + chunks]);
        self.position += bytes;
        self.next += chunks;
        (bytes, chunks)
    }
}

/// How many blocks are kept, for tests of the bound.
#[cfg(all(test, not(loom)))]
pub(super) fn spare() -> usize {
    SPARE.1.len()
}
