//! The raw functions: what runs for every message.
//!
//! Bytes are passed by their place in a scratch buffer that both sides know: JavaScript writes into `outgoing` and names
//! `start, length`; the core's bytes come back at the start of `incoming`.

use std::sync::Arc;
use std::time::Instant;

use napi::sys;
use once_cell::sync::Lazy;

use super::open::{Handle, Scratch};
use super::raw::{Call, Failed, Outcome, check, guard};
use crate::core::agent::{self, Agent, AgentId};
use crate::core::inbox::{Delivery, Drained};

/// Gives `object` its functions.
///
/// # Safety
/// `env` and `object` belong to the running callback; `handle` outlives every call of these functions.
pub(super) unsafe fn define(env: sys::napi_env, object: sys::napi_value, handle: *mut Handle) -> Outcome<()> {
    let functions: [(&std::ffi::CStr, sys::napi_callback); 16] = [
        (c"scratch", Some(entry::<2, Scratches>)),
        (c"drain", Some(entry::<0, Drain>)),
        (c"poll", Some(entry::<0, Poll>)),
        (c"sleep", Some(entry::<0, Sleep>)),
        (c"woken", Some(entry::<0, Woken>)),
        (c"rouse", Some(entry::<0, Rouse>)),
        (c"now", Some(entry::<0, Now>)),
        (c"hold", Some(entry::<1, Hold>)),
        (c"send", Some(entry::<3, Send>)),
        (c"call", Some(entry::<3, CallService>)),
        (c"reply", Some(entry::<2, Reply>)),
        (c"tellCaller", Some(entry::<2, TellCaller>)),
        (c"callerID", Some(entry::<0, CallerId>)),
        (c"publish", Some(entry::<3, super::hub::Publish>)),
        (c"settled", Some(entry::<2, Settled>)),
        (c"activeCalls", Some(entry::<1, ActiveCalls>)),
    ];
    // SAFETY: the caller's promises.
    unsafe { define_all(env, object, handle, &functions) }
}

