//! Opening: how a realm becomes an agent, how its loop is woken, and how it ends.
//!
//! # Ownership
//!
//! One [`Handle`] a realm, owned by the JavaScript object that `open` returns: that object's finalizer frees it. The raw
//! functions on the object carry its address, and JavaScript only ever calls them on the object, so the object (and with
//! it the handle) outlives every call. The object is held weakly from here: a realm that nothing else keeps (a test
//! file's, after the file) goes away with all it has.
//!
//! # The end
//!
//! Node ends an environment in the order cleanup hooks, thread-safe functions, finalizers; Bun runs no finalizers, Deno
//! does not finalize functions. So the cleanup hook is where an agent ends: it closes the inbox, and from then on no
//! sender touches the thread-safe function (see `core::inbox`). It also releases that function, which is finalized next:
//! since Node 24.14 one that is not released stays allocated for ever. What comes after only frees memory.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use napi::bindgen_prelude::{Function, JsValue, Object};
use napi::{Env, Error, Result, Status, sys};
use napi_derive::napi;

use super::hot;
use super::items;
use super::pipe;
use super::raw::{Outcome, check};
use crate::core::agent::{self, Agent};
use crate::core::inbox::Waker;
use crate::core::pipe::Pipe;

/// What one realm has on the native side.
pub(super) struct Handle {
    pub agent: Arc<Agent>,
    /// The caller of the warm task that runs now.
    pub caller: Option<Arc<Agent>>,
    /// A payload that did not fit into the incoming scratch yet.
    pub oversize: Option<Vec<u8>>,
    /// The two scratch buffers. JavaScript keeps them alive on the same object that keeps this handle alive.
    pub outgoing: Scratch,
    pub incoming: Scratch,
    pub wake: sys::napi_threadsafe_function,
    /// The last agent that was sent to: senders mostly repeat themselves.
    pub target: Option<Arc<Agent>>,
    /// The last pipe that was written to or read from, for the same reason.
    pub pipe: Option<Arc<Pipe>>,
    ended: AtomicBool,
}

/// A `Uint8Array`'s memory.
#[derive(Clone, Copy)]
pub(super) struct Scratch {
    pub start: *mut u8,
    pub length: usize,
}

impl Scratch {
    const EMPTY: Self = Self {
        start: ptr::null_mut(),
        length: 0,
    };
}

impl Handle {
    fn end(&self) {
        if !self.ended.swap(true, Ordering::AcqRel) {
            self.agent.end();
        }
    }
}

/// A thread-safe function that senders may call.
struct WakeFunction(sys::napi_threadsafe_function);

// SAFETY: `napi_call_threadsafe_function` may be called from any thread while the function lives. It lives until its
// environment's cleanup is over; the cleanup hook runs before that and drops this value under the inbox's lock, which is
// held whenever the waker is called.
unsafe impl Send for WakeFunction {}

impl WakeFunction {
    fn call(&self) {
        // SAFETY: alive, by the argument above. The queue is unbounded, so non-blocking never waits; a failure means that
        // the environment is closing, and then nobody is left to be woken.
        unsafe {
            sys::napi_call_threadsafe_function(self.0, ptr::null_mut(), sys::ThreadsafeFunctionCallMode::nonblocking);
        }
    }
}

/// Makes this realm an agent: the thread that was expected under `token`, or a root without one. `null` for a token that
/// is unknown or used. `wake` is called on the agent's loop when something arrived while it slept.
///
/// The object has `id`, `owner` (0 for a root), and the functions of `hot`, `items` and `pipe`.
#[napi]
pub fn open<'env>(env: &'env Env, token: Option<String>, wake: Function<'env, (), ()>) -> Result<Option<Object<'env>>> {
    let expected = token.map_or_else(|| Some(Agent::root()), |token| agent::redeem(&token));
    let Some(agent) = expected else { return Ok(None) };
    let opened = connected(env, &agent, wake);
    if opened.is_err() {
        // The thread is being ended, and no longer runs JavaScript: there will be no hook that ends the agent.
        agent.end();
    }
    opened.map(Some)
}

/// The object of an agent, with all that it has.
fn connected<'env>(env: &'env Env, agent: &Arc<Agent>, wake: Function<'env, (), ()>) -> Result<Object<'env>> {
    let mut object = Object::new(env)?;
    object.set("id", agent.id)?;
    object.set("owner", agent.owner.as_ref().map_or(0, |owner| owner.id))?;
    object.set("wake", wake)?;
    let handle = Box::into_raw(Box::new(Handle {
        agent: Arc::clone(agent),
        caller: None,
        oversize: None,
        outgoing: Scratch::EMPTY,
        incoming: Scratch::EMPTY,
        wake: ptr::null_mut(),
        target: None,
        pipe: None,
        ended: AtomicBool::new(false),
    }));
    // SAFETY: the handle was made above and is freed only by the finalizer that `connect` adds last. Without that one it
    // stays: parts of the environment may have its address.
    let outcome = unsafe { connect(env.raw(), object.raw(), handle) };
    outcome.map_err(|failed| Error::new(Status::GenericFailure, format!("nanolith: {} failed", failed.0)))?;
    Ok(object)
}

