//! Pipes: the raw functions that move the bytes of streams, straight between the user's memory and the pipe's blocks.

use std::ffi::CStr;

use napi::sys;
use napi_derive::napi;

use super::hot::{Raw, define_all, entry};
use super::open::Handle;
use super::raw::{Call, Failed, Outcome};
use crate::core::agent;
use crate::core::pipe::{self, BLOCK_BYTES, BLOCK_CHUNKS, Pipe, PipeId, Read, Side, Written};

/// What functions answer instead of a number of bytes.
const OVER: i32 = -1;
const EMPTY: i32 = -2;
const ENDED: i32 = -3;

/// How `pipeRead` packs two numbers: `chunks * PACK + bytes`.
const PACK: usize = 1 << 17;
const _: () = assert!(BLOCK_BYTES < PACK && BLOCK_CHUNKS < (i32::MAX as usize) / PACK);

/// Gives `object` its functions.
///
/// # Safety
/// As `hot::define`.
pub(super) unsafe fn define(env: sys::napi_env, object: sys::napi_value, handle: *mut Handle) -> Outcome<()> {
    let functions: [(&'static CStr, sys::napi_callback); 5] = [
        (c"pipeWrite", Some(entry::<3, PipeWrite>)),
        (c"pipeReadable", Some(entry::<1, PipeReadable>)),
        (c"pipeRead", Some(entry::<3, PipeRead>)),
        (c"pipeEnd", Some(entry::<1, PipeEnd>)),
        (c"pipeDestroy", Some(entry::<4, PipeDestroy>)),
    ];
    // SAFETY: the caller's promises; each callback is an `entry`.
    unsafe { define_all(env, object, handle, &functions) }
}

impl Handle {
    fn pipe(&mut self, id: PipeId) -> Option<&Pipe> {
        if self.pipe.as_ref().is_none_or(|pipe| pipe.id != id) {
            self.pipe = Some(pipe::find(id)?);
        }
        self.pipe.as_deref()
    }
}

/// `pipeWrite(pipe, bytes, from)`: how many of the bytes after the first `from` were taken; -1 when the pipe has ended.
struct PipeWrite;
impl Raw<3> for PipeWrite {
    fn run(handle: &mut Handle, call: &Call<3>) -> Outcome<sys::napi_value> {
        let (start, length) = call.bytes(1)?;
        let from = call.size(2)?;
        let Some(rest) = length.checked_sub(from) else {
            return Err(Failed("bytes outside of the array"));
        };
        let Some(pipe) = handle.pipe(call.u32(0)?) else {
            return call.int(OVER);
        };
        let written = if rest == 0 {
            Written::Taken(0)
        } else {
            // SAFETY: inside the array, by the check; the array is an argument, so it lives, and this thread runs nothing
            // else meanwhile. JavaScript copies what lies in shared memory before, so no other thread writes there.
            pipe.write(unsafe { std::slice::from_raw_parts(start.add(from), rest) })
        };
        match written {
            Written::Taken(bytes) => call.number(bytes as f64),
            Written::Over => call.int(OVER),
        }
    }
}

/// `pipeReadable(pipe)`: how many bytes `pipeRead` would give now, at most a block; 0 says nothing about the state.
struct PipeReadable;
impl Raw<1> for PipeReadable {
    fn run(handle: &mut Handle, call: &Call<1>) -> Outcome<sys::napi_value> {
        let pipe = handle.pipe(call.u32(0)?);
        call.int(pipe.map_or(0, |pipe| pipe.readable(BLOCK_BYTES, BLOCK_CHUNKS) as i32))
    }
}

/// `pipeRead(pipe, bytes, lengths)`: copies whole chunks to the start of `bytes`, and their lengths (32 bits each) to the
/// start of `lengths`; answers `chunks * 2 ** 17 + bytes`. 0 when something waits that does not fit, -1 when the pipe has
/// ended early, -2 when nothing waits yet, -3 when everything was read.
struct PipeRead;
impl Raw<3> for PipeRead {
    fn run(handle: &mut Handle, call: &Call<3>) -> Outcome<sys::napi_value> {
        let (start, length) = call.bytes(1)?;
        let (places, count) = call.words(2)?;
        let Some(pipe) = handle.pipe(call.u32(0)?) else {
            return call.int(OVER);
        };
        // SAFETY: the whole arrays, no more than a block; they are arguments, so they live, JavaScript made each of them
        // for this alone, in memory of its own that no other thread knows, and does not run meanwhile.
        let (into, lengths) = unsafe {
            (
                slice(start, length.min(BLOCK_BYTES)),
                slice(places, count.min(BLOCK_CHUNKS)),
            )
        };
        call.int(match pipe.read(into, lengths) {
            Read::Chunks { bytes, chunks } => (chunks * PACK + bytes) as i32,
            Read::Needs(_) => 0,
            Read::Empty => EMPTY,
            Read::Ended => ENDED,
            Read::Over => OVER,
        })
    }
}

/// # Safety
/// `start` points to `length` values that nothing else touches while the slice lives, unless `length` is 0.
unsafe fn slice<'memory, T>(start: *mut T, length: usize) -> &'memory mut [T] {
    if length == 0 {
        return &mut [];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(start, length) }
}

/// `pipeEnd(pipe)`: the writer has nothing more; `false` when the pipe has ended already, in another way.
struct PipeEnd;
impl Raw<1> for PipeEnd {
    fn run(handle: &mut Handle, call: &Call<1>) -> Outcome<sys::napi_value> {
        // Looked for in the table, which has no pipe that is over.
        let pipe = pipe::find(call.u32(0)?);
        if let Some(pipe) = &pipe {
            pipe.end();
        }
        handle.pipe = None;
        call.boolean(pipe.is_some())
    }
}

/// `pipeDestroy(pipe, reading, start, length)`: ends a pipe from this side, `reading` or writing; with an error, whose
/// bytes are in the scratch, unless `length` is 0.
struct PipeDestroy;
impl Raw<4> for PipeDestroy {
    fn run(handle: &mut Handle, call: &Call<4>) -> Outcome<sys::napi_value> {
        let id = call.u32(0)?;
        let side = if call.bool(1)? { Side::Reader } else { Side::Writer };
        if let Some(pipe) = pipe::find(id) {
            let error = handle.outgoing(call, 2)?;
            pipe.destroy(side, (!error.is_empty()).then_some(error));
        }
        // Its memory goes with the last side that lets go of it.
        handle.pipe.take_if(|pipe| pipe.id == id);
        call.boolean(true)
    }
}

/// The number of a new pipe between two agents; `null` when one of them has ended.
#[napi]
#[must_use]
pub fn pipe_open(writer: u32, reader: u32) -> Option<u32> {
    Some(Pipe::open(agent::find(writer)?, agent::find(reader)?).id)
}

/// How many pipes live in this process, for tests that look for what was left behind.
#[napi]
#[must_use]
pub fn living_pipes() -> u32 {
    u32::try_from(pipe::living()).unwrap_or(u32::MAX)
}
