//! Threads on both sides of a pipe, for as long as it takes to lose a signal or a byte.

use std::time::{Duration, Instant};

use super::tests::{Ends, heard};
use super::*;
use crate::core::inbox::Drained;
use crate::core::lcg::Lcg;

/// A drained inbox, or a failure after a time that no healthy run takes.
fn wait_for_signal(agent: &Agent, kind: Kind) {
    let since = Instant::now();
    let mut scratch = [0; 256];
    loop {
        if let Drained::Bytes(end) = agent.inbox.drain(&mut scratch)
            && end > 0
        {
            assert_eq!(scratch[4], kind as u8);
            return;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "a signal was lost");
        std::thread::yield_now();
    }
}

fn stress(seed: u64, largest: usize, room: usize, total: usize) {
    let ends = Ends::new();
    let Ends {
        writer, reader, pipe, ..
    } = &ends;
    let digest = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    std::thread::scope(|scope| {
        let sent = scope.spawn(move || {
            let mut random = Lcg(seed);
            let (mut sum, mut written, mut lengths) = (0, 0, Vec::new());
            while written < total {
                let chunk: Vec<u8> = (0..=random.below(largest)).map(|_| random.below(256) as u8).collect();
                sum = chunk.iter().fold(sum, |sum, &byte| digest(sum, byte));
                lengths.extend(chunk.chunks(BLOCK_BYTES).map(<[u8]>::len));
                let mut rest = &chunk[..];
                while !rest.is_empty() {
                    let Written::Taken(taken) = pipe.write(rest) else {
                        panic!("over")
                    };
                    rest = &rest[taken..];
                    if !rest.is_empty() {
                        wait_for_signal(writer, Kind::PipeWritable);
                    }
                }
                written += chunk.len();
            }
            pipe.end();
            (sum, lengths)
        });
        let (mut into, mut slots) = (vec![0; room], vec![0; BLOCK_CHUNKS]);
        let (mut sum, mut lengths) = (0, Vec::new());
        loop {
            match pipe.read(&mut into, &mut slots) {
                Read::Chunks { bytes, chunks } => {
                    sum = into[..bytes].iter().fold(sum, |sum, &byte| digest(sum, byte));
                    lengths.extend(slots[..chunks].iter().map(|&length| length as usize));
                }
                Read::Empty => wait_for_signal(reader, Kind::PipeReadable),
                Read::Ended => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((sum, lengths), sent.join().unwrap());
    });
    assert!(ends.forgotten());
}

#[test]
fn stress_tiny_chunks() {
    stress(1, 8, BLOCK_BYTES, 400_000);
}

#[test]
fn stress_around_the_sharing_limit() {
    stress(2, 2 * SHARED_CHUNK, BLOCK_BYTES, 8 << 20);
}

#[test]
fn stress_chunks_that_are_cut_into_a_large_room() {
    stress(3, 5 * BLOCK_BYTES, 4 * BLOCK_BYTES, 16 << 20);
}

/// Both sides at work when a third thread ends the pipe: each side learns it, nothing hangs, nothing stays.
#[test]
fn stress_destroy_at_any_time() {
    for round in 0..300u64 {
        let mut ends = Ends::new();
        let Ends {
            writer,
            reader,
            pipe,
            into,
            lengths,
        } = &mut ends;
        std::thread::scope(|scope| {
            scope.spawn(|| while pipe.write(&[1; 5000]) != Written::Over {});
            scope.spawn(|| while pipe.read(into, lengths) != Read::Over {});
            let mut random = Lcg(round);
            (0..random.below(2000)).for_each(|_| std::hint::spin_loop());
            match round % 4 {
                0 => pipe.destroy(Side::Writer, None),
                1 => pipe.destroy(Side::Reader, Some(b"err")),
                2 => agent_ended(writer.id),
                _ => agent_ended(reader.id),
            }
        });
        let told = if round % 2 == 0 { &ends.reader } else { &ends.writer };
        assert_eq!(
            heard(told, &ends.pipe).last().map(|(kind, _)| *kind),
            Some(Kind::PipeEnded as u8),
            "and nothing after"
        );
        assert!(ends.forgotten());
    }
}
