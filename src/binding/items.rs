//! The pool's raw functions: what items are asked for, run and answered by.

use std::ffi::CStr;

use napi::sys;

use super::hot::{Raw, define_all, entry, now_ms};
use super::open::Handle;
use super::raw::{Call, Failed, Outcome};
use crate::core::agent;
use crate::core::inbox::Delivery;
use crate::core::payload::Payload;
use crate::core::pool::{Cancelled, Key, Request, Submitted, Turn, Work};

/// Gives `object` its functions.
///
/// # Safety
/// As `hot::define`.
pub(super) unsafe fn define(env: sys::napi_env, object: sys::napi_value, handle: *mut Handle) -> Outcome<()> {
    let functions: [(&'static CStr, sys::napi_callback); 7] = [
        (c"submit", Some(entry::<2, Submit>)),
        (c"cancel", Some(entry::<1, Cancel>)),
        (c"finish", Some(entry::<2, Finish>)),
        (c"turn", Some(entry::<2, NextTurn>)),
        (c"payload", Some(entry::<0, Oversize>)),
        (c"loadFailed", Some(entry::<2, LoadFailed>)),
        (c"threadEnded", Some(entry::<3, ThreadEnded>)),
    ];
    // SAFETY: the caller's promises; each callback is an `entry`.
    unsafe { define_all(env, object, handle, &functions) }
}

/// `submit(start, length)`: asks for a slot by `[u8 work][u8 flags][u32 set][u32 name][u32 call][payload]` in the scratch.
/// The item's key when it was granted, `-1 - key` when it waits, `NaN` when the nesting is too deep, `Infinity` when the
/// pool has ended. Flags: 1 priority, 2 reffed, 4 apart.
struct Submit;
impl Raw<2> for Submit {
    fn run(handle: &mut Handle, call: &Call<2>) -> Outcome<sys::napi_value> {
        let Some((&[work, flags, ref numbers @ ..], payload)) = handle.outgoing(call, 0)?.split_first_chunk::<14>()
        else {
            return Err(Failed("a request without a head"));
        };
        let work = match work {
            0 => Work::OneOff,
            1 => Work::Warm,
            2 => Work::Service,
            _ => return Err(Failed("an unknown kind of work")),
        };
        let number = |at: usize| u32::from_le_bytes([numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]]);
        let request = Request {
            work,
            set: number(0),
            name: number(4),
            call: number(8),
            priority: flags & 1 != 0,
            reffed: flags & 2 != 0,
            apart: flags & 4 != 0,
            payload: Payload::new(payload),
        };
        #[expect(clippy::cast_precision_loss, reason = "keys have at most 52 bits")]
        let answer = match handle.agent.pool().submit(&handle.agent, request) {
            Submitted::Granted(key) => key as f64,
            Submitted::Waiting(key) => -1.0 - key as f64,
            Submitted::TooDeep => f64::NAN,
            Submitted::Closed => f64::INFINITY,
        };
        call.number(answer)
    }
}

/// `cancel(key)`: takes an item back. 0: it had not begun; 1: its thread is the caller's to end; 2: its warm thread is
/// being ended; 3: it had settled.
struct Cancel;
impl Raw<1> for Cancel {
    fn run(handle: &mut Handle, call: &Call<1>) -> Outcome<sys::napi_value> {
        let outcome = handle.agent.pool().cancel(key(call.f64(0)?));
        call.int(match outcome {
            Cancelled::Unbegun => 0,
            Cancelled::Begun => 1,
            Cancelled::Terminating => 2,
            Cancelled::Settled => 3,
        })
    }
}

/// `finish(start, length)`: a one-off thread answers, or a service whose launch failed; its slot is free before the answer arrives.
struct Finish;
impl Raw<2> for Finish {
    fn run(handle: &mut Handle, call: &Call<2>) -> Outcome<sys::napi_value> {
        let bytes = handle.outgoing(call, 0)?;
        call.boolean(handle.agent.finish(bytes) == Delivery::Delivered)
    }
}

/// `turn(length, untilMs)`: a warm thread answers the task it ran by the first bytes of the scratch (nothing with `length`
/// 0), unless that was aborted, and takes the next. The bytes of `[u32 call][payload]` now in `incoming`; 0 when it is idle,
/// -1 when it should end, -2 when there is a task that it takes no sooner than its event loop has had a turn, since `now()`
/// is past `untilMs`; below that minus the bytes needed: the call is in `incoming`; make room and ask `payload()`, or answer
/// the call, if there is no room.
struct NextTurn;
impl Raw<2> for NextTurn {
    fn run(handle: &mut Handle, call: &Call<2>) -> Outcome<sys::napi_value> {
        let overdue = now_ms() > call.f64(1)?;
        let (awaited, turn) = handle.agent.pool().turn(&handle.agent, overdue);
        handle.oversize = None;
        let answer = handle.outgoing_at(0, call.u32(0)? as usize)?;
        if let Some(caller) = &handle.caller
            && awaited
            && !answer.is_empty()
        {
            // A caller that ended no longer waits for it.
            let _ = caller.inbox.send(answer);
        }
        let result = match turn {
            Turn::Idle => {
                handle.caller = None;
                0.0
            }
            Turn::End => {
                handle.caller = None;
                -1.0
            }
            Turn::Later => {
                handle.caller = None;
                -2.0
            }
            Turn::Run {
                payload,
                call: number,
                caller,
            } => {
                handle.caller = Some(caller);
                handle.hand_over(&[&number.to_le_bytes(), &payload])
            }
        };
        call.number(result)
    }
}

/// `payload()`: what did not fit before.
struct Oversize;
impl Raw<0> for Oversize {
    fn run(handle: &mut Handle, call: &Call<0>) -> Outcome<sys::napi_value> {
        let bytes = handle.oversize.take().unwrap_or_default();
        let length = handle.hand_over(&[&bytes]);
        call.number(length)
    }
}

/// `loadFailed(start, length)`: a warm thread could not load its file.
struct LoadFailed;
impl Raw<2> for LoadFailed {
    fn run(handle: &mut Handle, call: &Call<2>) -> Outcome<sys::napi_value> {
        let bytes = handle.outgoing(call, 0)?;
        handle.agent.pool().load_failed(handle.agent.id, bytes);
        call.boolean(true)
    }
}

/// `threadEnded(thread, start, length)`: a `Worker` exited, or never started; the bytes tell the caller of its warm task
/// why.
struct ThreadEnded;
impl Raw<3> for ThreadEnded {
    fn run(handle: &mut Handle, call: &Call<3>) -> Outcome<sys::napi_value> {
        let id = call.u32(0)?;
        let bytes = handle.outgoing(call, 1)?;
        handle.agent.pool().thread_ended(id, bytes);
        // A thread that never opened has no environment whose end would do this.
        if let Some(thread) = agent::find(id) {
            thread.end();
        }
        handle.target = None;
        call.boolean(true)
    }
}

fn key(number: f64) -> Key {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a key, as `submit` gave it"
    )]
    return number as Key;
}