/// Gives `object` raw functions by their names.
///
/// # Safety
/// As `define`; each callback is an `entry`.
pub(super) unsafe fn define_all(
    env: sys::napi_env,
    object: sys::napi_value,
    handle: *mut Handle,
    functions: &[(&'static std::ffi::CStr, sys::napi_callback)],
) -> Outcome<()> {
    for &(name, callback) in functions {
        let mut function = std::ptr::null_mut();
        // SAFETY: the caller's promises; the names are static and end with a nul.
        unsafe {
            check(
                sys::napi_create_function(env, name.as_ptr(), -1, callback, handle.cast(), &raw mut function),
                "napi_create_function",
            )?;
            check(
                sys::napi_set_named_property(env, object, name.as_ptr(), function),
                "napi_set_named_property",
            )?;
        }
    }
    Ok(())
}

/// One raw function of `N` arguments.
pub(super) trait Raw<const N: usize> {
    fn run(handle: &mut Handle, call: &Call<N>) -> Outcome<sys::napi_value>;
}

/// The Node-API callback of a raw function.
pub(super) unsafe extern "C" fn entry<const N: usize, F: Raw<N>>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    guard(env, || {
        // SAFETY: Node-API gave both to this callback.
        let call = unsafe { Call::<N>::read(env, info)? };
        // SAFETY: `define` passed the handle's address, and the object that owns the handle is the receiver of this call.
        // One thread runs it, and no raw function calls JavaScript, so the reference is unique while it lives.
        let handle = unsafe { &mut *call.data.cast::<Handle>() };
        F::run(handle, &call)
    })
}

impl Handle {
    /// The bytes that JavaScript wrote at `start..start + length` of the outgoing scratch.
    pub(super) fn outgoing<const N: usize>(&self, call: &Call<N>, at: usize) -> Outcome<&[u8]> {
        self.outgoing_at(call.u32(at)? as usize, call.u32(at + 1)? as usize)
    }

    pub(super) fn outgoing_at(&self, start: usize, length: usize) -> Outcome<&[u8]> {
        let Scratch {
            start: memory,
            length: size,
        } = self.outgoing;
        if start.checked_add(length).is_none_or(|end| end > size) {
            return Err(Failed("bytes outside of the scratch"));
        }
        if length == 0 {
            return Ok(&[]);
        }
        // SAFETY: inside the array, by the check; JavaScript keeps the array alive and does not run meanwhile.
        Ok(unsafe { std::slice::from_raw_parts(memory.add(start), length) })
    }

    /// All of the incoming scratch.
    fn incoming(&mut self) -> &mut [u8] {
        let Scratch { start, length } = self.incoming;
        if start.is_null() {
            return &mut [];
        }
        // SAFETY: the whole array, kept alive by JavaScript, which does not run while this reference lives.
        unsafe { std::slice::from_raw_parts_mut(start, length) }
    }

    fn find(&mut self, id: AgentId) -> Option<Arc<Agent>> {
        if self.target.as_ref().is_none_or(|target| target.id != id) {
            self.target = Some(agent::find(id)?);
        }
        self.target.clone()
    }

    /// A service of this agent. Its calls count until they settle, so one whose thread has ended is found as well, until
    /// this agent has said so.
    fn service(&mut self, id: AgentId) -> Option<Arc<Agent>> {
        self.find(id).or_else(|| self.agent.pool().thread(id))
    }

    /// Copies bytes into the scratch and says how long they are; negative, how long it must be, and the first part alone
    /// has been copied, if it fits.
    pub(super) fn hand_over(&mut self, bytes: &[&[u8]]) -> f64 {
        let length: usize = bytes.iter().map(|part| part.len()).sum();
        let scratch = self.incoming();
        if length > scratch.len() {
            if let Some(head) = bytes.first()
                && let Some(place) = scratch.get_mut(..head.len())
            {
                place.copy_from_slice(head);
            }
            self.oversize = Some(bytes.concat());
            return -(length as f64);
        }
        let mut at = 0;
        for part in bytes {
            scratch[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        length as f64
    }
}

/// `scratch(outgoing, incoming)`: the buffers, which JavaScript keeps on the same object.
struct Scratches;
impl Raw<2> for Scratches {
    fn run(handle: &mut Handle, call: &Call<2>) -> Outcome<sys::napi_value> {
        let (start, length) = call.bytes(0)?;
        handle.outgoing = Scratch { start, length };
        let (start, length) = call.bytes(1)?;
        handle.incoming = Scratch { start, length };
        call.boolean(true)
    }
}

/// `drain()`: bytes of whole frames now in `incoming`; negative, how many bytes the next frame takes.
struct Drain;
impl Raw<0> for Drain {
    fn run(handle: &mut Handle, call: &Call<0>) -> Outcome<sys::napi_value> {
        let agent = Arc::clone(&handle.agent);
        match agent.inbox.drain(handle.incoming()) {
            Drained::Bytes(bytes) => call.number(bytes as f64),
            Drained::Needs(bytes) => call.number(-(bytes as f64)),
        }
    }
}

/// `poll()`: whether something waits, looked for within the thread's budget.
struct Poll;
impl Raw<0> for Poll {
    fn run(handle: &mut Handle, call: &Call<0>) -> Outcome<sys::napi_value> {
        call.boolean(handle.agent.inbox.poll())
    }
}

/// `sleep()`: `true` when the next frame will call `wake`; `false` when something waits already.
struct Sleep;
impl Raw<0> for Sleep {
    fn run(handle: &mut Handle, call: &Call<0>) -> Outcome<sys::napi_value> {
        call.boolean(handle.agent.inbox.sleep())
    }
}

/// `woken()`: `wake` was called.
struct Woken;
impl Raw<0> for Woken {
    fn run(handle: &mut Handle, call: &Call<0>) -> Outcome<sys::napi_value> {
        handle.agent.inbox.woken();
        call.boolean(true)
    }
}

/// `rouse()`: JavaScript looks by itself from now on.
struct Rouse;
impl Raw<0> for Rouse {
    fn run(handle: &mut Handle, call: &Call<0>) -> Outcome<sys::napi_value> {
        handle.agent.inbox.rouse();
        call.boolean(true)
    }
}

/// `now()`: milliseconds on a clock that only goes forward. `performance.now()` would do, if a thread did not spend two
/// milliseconds on loading it and a test runner's fake timers did not replace it.
struct Now;
impl Raw<0> for Now {
    fn run(_handle: &mut Handle, call: &Call<0>) -> Outcome<sys::napi_value> {
        call.number(now_ms())
    }
}

pub(super) fn now_ms() -> f64 {
    static START: Lazy<Instant> = Lazy::new(Instant::now);
    START.elapsed().as_secs_f64() * 1000.0
}

/// `hold(yes)`: whether the inbox keeps the agent's event loop alive.
struct Hold;
impl Raw<1> for Hold {
    fn run(handle: &mut Handle, call: &Call<1>) -> Outcome<sys::napi_value> {
        let hold = call.bool(0)?;
        // SAFETY: called on the thread of the environment, which lives while its JavaScript runs.
        let status = unsafe {
            if hold {
                sys::napi_ref_threadsafe_function(call.env, handle.wake)
            } else {
                sys::napi_unref_threadsafe_function(call.env, handle.wake)
            }
        };
        check(status, "napi_ref_threadsafe_function")?;
        call.boolean(hold)
    }
}

/// `send(agent, start, length)`: appends a frame to another agent's inbox; `false` when that agent has ended.
struct Send;
impl Raw<3> for Send {
    fn run(handle: &mut Handle, call: &Call<3>) -> Outcome<sys::napi_value> {
        let target = handle.find(call.u32(0)?);
        let bytes = handle.outgoing(call, 1)?;
        call.boolean(target.is_some_and(|target| target.inbox.send(bytes) == Delivery::Delivered))
    }
}

/// `call(service, start, length)`: as `send`, and counts the call as active until `settled`.
struct CallService;
impl Raw<3> for CallService {
    fn run(handle: &mut Handle, call: &Call<3>) -> Outcome<sys::napi_value> {
        let service = handle.service(call.u32(0)?);
        let bytes = handle.outgoing(call, 1)?;
        call.boolean(service.is_some_and(|service| service.call(bytes) == Delivery::Delivered))
    }
}

/// `reply(start, length)`: a service answers one call of its owner.
struct Reply;
impl Raw<2> for Reply {
    fn run(handle: &mut Handle, call: &Call<2>) -> Outcome<sys::napi_value> {
        let bytes = handle.outgoing(call, 0)?;
        let owner = handle.agent.owner.as_ref();
        call.boolean(owner.is_some_and(|owner| owner.inbox.send(bytes) == Delivery::Delivered))
    }
}

/// `tellCaller(start, length)`: a frame to the caller of the warm task that runs, or to the owner.
struct TellCaller;
impl Raw<2> for TellCaller {
    fn run(handle: &mut Handle, call: &Call<2>) -> Outcome<sys::napi_value> {
        let bytes = handle.outgoing(call, 0)?;
        let caller = handle.caller.as_ref().or(handle.agent.owner.as_ref());
        call.boolean(caller.is_some_and(|caller| caller.inbox.send(bytes) == Delivery::Delivered))
    }
}

/// `callerID()`: the agent that `tellCaller` reaches.
struct CallerId;
impl Raw<0> for CallerId {
    fn run(handle: &mut Handle, call: &Call<0>) -> Outcome<sys::napi_value> {
        let caller = handle.caller.as_ref().or(handle.agent.owner.as_ref());
        call.number(caller.map_or(0.0, |caller| f64::from(caller.id)))
    }
}

/// `settled(service, count)`: so many of its calls have their answer.
struct Settled;
impl Raw<2> for Settled {
    fn run(handle: &mut Handle, call: &Call<2>) -> Outcome<sys::napi_value> {
        let service = handle.service(call.u32(0)?);
        let count = call.u32(1)?;
        if let Some(service) = &service {
            service.calls_end(count);
        }
        call.boolean(service.is_some())
    }
}

/// `activeCalls(service)`: those of its calls that have not settled.
struct ActiveCalls;
impl Raw<1> for ActiveCalls {
    fn run(handle: &mut Handle, call: &Call<1>) -> Outcome<sys::napi_value> {
        let service = handle.service(call.u32(0)?);
        call.number(service.map_or(0.0, |service| f64::from(service.active_calls())))
    }
}
