//! An inbox against a queue of frames: drained with scratches of any size, through sleeps, wake-ups and the end.

#![no_main]

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use nanolith::core::inbox::{Delivery, Drained, HEADER, Inbox};
use nanolith_fuzz::split;

#[derive(Arbitrary, Debug)]
enum Op {
    Send(Vec<u8>),
    /// Many bytes for few of the fuzzer's.
    SendLarge(u16, u8),
    SendParts(Vec<Vec<u8>>),
    Drain(u16),
    Poll,
    Sleep,
    Rouse,
    Woken,
    Close,
}

fuzz_target!(|ops: Vec<Op>| {
    let inbox = Inbox::default();
    let wakes = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&wakes);
    inbox.attach(Box::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    }));
    let mut model: VecDeque<Vec<u8>> = VecDeque::new();
    let (mut asleep, mut closed, mut expected_wakes) = (false, false, 0);
    // What was swapped out by a drain before the inbox closed is still the receiver's to read.
    let mut taken = 0;
    for op in ops {
        let body = match &op {
            Op::Send(body) => Some(body.clone()),
            Op::SendLarge(length, byte) => Some(vec![*byte; usize::from(*length)]),
            Op::SendParts(parts) => Some(parts.concat()),
            _ => None,
        };
        if let Some(body) = body {
            let delivery = match &op {
                Op::SendParts(parts) => inbox.send_parts(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>()),
                _ => inbox.send(&body),
            };
            assert_eq!(delivery == Delivery::Closed, closed);
            if !closed {
                model.push_back(body);
                expected_wakes += u32::from(std::mem::take(&mut asleep));
            }
        }
        match op {
            Op::Drain(size) => {
                if taken == 0 {
                    taken = model.len();
                }
                let mut scratch = vec![0; usize::from(size)];
                match inbox.drain(&mut scratch) {
                    Drained::Bytes(end) => {
                        let got = split(&scratch[..end]);
                        taken -= got.len();
                        for frame in &got {
                            assert_eq!(model.pop_front().as_ref(), Some(frame));
                        }
                        assert!(end > 0 || taken == 0, "nothing, though something waits");
                        if taken > 0 {
                            assert!(
                                end + HEADER + model[0].len() > scratch.len(),
                                "one more would have fitted"
                            );
                        }
                    }
                    Drained::Needs(bytes) => {
                        assert_eq!(bytes, HEADER + model[0].len());
                        assert!(bytes > scratch.len());
                    }
                }
            }
            Op::Poll => assert!(inbox.poll() || model.is_empty()),
            Op::Sleep => {
                let slept = inbox.sleep();
                assert_eq!(slept, model.is_empty() && !closed);
                asleep |= slept;
            }
            Op::Rouse => {
                inbox.rouse();
                asleep = false;
            }
            Op::Woken => inbox.woken(),
            Op::Close => {
                inbox.close();
                closed = true;
                asleep = false;
                model.truncate(taken);
            }
            _ => {}
        }
        assert_eq!(wakes.load(Ordering::Relaxed), expected_wakes, "one wake-up a sleep");
        assert_eq!(inbox.is_closed(), closed);
    }
});
