//! What several threads reach by a process-wide number, and forget together.
//!
//! The numbers are dealt over shards, each with a lock of its own and on cache lines of its own, so that threads that
//! look up different numbers rarely touch the same memory. A lookup clones the `Arc` and keeps no lock: what is found
//! may be removed a moment later, and whoever uses it must be content with that.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sync::{AtomicU32, Ordering, RwLock};

/// Few in models, which would take every one of them for a place where threads may meet.
const SHARDS: usize = if cfg!(loom) { 2 } else { 16 };

/// Two cache lines, since processors fetch them in pairs.
#[repr(align(128))]
struct Shard<T>(RwLock<BTreeMap<u32, Arc<T>>>);

pub(in crate::core) struct Table<T> {
    next: AtomicU32,
    shards: [Shard<T>; SHARDS],
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            next: AtomicU32::new(1),
            shards: std::array::from_fn(|_| Shard(RwLock::default())),
        }
    }
}

impl<T> Table<T> {
    fn shard(&self, id: u32) -> &RwLock<BTreeMap<u32, Arc<T>>> {
        &self.shards[id as usize % SHARDS].0
    }

    /// A number that no other has.
    pub(in crate::core) fn next_id(&self) -> u32 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub(in crate::core) fn insert(&self, id: u32, value: Arc<T>) {
        self.shard(id).write().insert(id, value);
    }

    pub(in crate::core) fn get(&self, id: u32) -> Option<Arc<T>> {
        self.shard(id).read().get(&id).cloned()
    }

    pub(in crate::core) fn remove(&self, id: u32) -> Option<Arc<T>> {
        self.shard(id).write().remove(&id)
    }

    /// All that `wanted` picks. It is called with a shard locked, so it must not come back here.
    pub(in crate::core) fn matching(&self, wanted: impl Fn(&T) -> bool) -> Vec<Arc<T>> {
        let mut found = Vec::new();
        for shard in &self.shards {
            found.extend(shard.0.read().values().filter(|value| wanted(value)).cloned());
        }
        found
    }

    pub(in crate::core) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.0.read().len()).sum()
    }
}