/// # Safety
/// `env` and `object` belong to the running callback; `handle` came from a box and is not shared yet.
unsafe fn connect(env: sys::napi_env, object: sys::napi_value, handle: *mut Handle) -> Outcome<()> {
    let mut weak = ptr::null_mut();
    let mut name = ptr::null_mut();
    let mut wake = ptr::null_mut();
    // SAFETY: all pointers are valid for the call; the reference is weak (count 0) and lives as long as the function
    // whose context it is, since that one's finalizer deletes it. The rest is the caller's promise.
    unsafe {
        check(
            sys::napi_create_reference(env, object, 0, &raw mut weak),
            "napi_create_reference",
        )?;
        check(
            sys::napi_create_string_utf8(env, c"nanolith".as_ptr(), -1, &raw mut name),
            "napi_create_string_utf8",
        )?;
        check(
            sys::napi_create_threadsafe_function(
                env,
                ptr::null_mut(),
                ptr::null_mut(),
                name,
                0,
                1,
                weak.cast(),
                Some(wake_ends),
                weak.cast(),
                Some(run_wake),
                &raw mut wake,
            ),
            "napi_create_threadsafe_function",
        )?;
        LIVING_WAKERS.fetch_add(1, Ordering::Relaxed);
        check(
            sys::napi_unref_threadsafe_function(env, wake),
            "napi_unref_threadsafe_function",
        )?;
        (*handle).wake = wake;
        // Before what may fail on a thread that is being ended, so that the function is released whatever comes of this.
        check(
            sys::napi_add_env_cleanup_hook(env, Some(environment_ends), handle.cast()),
            "napi_add_env_cleanup_hook",
        )?;
        let fresh = &mut *handle;
        let function = WakeFunction(wake);
        let waker: Waker = Box::new(move || function.call());
        fresh.agent.inbox.attach(waker);
        hot::define(env, object, handle)?;
        items::define(env, object, handle)?;
        pipe::define(env, object, handle)?;
        check(
            sys::napi_add_finalizer(
                env,
                object,
                handle.cast(),
                Some(object_ends),
                ptr::null_mut(),
                ptr::null_mut(),
            ),
            "napi_add_finalizer",
        )
    }
}

/// The loop of the agent runs `object.wake()`.
unsafe extern "C" fn run_wake(
    env: sys::napi_env,
    _function: sys::napi_value,
    context: *mut c_void,
    _data: *mut c_void,
) {
    if env.is_null() {
        return;
    }
    let (mut object, mut wake, mut result) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: Node-API gives a valid environment and the context that `connect` passed, a reference that lives as long
    // as this function. A collected object, or an environment on its way out, ends in a status other than ok.
    unsafe {
        if sys::napi_get_reference_value(env, context.cast(), &raw mut object) != sys::Status::napi_ok
            || object.is_null()
        {
            return;
        }
        if sys::napi_get_named_property(env, object, c"wake".as_ptr(), &raw mut wake) == sys::Status::napi_ok {
            sys::napi_call_function(env, object, wake, 0, ptr::null(), &raw mut result);
        }
    }
}

/// The wake function's finalizer, after which nobody asks for the object any more.
unsafe extern "C" fn wake_ends(env: sys::napi_env, weak: *mut c_void, _context: *mut c_void) {
    if env.is_null() {
        return;
    }
    // SAFETY: Node-API gives the environment and the reference that `connect` passed, once. Should it fail, 40 bytes are
    // lost and nothing else.
    unsafe {
        sys::napi_delete_reference(env, weak.cast());
    }
}

/// Gives the wake function up; its environment deletes it.
///
/// # Safety
/// The function lives, nothing calls it any more, and this is done once.
unsafe fn release(wake: sys::napi_threadsafe_function) {
    // SAFETY: the caller's promise.
    let status = unsafe { sys::napi_release_threadsafe_function(wake, sys::ThreadsafeFunctionReleaseMode::release) };
    if status == sys::Status::napi_ok {
        LIVING_WAKERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The wake functions that were made and not released.
static LIVING_WAKERS: AtomicU32 = AtomicU32::new(0);

/// How many wake functions there are in this process, for tests that look for what was left behind.
#[napi]
#[must_use]
pub fn living_wakers() -> u32 {
    LIVING_WAKERS.load(Ordering::Relaxed)
}

/// The environment's cleanup hook. JavaScript no longer runs.
unsafe extern "C" fn environment_ends(handle: *mut c_void) {
    // SAFETY: the hook was added with the handle's address and is removed before the handle is freed.
    let handle = unsafe { &*handle.cast::<Handle>() };
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| handle.end()));
    // SAFETY: the function's own hook was added before this one and so runs after it: the function lives. `end` dropped
    // the waker, and the object's finalizer leaves the function alone from now on.
    unsafe { release(handle.wake) };
}

/// The object's finalizer: the realm went away, or the environment did.
unsafe extern "C" fn object_ends(env: sys::napi_env, handle: *mut c_void, _hint: *mut c_void) {
    // SAFETY: the address came from a box in `open`, and this finalizer, which runs once, is its only owner.
    let handle = unsafe { Box::from_raw(handle.cast::<Handle>()) };
    if !handle.ended.load(Ordering::Acquire) {
        // SAFETY: the environment lives (its hook has not run), so the hook and the function are still there.
        unsafe {
            sys::napi_remove_env_cleanup_hook(env, Some(environment_ends), ptr::from_ref(&*handle).cast_mut().cast());
        }
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| handle.end()));
        // SAFETY: as above; `end` dropped the waker, and the hook that would release the function is removed.
        unsafe { release(handle.wake) };
    }
}
