//! What threads meet at: locks, atomics and process-wide values, and the steps that models leave out.
//!
//! Everything that one thread of the core writes and another reads goes through these names. They are those of
//! parking_lot, the standard library and once_cell; under `cfg(loom)` they are loom's, so that the models of
//! `core/models` run the core's own code in every order that its threads can meet in. Reference counts and counters that
//! only make numbers stay the standard library's: nothing is handed over by them.

#[cfg(not(loom))]
mod names {
    pub(in crate::core) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

    pub(in crate::core) use parking_lot::{Mutex, RwLock};

    /// A value that the process has once, made when it is first asked for.
    macro_rules! process_wide {
        ($(#[$doc:meta])* $vis:vis static $name:ident: $type:ty = $value:expr;) => {
            $(#[$doc])*
            $vis static $name: ::once_cell::sync::Lazy<$type> = ::once_cell::sync::Lazy::new(|| $value);
        };
    }

    /// Whether a step is taken: always. A model that leaves it out shows what the step is for.
    #[inline]
    pub(in crate::core) const fn step(_name: &'static str) -> bool {
        true
    }

    pub(in crate::core) use process_wide;
}

#[cfg(loom)]
mod names {
    use std::cell::Cell;

    pub(in crate::core) use loom::sync::MutexGuard;
    pub(in crate::core) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
    use loom::sync::{self, RwLockReadGuard, RwLockWriteGuard};

    /// loom's lock with the face of parking_lot's, which is never poisoned.
    #[derive(Default)]
    pub(in crate::core) struct Mutex<T>(sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(in crate::core) fn new(value: T) -> Self {
            Self(sync::Mutex::new(value))
        }

        pub(in crate::core) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }

    /// As [`Mutex`].
    #[derive(Default)]
    pub(in crate::core) struct RwLock<T>(sync::RwLock<T>);

    impl<T> RwLock<T> {
        pub(in crate::core) fn read(&self) -> RwLockReadGuard<'_, T> {
            self.0.read().unwrap()
        }

        pub(in crate::core) fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0.write().unwrap()
        }
    }

    /// A value that each run of a model has once.
    macro_rules! process_wide {
        ($(#[$doc:meta])* pub static $name:ident: $type:ty = $value:expr;) => {
            ::loom::lazy_static! { $(#[$doc])* pub static ref $name: $type = $value; }
        };
        (static $name:ident: $type:ty = $value:expr;) => {
            ::loom::lazy_static! { static ref $name: $type = $value; }
        };
    }

    thread_local! {
        // The threads of a model are coroutines on the thread of its test.
        static LEFT_OUT: Cell<Option<&'static str>> = const { Cell::new(None) };
    }

    /// Whether a step is taken: unless the running model leaves it out.
    pub(in crate::core) fn step(name: &'static str) -> bool {
        LEFT_OUT.get() != Some(name)
    }

    /// Leaves one step out of what this thread's models run.
    #[cfg(test)]
    pub(in crate::core) fn leave_out(name: &'static str) {
        LEFT_OUT.set(Some(name));
    }

    pub(in crate::core) use process_wide;
}

pub(in crate::core) use names::*;
