//! The queue: a slab of entries with one doubly linked list through it.
//!
//! Every operation is O(1), removal from the middle included (an aborted task leaves at once). An entry keeps its key
//! from `insert` to `remove`, whether it waits in the list or not; a key carries the generation of its place, so the key
//! of something gone never names its successor.

/// Names an entry: the place in the low 32 bits, the generation above. At most 52 bits, exact as a JavaScript number.
pub type Key = u64;
/// Names nothing.
pub const NO_KEY: Key = u64::MAX;

const NONE: u32 = u32::MAX;
/// So many places are kept when all are free, 2 MiB of them in the pool: bursts that follow each other need no new memory.
const KEPT: usize = 16_384;
const GENERATIONS: u32 = (1 << 20) - 1;

struct Entry<T> {
    value: Option<T>,
    generation: u32,
    waiting: bool,
    previous: u32,
    next: u32,
}

pub struct Queue<T> {
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
    head: u32,
    tail: u32,
    waiting: usize,
    /// The generation of a place that is new.
    fresh: u32,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
            head: NONE,
            tail: NONE,
            waiting: 0,
            fresh: 0,
        }
    }
}

impl<T> Queue<T> {
    /// How many entries wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Keeps `value` without queueing it.
    pub fn insert(&mut self, value: T) -> Key {
        if let Some(place) = self.free.pop() {
            let entry = &mut self.entries[place as usize];
            entry.value = Some(value);
            return key(place, entry.generation);
        }
        #[expect(clippy::cast_possible_truncation, reason = "4 billion entries do not fit in memory")]
        let place = self.entries.len() as u32;
        let generation = self.fresh;
        self.entries.push(Entry {
            value: Some(value),
            generation,
            waiting: false,
            previous: NONE,
            next: NONE,
        });
        key(place, generation)
    }

    #[must_use]
    pub fn get(&self, key: Key) -> Option<&T> {
        let entry = self.entries.get(place(key) as usize)?;
        if entry.generation == generation(key) {
            entry.value.as_ref()
        } else {
            None
        }
    }

    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let entry = self.entries.get_mut(place(key) as usize)?;
        if entry.generation == generation(key) {
            entry.value.as_mut()
        } else {
            None
        }
    }

    /// Whether the entry waits in the list.
    #[must_use]
    pub fn is_waiting(&self, key: Key) -> bool {
        self.get(key).is_some() && self.entries[place(key) as usize].waiting
    }

    pub fn push_back(&mut self, key: Key) {
        let (at, tail) = (place(key), self.tail);
        let entry = &mut self.entries[at as usize];
        debug_assert!(!entry.waiting, "queued twice");
        (entry.previous, entry.next, entry.waiting) = (tail, NONE, true);
        match tail {
            NONE => self.head = at,
            _ => self.entries[tail as usize].next = at,
        }
        self.tail = at;
        self.waiting += 1;
    }

    pub fn push_front(&mut self, key: Key) {
        let (at, head) = (place(key), self.head);
        let entry = &mut self.entries[at as usize];
        debug_assert!(!entry.waiting, "queued twice");
        (entry.previous, entry.next, entry.waiting) = (NONE, head, true);
        match head {
            NONE => self.tail = at,
            _ => self.entries[head as usize].previous = at,
        }
        self.head = at;
        self.waiting += 1;
    }

    /// The entry that has waited longest, left where it is.
    #[must_use]
    pub fn front(&self) -> Option<Key> {
        let entry = self.entries.get(self.head as usize)?;
        Some(key(self.head, entry.generation))
    }

    pub fn pop_front(&mut self) -> Option<Key> {
        let front = self.front()?;
        self.unlink(front);
        Some(front)
    }

    /// Takes the entry out of the list, wherever it stands; says whether it waited.
    pub fn unlink(&mut self, key: Key) -> bool {
        if !self.is_waiting(key) {
            return false;
        }
        let entry = &mut self.entries[place(key) as usize];
        let (previous, next) = (entry.previous, entry.next);
        entry.waiting = false;
        match previous {
            NONE => self.head = next,
            _ => self.entries[previous as usize].next = next,
        }
        match next {
            NONE => self.tail = previous,
            _ => self.entries[next as usize].previous = previous,
        }
        self.waiting -= 1;
        true
    }

    /// Takes the entry out of the list and the slab.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        self.get(key)?;
        self.unlink(key);
        let at = place(key);
        let entry = &mut self.entries[at as usize];
        entry.generation = (entry.generation + 1) & GENERATIONS;
        let value = entry.value.take();
        self.free.push(at);
        if self.free.len() == self.entries.len() && self.entries.len() > KEPT {
            // A long queue has drained: give its memory back. Generations restart above every one handed out.
            self.fresh = self.entries.iter().map(|entry| entry.generation).max().unwrap_or(0);
            self.entries = Vec::new();
            self.free = Vec::new();
        }
        value
    }

    /// Every entry, waiting or not, in no order.
    pub fn kept(&self) -> impl Iterator<Item = (Key, &T)> {
        (0u32..)
            .zip(&self.entries)
            .filter_map(|(at, entry)| Some((key(at, entry.generation), entry.value.as_ref()?)))
    }

    /// The waiting entries, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = (Key, &T)> {
        let mut at = self.head;
        std::iter::from_fn(move || {
            let entry = self.entries.get(at as usize)?;
            let found = key(at, entry.generation);
            at = entry.next;
            Some((found, entry.value.as_ref()?))
        })
    }
}

