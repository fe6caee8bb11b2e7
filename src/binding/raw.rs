//! The few Node-API calls that the raw functions need, with every status checked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::sys;

/// A Node-API call failed, or an argument was of another type. JavaScript sees an exception.
#[derive(Debug)]
pub(super) struct Failed(pub &'static str);

pub(super) type Outcome<T> = Result<T, Failed>;

/// Turns a status into an outcome that names the call.
pub(super) fn check(status: sys::napi_status, call: &'static str) -> Outcome<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(Failed(call))
    }
}

/// The environment and the arguments of one call, valid while it runs.
pub(super) struct Call<const N: usize> {
    pub env: sys::napi_env,
    pub arguments: [sys::napi_value; N],
    pub data: *mut std::ffi::c_void,
}

impl<const N: usize> Call<N> {
    /// # Safety
    /// `env` and `info` are those that Node-API gave to the running callback.
    pub(super) unsafe fn read(env: sys::napi_env, info: sys::napi_callback_info) -> Outcome<Self> {
        let mut count = N;
        let mut arguments = [ptr::null_mut(); N];
        let mut data = ptr::null_mut();
        // SAFETY: the caller's promise; the array has room for `count` values, and missing ones become `undefined`.
        let status = unsafe {
            sys::napi_get_cb_info(
                env,
                info,
                &raw mut count,
                arguments.as_mut_ptr(),
                ptr::null_mut(),
                &raw mut data,
            )
        };
        check(status, "napi_get_cb_info")?;
        Ok(Self { env, arguments, data })
    }

    pub(super) fn u32(&self, at: usize) -> Outcome<u32> {
        let mut value = 0;
        // SAFETY: `env` and the value belong to the running callback, by `read`.
        let status = unsafe { sys::napi_get_value_uint32(self.env, self.arguments[at], &raw mut value) };
        check(status, "napi_get_value_uint32")?;
        Ok(value)
    }

    pub(super) fn f64(&self, at: usize) -> Outcome<f64> {
        let mut value = 0.0;
        // SAFETY: as in `u32`.
        let status = unsafe { sys::napi_get_value_double(self.env, self.arguments[at], &raw mut value) };
        check(status, "napi_get_value_double")?;
        Ok(value)
    }

    /// A whole number that may be past what 32 bits hold.
    pub(super) fn size(&self, at: usize) -> Outcome<usize> {
        let mut value = 0;
        // SAFETY: as in `u32`.
        let status = unsafe { sys::napi_get_value_int64(self.env, self.arguments[at], &raw mut value) };
        check(status, "napi_get_value_int64")?;
        usize::try_from(value).map_err(|_| Failed("a size was expected"))
    }

    pub(super) fn bool(&self, at: usize) -> Outcome<bool> {
        let mut value = false;
        // SAFETY: as in `u32`.
        let status = unsafe { sys::napi_get_value_bool(self.env, self.arguments[at], &raw mut value) };
        check(status, "napi_get_value_bool")?;
        Ok(value)
    }

    /// Where the memory of a `Uint8Array` begins, and its length.
    pub(super) fn bytes(&self, at: usize) -> Outcome<(*mut u8, usize)> {
        let (start, length) = self.array(at, sys::TypedarrayType::uint8_array, "a Uint8Array was expected")?;
        Ok((start.cast(), length))
    }

    /// Where the memory of a `Uint32Array` begins, and its length.
    pub(super) fn words(&self, at: usize) -> Outcome<(*mut u32, usize)> {
        let (start, length) = self.array(at, sys::TypedarrayType::uint32_array, "a Uint32Array was expected")?;
        Ok((start.cast(), length))
    }

    fn array(&self, at: usize, wanted: i32, otherwise: &'static str) -> Outcome<(*mut std::ffi::c_void, usize)> {
        let (mut kind, mut length, mut start) = (0, 0, ptr::null_mut());
        // SAFETY: as in `u32`; the buffer and the offset are not asked for.
        let status = unsafe {
            sys::napi_get_typedarray_info(
                self.env,
                self.arguments[at],
                &raw mut kind,
                &raw mut length,
                &raw mut start,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        check(status, "napi_get_typedarray_info")?;
        if kind != wanted {
            return Err(Failed(otherwise));
        }
        Ok((start, length))
    }

    pub(super) fn number(&self, value: f64) -> Outcome<sys::napi_value> {
        let mut result = ptr::null_mut();
        // SAFETY: `env` belongs to the running callback.
        let status = unsafe { sys::napi_create_double(self.env, value, &raw mut result) };
        check(status, "napi_create_double")?;
        Ok(result)
    }

    pub(super) fn int(&self, value: i32) -> Outcome<sys::napi_value> {
        let mut result = ptr::null_mut();
        // SAFETY: `env` belongs to the running callback.
        let status = unsafe { sys::napi_create_int32(self.env, value, &raw mut result) };
        check(status, "napi_create_int32")?;
        Ok(result)
    }

    pub(super) fn boolean(&self, value: bool) -> Outcome<sys::napi_value> {
        let mut result = ptr::null_mut();
        // SAFETY: `env` belongs to the running callback.
        let status = unsafe { sys::napi_get_boolean(self.env, value, &raw mut result) };
        check(status, "napi_get_boolean")?;
        Ok(result)
    }
}

/// Runs the body of a raw callback: a failure or a panic becomes a JavaScript exception, and never crosses the boundary.
pub(super) fn guard(env: sys::napi_env, body: impl FnOnce() -> Outcome<sys::napi_value>) -> sys::napi_value {
    let message = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => return value,
        Ok(Err(Failed(message))) => message,
        Err(_) => "the native side panicked",
    };
    // SAFETY: `env` is that of the running callback; both strings are given with their lengths. A failure to throw (an
    // exception is pending already, or the environment is ending) leaves nothing else to do.
    unsafe {
        sys::napi_throw_error(
            env,
            c"ERR_NANOLITH_NATIVE".as_ptr(),
            format!("{message}\0").as_ptr().cast(),
        );
    }
    ptr::null_mut()
}
