use super::*;
use crate::core::inbox::Drained;

pub(super) struct Ends {
    pub(super) writer: Arc<Agent>,
    pub(super) reader: Arc<Agent>,
    pub(super) pipe: Arc<Pipe>,
    pub(super) into: Vec<u8>,
    pub(super) lengths: Vec<u32>,
}

impl Ends {
    pub(super) fn new() -> Self {
        let root = Agent::root();
        let (writer, _) = Agent::expected(&root);
        let (reader, _) = Agent::expected(&root);
        let pipe = Pipe::open(Arc::clone(&writer), Arc::clone(&reader));
        Self {
            writer,
            reader,
            pipe,
            into: vec![0; BLOCK_BYTES],
            lengths: vec![0; BLOCK_CHUNKS],
        }
    }

    fn write_all(&self, bytes: &[u8]) {
        assert_eq!(self.pipe.write(bytes), Written::Taken(bytes.len()));
    }

    /// The chunks of one transfer, or what the pipe said instead.
    fn read(&mut self) -> Result<Vec<Vec<u8>>, Read> {
        match self.pipe.read(&mut self.into, &mut self.lengths) {
            Read::Chunks { bytes, chunks } => {
                let mut rest = &self.into[..bytes];
                let all = self.lengths[..chunks]
                    .iter()
                    .map(|&length| rest.split_off(..length as usize).unwrap().to_vec());
                let all = all.collect();
                assert!(rest.is_empty(), "the lengths add up");
                Ok(all)
            }
            nothing => Err(nothing),
        }
    }

    pub(super) fn forgotten(&self) -> bool {
        find(self.pipe.id).is_none()
    }
}

/// What an agent heard of this pipe.
pub(super) fn heard(agent: &Agent, pipe: &Pipe) -> Vec<(u8, Vec<u8>)> {
    let (mut scratch, mut all) = (vec![0; 1 << 16], Vec::new());
    let Drained::Bytes(end) = agent.inbox.drain(&mut scratch) else {
        panic!("a large frame")
    };
    let mut at = 0;
    while at < end {
        let length = u32::from_le_bytes(scratch[at..at + 4].try_into().unwrap()) as usize;
        let frame = &scratch[at + 4..at + 4 + length];
        assert_eq!(frame[1..5], pipe.id.to_le_bytes());
        all.push((frame[0], frame[5..].to_vec()));
        at += 4 + length;
    }
    all
}

fn readable() -> (u8, Vec<u8>) {
    (Kind::PipeReadable as u8, vec![])
}

fn writable() -> (u8, Vec<u8>) {
    (Kind::PipeWritable as u8, vec![])
}

fn ended(reason: Reason, error: &[u8]) -> (u8, Vec<u8>) {
    (Kind::PipeEnded as u8, [&[reason as u8], error].concat())
}

#[test]
fn smoke() {
    let mut ends = Ends::new();
    assert!(find(ends.pipe.id).is_some());
    ends.write_all(b"hello");
    assert_eq!(ends.pipe.readable(BLOCK_BYTES, BLOCK_CHUNKS), 5);
    assert_eq!(ends.read(), Ok(vec![b"hello".to_vec()]));
    assert_eq!(ends.read(), Err(Read::Empty));
    ends.pipe.end();
    assert_eq!(ends.read(), Err(Read::Ended));
    assert!(ends.forgotten());
    assert_eq!(ends.read(), Err(Read::Over), "the end is told once");
    assert_eq!(ends.pipe.write(b"late"), Written::Over);
}

#[test]
fn fifo_with_chunk_boundaries_in_one_transfer() {
    let mut ends = Ends::new();
    let sent: Vec<Vec<u8>> = (1..200u8).map(|i| vec![i; usize::from(i)]).collect();
    sent.iter().for_each(|chunk| ends.write_all(chunk));
    assert_eq!(ends.read(), Ok(sent));
}

#[test]
fn blocks_of_large_chunks_are_coalesced_into_the_room_there_is() {
    let mut ends = Ends::new();
    let sent: Vec<Vec<u8>> = (0..5u8).map(|i| vec![i; 20_000]).collect();
    sent.iter().for_each(|chunk| ends.write_all(chunk));
    assert_eq!(ends.pipe.readable(BLOCK_BYTES, BLOCK_CHUNKS), 60_000);
    assert_eq!(ends.pipe.readable(usize::MAX, 4), 80_000);
    assert_eq!(ends.read().unwrap(), sent[..3]);
    assert_eq!(
        ends.pipe.readable(BLOCK_BYTES, BLOCK_CHUNKS),
        40_000,
        "one of them taken out of the queue"
    );
    assert_eq!(ends.read().unwrap(), sent[3..]);
}