fn key(place: u32, generation: u32) -> Key {
    u64::from(place) | u64::from(generation) << 32
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is the place")]
fn place(key: Key) -> u32 {
    key as u32
}

fn generation(key: Key) -> u32 {
    (key >> 32) as u32
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn drain(queue: &mut Queue<u32>) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop_front().and_then(|key| queue.remove(key))).collect()
    }

    #[test]
    fn fifo() {
        let mut queue = Queue::default();
        for i in 0..5 {
            let key = queue.insert(i);
            queue.push_back(key);
        }
        assert_eq!(drain(&mut queue), [0, 1, 2, 3, 4]);
        assert!(queue.is_empty());
    }

    #[test]
    fn priority() {
        let mut queue = Queue::default();
        for i in 0..4 {
            let key = queue.insert(i);
            if i % 2 == 0 {
                queue.push_back(key);
            } else {
                queue.push_front(key);
            }
        }
        assert_eq!(drain(&mut queue), [3, 1, 0, 2], "the latest priority entry first");
    }

    #[test]
    fn leaves_from_anywhere() {
        let mut queue = Queue::default();
        let keys: Vec<_> = (0..5).map(|i| queue.insert(i)).collect();
        keys.iter().for_each(|&key| queue.push_back(key));
        assert!(queue.unlink(keys[2]));
        assert!(!queue.unlink(keys[2]), "it has left already");
        assert_eq!(queue.remove(keys[0]), Some(0));
        assert_eq!(queue.remove(keys[4]), Some(4));
        assert_eq!(queue.len(), 2);
        assert_eq!(queue.waiting().map(|(_, &value)| value).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(queue.remove(keys[2]), Some(2), "kept, though not waiting");
        assert_eq!(drain(&mut queue), [1, 3]);
    }

    #[test]
    fn a_stale_key_names_nothing() {
        let mut queue = Queue::default();
        let old = queue.insert(1);
        queue.remove(old);
        let new = queue.insert(2);
        assert_ne!(old, new);
        assert_eq!(queue.get(old), None);
        assert_eq!(queue.remove(old), None);
        assert_eq!(queue.get(new), Some(&2));
        assert_eq!(queue.get(NO_KEY), None);
    }

    #[test]
    fn gives_memory_back_and_keeps_stale_keys_dead() {
        let mut queue = Queue::default();
        let keys: Vec<_> = (0..=KEPT).map(|i| queue.insert(i)).collect();
        for &key in &keys {
            queue.push_back(key);
        }
        for &key in &keys {
            assert!(queue.remove(key).is_some());
        }
        assert_eq!(queue.entries.capacity(), 0);
        let fresh: Vec<_> = (0..200).map(|i| queue.insert(i)).collect();
        assert!(keys.iter().all(|&key| queue.get(key).is_none()));
        assert!(fresh.iter().all(|&key| queue.get(key).is_some()));
    }
}
