//! One number a text, whoever asks first.

use loom::thread;

use super::check;
use crate::core::atoms;

fn two_threads_name_the_same() {
    let other = thread::spawn(|| atoms::atom("add").unwrap());
    let (first, second) = (atoms::atom("add").unwrap(), atoms::atom("sub").unwrap());
    assert_eq!(first, other.join().unwrap(), "two numbers for one text");
    assert_ne!(first, second);
    assert_eq!(atoms::text(second).as_deref(), Some("sub"));
}

#[test]
fn a_text_has_one_number() {
    check(
        two_threads_name_the_same,
        &[("atoms: a writer looks again", "two numbers for one text")],
    );
}