#[test]
fn writes_of_64_kib_are_one_chunk_and_larger_ones_are_cut() {
    let mut ends = Ends::new();
    ends.write_all(&[1; BLOCK_BYTES]);
    ends.write_all(&[2; BLOCK_BYTES + 1]);
    ends.write_all(&[3; 10]);
    assert_eq!(ends.read(), Ok(vec![vec![1; BLOCK_BYTES]]));
    assert_eq!(ends.read(), Ok(vec![vec![2; BLOCK_BYTES]]));
    assert_eq!(ends.read(), Ok(vec![vec![2; 1], vec![3; 10]]));
}

#[test]
fn a_chunk_larger_than_the_room_says_what_it_needs() {
    let mut ends = Ends::new();
    for length in [100, 200, 300] {
        ends.write_all(&vec![length as u8; length]);
    }
    assert_eq!(ends.pipe.read(&mut [0; 99], &mut [0; 9]), Read::Needs(100));
    assert_eq!(ends.pipe.read(&mut [0; 500], &mut []), Read::Needs(100));
    assert_eq!(ends.pipe.readable(299, 9), 100);
    assert_eq!(
        ends.pipe.read(&mut [0; 299], &mut [0; 9]),
        Read::Chunks { bytes: 100, chunks: 1 }
    );
    assert_eq!(
        ends.pipe.read(&mut [0; 900], &mut [0; 1]),
        Read::Chunks { bytes: 200, chunks: 1 }
    );
    assert_eq!(ends.read(), Ok(vec![vec![44; 300]]));
    assert_eq!(ends.read(), Err(Read::Empty));
}

#[test]
fn what_is_readable_ends_at_the_first_chunk_that_does_not_fit() {
    let mut ends = Ends::new();
    let sent = [5000, 50_000, 20_000, 100].map(|length| vec![length as u8; length]);
    sent.iter().for_each(|chunk| ends.write_all(chunk));
    assert_eq!(ends.pipe.readable(60_000, 9), 55_000, "the last one would fit");
    assert_eq!(ends.pipe.readable(25_000, 9), 5000);
    assert_eq!(
        ends.pipe.read(&mut [0; 60_000], &mut [0; 9]),
        Read::Chunks {
            bytes: 55_000,
            chunks: 2
        }
    );
    assert_eq!(ends.read().unwrap(), sent[2..]);

    [10, 16_000, 16_000, 16_000, 16_000, 2000]
        .iter()
        .for_each(|&length| ends.write_all(&vec![1; length]));
    assert_eq!(
        ends.pipe.readable(5000, 9),
        10,
        "though the first of the next block would fit"
    );
}

#[test]
fn empty_writes_are_nothing() {
    let mut ends = Ends::new();
    assert_eq!(ends.read(), Err(Read::Empty));
    ends.write_all(&[]);
    assert_eq!(ends.read(), Err(Read::Empty));
    assert_eq!(heard(&ends.reader, &ends.pipe), []);
}

#[test]
fn backpressure_bounds_bytes_and_tiny_chunks() {
    let ends = Ends::new();
    let megabytes = vec![7; 3 << 20];
    assert_eq!(ends.pipe.write(&megabytes), Written::Taken(QUEUE_BLOCKS * BLOCK_BYTES));
    assert_eq!(ends.pipe.write(&megabytes), Written::Taken(0));
    assert_eq!(ends.pipe.write(&[]), Written::Taken(0));

    let ends = Ends::new();
    let tiny = (0..).take_while(|_| ends.pipe.write(&[1]) == Written::Taken(1)).count();
    assert_eq!(tiny, QUEUE_BLOCKS * BLOCK_CHUNKS);

    let ends = Ends::new();
    let odd = (0..)
        .take_while(|_| ends.pipe.write(&[1; 40_000]) == Written::Taken(40_000))
        .count();
    assert_eq!(odd, QUEUE_BLOCKS, "a chunk is taken whole or not at all");
}

