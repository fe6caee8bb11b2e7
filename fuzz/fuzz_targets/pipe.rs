//! A pipe against a queue of bytes: any chunks, any room at the reader, early ends of all kinds, and the signals that
//! keep both sides going.

#![no_main]

use std::collections::VecDeque;
use std::sync::Arc;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use nanolith::core::agent::Agent;
use nanolith::core::pipe::{self, BLOCK_BYTES, Pipe, QUEUE_BLOCKS, Read, Side, Written};
use nanolith::core::protocol::Kind;
use nanolith_fuzz::{frames, number};

#[derive(Arbitrary, Debug)]
enum Op {
    Write { length: u32, byte: u8 },
    Read { room: u32, slots: u8 },
    End,
    Destroy { reader: bool, error: bool },
    AgentEnds { reader: bool },
    Listen,
}

fuzz_target!(|ops: Vec<Op>| {
    let root = Agent::root();
    let (writer, _) = Agent::expected(&root);
    let (reader, _) = Agent::expected(&root);
    let pipe = Pipe::open(Arc::clone(&writer), Arc::clone(&reader));
    let mut bytes: VecDeque<u8> = VecDeque::new();
    // Which side has to be told before it may go on, and who has been told of the end.
    let (mut reader_waits, mut writer_waits) = (false, false);
    let (mut ending, mut over) = (false, false);
    for op in ops {
        match op {
            Op::Write { length, byte } => {
                let chunk: Vec<u8> = (0..length % 200_000).map(|i| byte.wrapping_add(i as u8)).collect();
                match pipe.write(&chunk) {
                    Written::Over => assert!(over || ending || chunk.is_empty()),
                    Written::Taken(taken) => {
                        assert!((!over && !ending) || chunk.is_empty());
                        bytes.extend(&chunk[..taken]);
                        writer_waits |= taken < chunk.len();
                        let bound = (QUEUE_BLOCKS + 1) * BLOCK_BYTES;
                        assert!(bytes.len() <= bound, "bounded");
                        assert!(
                            taken == chunk.len() || bytes.len() >= bound / 8,
                            "room for a part of a queue"
                        );
                        if taken > 0 && std::mem::take(&mut reader_waits) {
                            assert_eq!(heard(&reader), [Kind::PipeReadable as u8], "a waiting reader is told");
                        }
                    }
                }
            }
            Op::Read { room, slots } => {
                let mut into = vec![0; room as usize % 200_000];
                let mut lengths = vec![0; usize::from(slots)];
                let readable = pipe.readable(into.len(), lengths.len());
                match pipe.read(&mut into, &mut lengths) {
                    Read::Chunks { bytes: count, chunks } => {
                        assert!(!over);
                        assert_eq!(count, readable);
                        assert!(chunks > 0);
                        assert!(lengths[..chunks].iter().all(|&length| length as usize <= BLOCK_BYTES));
                        assert_eq!(lengths[..chunks].iter().sum::<u32>() as usize, count);
                        assert!(bytes.drain(..count).eq(into[..count].iter().copied()), "in order");
                        if heard(&writer) == [Kind::PipeWritable as u8] {
                            writer_waits = false;
                        }
                        assert!(!(writer_waits && bytes.is_empty()), "a waiting writer is told");
                    }
                    Read::Needs(length) => {
                        assert!(length <= bytes.len());
                        assert!(length > into.len() || lengths.is_empty());
                    }
                    Read::Empty => {
                        assert!(!over && !ending && bytes.is_empty());
                        reader_waits = true;
                    }
                    Read::Ended => {
                        assert!(ending && !over && bytes.is_empty());
                        over = true;
                    }
                    Read::Over => assert!(over),
                }
            }
            Op::End => {
                pipe.end();
                if !over && !ending {
                    ending = true;
                    if std::mem::take(&mut reader_waits) {
                        assert_eq!(
                            heard(&reader),
                            [Kind::PipeReadable as u8],
                            "a waiting reader is told of the end"
                        );
                    }
                }
            }
            Op::Destroy {
                reader: by_reader,
                error,
            } => {
                let side = if by_reader { Side::Reader } else { Side::Writer };
                let _ = (heard(&writer), heard(&reader));
                pipe.destroy(side, error.then_some(b"error".as_slice()));
                let ends = !over && (by_reader || error || !ending);
                let other = if by_reader { &writer } else { &reader };
                let wanted: &[u8] = if ends && !other.inbox.is_closed() {
                    &[Kind::PipeEnded as u8]
                } else {
                    &[]
                };
                assert_eq!(heard(other), wanted);
                over |= ends;
            }
            Op::AgentEnds { reader: is_reader } => {
                let (agent, other) = if is_reader {
                    (&reader, &writer)
                } else {
                    (&writer, &reader)
                };
                let _ = heard(other);
                agent.inbox.close();
                pipe::agent_ended(agent.id);
                let ends = !over && (is_reader || !ending);
                let wanted: &[u8] = if ends && !other.inbox.is_closed() {
                    &[Kind::PipeEnded as u8]
                } else {
                    &[]
                };
                assert_eq!(heard(other), wanted);
                over |= ends;
            }
            Op::Listen => {
                if heard(&writer).contains(&(Kind::PipeWritable as u8)) {
                    writer_waits = false;
                }
            }
        }
        if over {
            bytes.clear();
            (reader_waits, writer_waits) = (false, false);
        }
        assert_eq!(pipe::find(pipe.id).is_none(), over, "known until it is over");

        /// The kinds of what an agent hears of the pipe.
        fn heard(agent: &Agent) -> Vec<u8> {
            frames(agent)
                .iter()
                .map(|frame| {
                    let _ = number(frame);
                    frame[0]
                })
                .collect()
        }
    }
    // The pool, which ends the threads of a root, knows nothing of these.
    for agent in [&writer, &reader, &root] {
        agent.end();
    }
    assert_eq!(pipe::living(), 0);
});
