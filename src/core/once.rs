//! What is done once a process, on whichever thread comes first: its warnings.

use std::collections::HashSet;

use super::sync::{Mutex, process_wide};

process_wide! {
    static DONE: Mutex<HashSet<String>> = Mutex::default();
}

/// Whether nobody has asked this before.
#[must_use]
pub fn first_time(what: String) -> bool {
    DONE.lock().insert(what)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::first_time;

    #[test]
    fn one_thread_of_many_is_first() {
        let ask = || first_time("one_thread_of_many_is_first".into());
        let asked: Vec<_> = (0..8).map(|_| std::thread::spawn(ask)).collect();
        let first = asked.into_iter().map(|thread| thread.join().unwrap());
        assert_eq!(first.filter(|&first| first).count(), 1);
        assert!(first_time("another".into()));
    }
}