#[test]
fn a_waiting_writer_hears_once_when_a_quarter_is_free() {
    let mut ends = Ends::new();
    let _ = ends.pipe.write(&vec![0; 2 << 20]);
    let _ = ends.pipe.write(&[0]);
    for read in 0..QUEUE_BLOCKS {
        assert_eq!(ends.read().map(|chunks| chunks.len()), Ok(1));
        let expected = if read + 1 == QUEUE_BLOCKS - RESUME_BLOCKS {
            vec![writable()]
        } else {
            vec![]
        };
        assert_eq!(heard(&ends.writer, &ends.pipe), expected, "after read {read}");
    }
    ends.write_all(&[1]);
    assert_eq!(ends.read(), Ok(vec![vec![1]]));
    assert_eq!(heard(&ends.writer, &ends.pipe), [], "nobody waited");
}

#[test]
fn a_reader_hears_once_after_it_found_nothing() {
    let mut ends = Ends::new();
    ends.write_all(&[1]);
    assert_eq!(heard(&ends.reader, &ends.pipe), [], "it has not looked yet");
    assert_eq!(ends.read(), Ok(vec![vec![1]]));
    ends.write_all(&[2]);
    assert_eq!(
        heard(&ends.reader, &ends.pipe),
        [],
        "it was not told that nothing is left"
    );
    assert_eq!(ends.read(), Ok(vec![vec![2]]));
    assert_eq!(ends.read(), Err(Read::Empty));
    assert_eq!(ends.read(), Err(Read::Empty));
    ends.write_all(&[3]);
    ends.write_all(&[4]);
    ends.write_all(&[5; BLOCK_BYTES]);
    ends.pipe.end();
    assert_eq!(heard(&ends.reader, &ends.pipe), [readable()]);
}

#[test]
fn end_wakes_a_waiting_reader() {
    let mut ends = Ends::new();
    assert_eq!(ends.read(), Err(Read::Empty));
    ends.pipe.end();
    ends.pipe.end();
    assert_eq!(heard(&ends.reader, &ends.pipe), [readable()]);
    assert_eq!(ends.read(), Err(Read::Ended));
    assert_eq!(heard(&ends.writer, &ends.pipe), []);
}

#[test]
fn destroy_drops_and_tells_the_other_side_once() {
    for (side, error) in [
        (Side::Writer, None),
        (Side::Reader, None),
        (Side::Writer, Some(&b"err"[..])),
        (Side::Reader, Some(b"err")),
    ] {
        let mut ends = Ends::new();
        ends.write_all(&[1; 300]);
        ends.write_all(&[2; 300]);
        assert_eq!(
            ends.pipe.read(&mut [0; 400], &mut [0; 9]),
            Read::Chunks { bytes: 300, chunks: 1 }
        );
        ends.write_all(&[3; BLOCK_BYTES]);
        ends.pipe.destroy(side, error);
        ends.pipe.destroy(Side::Reader, Some(b"again"));
        ends.pipe.destroy(Side::Writer, Some(b"again"));
        ends.pipe.end();
        let (own, other) = match side {
            Side::Writer => (&ends.writer, &ends.reader),
            Side::Reader => (&ends.reader, &ends.writer),
        };
        let reason = if error.is_some() {
            Reason::Failed
        } else {
            Reason::Destroyed
        };
        assert_eq!(heard(other, &ends.pipe), [ended(reason, error.unwrap_or_default())]);
        assert_eq!(heard(own, &ends.pipe), []);
        assert!(ends.forgotten());
        assert_eq!(ends.pipe.readable(BLOCK_BYTES, BLOCK_CHUNKS), 0);
        assert_eq!(ends.read(), Err(Read::Over), "not the proper end");
        assert_eq!(ends.pipe.write(&[1]), Written::Over);
    }
}

#[test]
fn destroy_of_a_writer_that_ended_counts_only_with_an_error() {
    let mut ends = Ends::new();
    ends.write_all(&[1]);
    ends.pipe.end();
    ends.pipe.destroy(Side::Writer, None);
    assert_eq!(ends.read(), Ok(vec![vec![1]]));
    ends.pipe.destroy(Side::Writer, Some(b"err"));
    assert_eq!(ends.read(), Err(Read::Over));
    assert_eq!(heard(&ends.reader, &ends.pipe), [ended(Reason::Failed, b"err")]);
}

