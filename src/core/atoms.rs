//! Atoms: strings with a process-wide number, so that task names and key lists cross as four bytes.
//!
//! The table only grows, so it is bounded: a writer that gets no number for a key list writes the keys themselves. Half of
//! the table is kept for task names, which must have one.

use std::collections::HashMap;
use std::sync::Arc;

use super::sync::{RwLock, process_wide, step};

/// Enough for every task name of a large program.
pub const MAX_ATOMS: usize = 65_536;
/// Enough for its key lists; a program that makes keys up at run time stops here.
pub const MAX_SHAPES: usize = MAX_ATOMS / 2;

/// The number of a text.
pub type Atom = u32;

#[derive(Default)]
struct Table {
    numbers: HashMap<Arc<str>, Atom>,
    texts: Vec<Arc<str>>,
}

process_wide! {
    static TABLE: RwLock<Table> = RwLock::default();
}

/// The number of a task's name, given now if it has none yet. `None` when the table is full.
#[must_use]
pub fn atom(text: &str) -> Option<Atom> {
    number(text, MAX_ATOMS)
}

/// The number of a key list. `None` when the table has its share of them.
#[must_use]
pub fn shape(text: &str) -> Option<Atom> {
    number(text, MAX_SHAPES)
}

fn number(text: &str, limit: usize) -> Option<Atom> {
    if let Some(&number) = TABLE.read().numbers.get(text) {
        return Some(number);
    }
    let mut table = TABLE.write();
    if step("atoms: a writer looks again")
        && let Some(&number) = table.numbers.get(text)
    {
        return Some(number);
    }
    if table.texts.len() >= limit {
        return None;
    }
    let number = Atom::try_from(table.texts.len()).ok()?;
    let text: Arc<str> = text.into();
    table.numbers.insert(Arc::clone(&text), number);
    table.texts.push(text);
    Some(number)
}

/// The text of a number that [`atom`] gave.
#[must_use]
pub fn text(number: Atom) -> Option<Arc<str>> {
    TABLE.read().texts.get(number as usize).cloned()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn same_text_same_number() {
        let add = atom("atoms::add").unwrap();
        assert_eq!(atom("atoms::add"), Some(add));
        assert_ne!(atom("atoms::sub"), Some(add));
        assert_eq!(text(add).as_deref(), Some("atoms::add"));
        assert_eq!(text(Atom::MAX), None);
    }

    #[test]
    fn threads_agree() {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(|| {
                    (0..100)
                        .map(|i| atom(&format!("atoms::t{i}")).unwrap())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let numbers: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
