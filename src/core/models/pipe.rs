//! Credits in both directions, early ends from either side, and the end of an agent.

use std::sync::Arc;

use loom::thread;

use super::{Loop, check, number};
use crate::core::agent::Agent;
use crate::core::pipe::{self, Pipe, Read, Reason, Side, Written};
use crate::core::protocol::Kind;

/// Both ends of an open pipe.
fn open() -> (Loop, Loop, Arc<Pipe>) {
    let [writer, reader] = [Agent::root(), Agent::root()];
    let pipe = Pipe::open(Arc::clone(&writer), Arc::clone(&reader));
    (Loop::of(&writer), Loop::of(&reader), pipe)
}

fn read(pipe: &Pipe) -> Result<Vec<u8>, Read> {
    let (mut into, mut lengths) = ([0; 8], [0; 4]);
    match pipe.read(&mut into, &mut lengths) {
        Read::Chunks { bytes, .. } => Ok(into[..bytes].to_vec()),
        nothing => Err(nothing),
    }
}

/// Writes all of it, waiting for room as it must. Says whether the pipe was still there.
fn write(side: &mut Loop, pipe: &Pipe, bytes: &[u8]) -> bool {
    let mut rest = bytes;
    loop {
        match pipe.write(rest) {
            Written::Over => return false,
            Written::Taken(taken) => rest = &rest[taken..],
        }
        if rest.is_empty() {
            return true;
        }
        let frame = side.hear();
        assert_eq!(number(&frame[1..]), pipe.id);
        if frame[0] == Kind::PipeEnded as u8 {
            return false;
        }
        assert_eq!(frame[0], Kind::PipeWritable as u8);
    }
}

fn bytes_and_their_end() {
    let (mut writer, mut reader, pipe) = open();
    let side = {
        let pipe = Arc::clone(&pipe);
        thread::spawn(move || {
            // Two blocks are the queue; the last byte shares a block if it can.
            for chunk in [&[1, 2][..], &[3, 4], &[5, 6], &[7]] {
                assert!(write(&mut writer, &pipe, chunk));
            }
            pipe.end();
        })
    };
    let mut received = Vec::new();
    loop {
        match read(&pipe) {
            Ok(bytes) => received.extend(bytes),
            Err(Read::Ended) => break,
            Err(Read::Empty) => assert_eq!(number(&reader.hear_kind(Kind::PipeReadable)), pipe.id),
            Err(other) => panic!("{other:?}"),
        }
    }
    side.join().unwrap();
    assert_eq!(received, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(pipe::living(), 0);
}

#[test]
fn every_byte_arrives_and_nobody_waits_for_ever() {
    check(
        bytes_and_their_end,
        &[
            ("pipe: a writer without room says that it waits", "deadlock"),
            ("pipe: a waiting writer hears of room", "deadlock"),
            ("pipe: a reader that finds nothing says that it waits", "deadlock"),
            ("pipe: a waiting reader hears of a block", "deadlock"),
            ("pipe: a waiting reader hears of the end", "deadlock"),
        ],
    );
}

/// The reader gives up while the writer writes more than fits.
fn a_reader_gives_up() {
    let (mut writer, mut reader, pipe) = open();
    let side = {
        let pipe = Arc::clone(&pipe);
        thread::spawn(move || while write(&mut writer, &pipe, &[1, 2, 3, 4]) {})
    };
    if let Err(nothing) = read(&pipe) {
        assert_eq!(nothing, Read::Empty);
    }
    pipe.destroy(Side::Reader, Some(b"enough"));
    reader.rest();
    side.join().unwrap();
    assert_eq!(reader.look(), None, "heard after its end");
    assert_eq!(pipe::living(), 0);
}

#[test]
fn an_early_end_reaches_a_waiting_writer() {
    check(
        a_reader_gives_up,
        &[
            ("pipe: the other side hears of the end", "deadlock"),
            ("pipe: a writer looks again for the end", "heard after its end"),
        ],
    );
}

/// The writer's thread dies right after it ended its side properly.
fn a_writer_ends_and_dies() {
    let (writer, mut reader, pipe) = open();
    let side = {
        let pipe = Arc::clone(&pipe);
        thread::spawn(move || {
            assert_eq!(pipe.write(&[1, 2]), Written::Taken(2));
            pipe.end();
            writer.agent.end();
        })
    };
    let mut received = Vec::new();
    loop {
        match read(&pipe) {
            Ok(bytes) => received.extend(bytes),
            Err(Read::Empty) => assert_eq!(number(&reader.hear_kind(Kind::PipeReadable)), pipe.id),
            Err(end) => break assert_eq!(end, Read::Ended, "cut off"),
        }
    }
    side.join().unwrap();
    assert_eq!(received, [1, 2]);
    assert_eq!(pipe::living(), 0);
}

#[test]
fn what_was_ended_properly_outlives_its_writer() {
    check(
        a_writer_ends_and_dies,
        &[("pipe: a writer that has ended is done", "cut off")],
    );
}

/// The writer's thread dies in the middle.
fn a_writer_dies() {
    let (writer, mut reader, pipe) = open();
    let side = {
        let pipe = Arc::clone(&pipe);
        thread::spawn(move || {
            let _ = pipe.write(&[1, 2]);
            writer.agent.end();
        })
    };
    while read(&pipe) != Err(Read::Over) {
        let frame = reader.hear();
        if frame[0] == Kind::PipeEnded as u8 {
            assert_eq!(frame[5], Reason::Premature as u8);
            break;
        }
    }
    assert_eq!(read(&pipe), Err(Read::Over));
    side.join().unwrap();
    assert_eq!(pipe::living(), 0);
}

#[test]
fn a_death_reaches_a_waiting_reader() {
    check(a_writer_dies, &[("agent: its pipes end with it", "deadlock")]);
}

/// A pipe is opened while the thread of one side dies.
fn an_agent_ends_while_its_pipe_opens() {
    let [writer, reader] = [Agent::root(), Agent::root()];
    let dying = {
        let writer = Arc::clone(&writer);
        thread::spawn(move || writer.end())
    };
    let _ = Pipe::open(writer, Arc::clone(&reader));
    dying.join().unwrap();
    let mut reader = Loop::of(&reader);
    assert_eq!(reader.hear_kind(Kind::PipeEnded)[4], Reason::Premature as u8);
    assert_eq!(reader.look(), None, "told once");
    assert_eq!(pipe::living(), 0);
}

#[test]
fn a_pipe_of_an_agent_that_ended_is_over() {
    check(
        an_agent_ends_while_its_pipe_opens,
        &[("pipe: opening looks for the end of its agents", "deadlock")],
    );
}