#[test]
fn destroy_by_the_reader_reaches_a_writer_that_ended() {
    let mut ends = Ends::new();
    ends.write_all(&[1]);
    ends.pipe.end();
    ends.pipe.destroy(Side::Reader, None);
    assert_eq!(heard(&ends.writer, &ends.pipe), [ended(Reason::Destroyed, &[])]);
    assert_eq!(ends.read(), Err(Read::Over));
    assert!(ends.forgotten());
}

#[test]
fn agent_ended_is_premature_for_the_other_side() {
    let mut ends = Ends::new();
    ends.write_all(&[1]);
    ends.writer.inbox.close();
    agent_ended(ends.writer.id);
    assert_eq!(heard(&ends.reader, &ends.pipe), [ended(Reason::Premature, &[])]);
    assert_eq!(ends.read(), Err(Read::Over));
    assert!(ends.forgotten());

    let ends = Ends::new();
    let _ = ends.pipe.write(&vec![0; 2 << 20]);
    ends.reader.inbox.close();
    agent_ended(ends.reader.id);
    assert_eq!(heard(&ends.writer, &ends.pipe), [ended(Reason::Premature, &[])]);
    assert_eq!(ends.pipe.write(&[1]), Written::Over);
    assert!(ends.forgotten());
}

#[test]
fn agent_ended_after_end_leaves_the_rest_to_the_reader() {
    let mut ends = Ends::new();
    ends.write_all(&[1; 70_000]);
    ends.pipe.end();
    ends.writer.inbox.close();
    agent_ended(ends.writer.id);
    assert_eq!(ends.read(), Ok(vec![vec![1; BLOCK_BYTES]]));
    assert_eq!(ends.read(), Ok(vec![vec![1; 70_000 - BLOCK_BYTES]]));
    assert!(!ends.forgotten());
    assert_eq!(ends.read(), Err(Read::Ended));
    assert!(ends.forgotten());
    assert_eq!(heard(&ends.reader, &ends.pipe), []);
}

#[test]
fn open_to_an_ended_agent_is_over_at_once() {
    let Ends { writer, reader, .. } = Ends::new();
    reader.inbox.close();
    agent_ended(reader.id);
    let _ = writer.inbox.drain(&mut [0; 64]);
    let pipe = Pipe::open(Arc::clone(&writer), reader);
    assert_eq!(heard(&writer, &pipe), [ended(Reason::Premature, &[])]);
    assert_eq!(pipe.write(&[1]), Written::Over);
    assert!(find(pipe.id).is_none());
}

#[test]
fn drops_agents_with_the_pipe_and_keeps_few_blocks() {
    let Ends { writer, reader, .. } = Ends::new();
    let before = (Arc::strong_count(&writer), Arc::strong_count(&reader));
    let pipes: Vec<_> = (0..4)
        .map(|_| Pipe::open(Arc::clone(&writer), Arc::clone(&reader)))
        .collect();
    for pipe in &pipes {
        let _ = pipe.write(&vec![0; 1 << 20]);
        pipe.destroy(Side::Reader, None);
    }
    assert!(block::spare() <= block::SPARE_BLOCKS);
    drop(pipes);
    assert_eq!((Arc::strong_count(&writer), Arc::strong_count(&reader)), before);
}

/// What a reader's garbage collector frees in one go stays in the process: it is there for what is read next.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn memory_that_was_freed_is_not_faulted_in_again() {
    const BYTES: usize = 24 << 20;
    let ends = Ends::new();
    ends.write_all(&[1]);
    // Above glibc's highest threshold, so that it is mapped anew. Pages differ in size between machines.
    let mapped = page_faults_of(|| drop(written_to(2 * BYTES))) / 2;
    let read = || {
        let blocks: Vec<_> = (0..BYTES / BLOCK_BYTES).map(|_| written_to(BLOCK_BYTES)).collect();
        drop(blocks);
    };
    read();
    let again = page_faults_of(read);
    assert!(again < mapped / 2, "{again} of {mapped} pages were faulted in again");
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn written_to(bytes: usize) -> Vec<u8> {
    std::hint::black_box(vec![7; bytes])
}

/// How many pages this thread faults in meanwhile: field 10 of proc_pid_stat(5).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn page_faults_of(work: impl FnOnce()) -> usize {
    let so_far = || -> usize {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let after_name = stat.rsplit(')').next().unwrap();
        after_name.split_whitespace().nth(7).unwrap().parse().unwrap()
    };
    let before = so_far();
    work();
    so_far() - before
}
