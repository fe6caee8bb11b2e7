//! The message kinds that the core itself writes, and their fields.
//!
//! `lib/protocol.js` is the one table of every kind; a unit test here reads it and compares, so the two sides cannot
//! drift. Kinds that only JavaScript writes and reads are not repeated: the core copies them without looking.

/// The first byte of a frame's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// To a caller: `call u32, key f64`. The item has its slot; start its thread.
    Grant = 2,
    /// To a root: `thread u32`. A warm set needs one more thread.
    StartWarm = 3,
    /// To an idle warm thread: take work from the pool.
    Work = 4,
    /// To a thread: end, after what arrived before.
    End = 5,
    /// To a caller: `call u32`, then bytes that the owner of the thread wrote. The thread ended before it answered.
    Ended = 9,
    /// To a caller: `call u32`, then bytes that the thread wrote. The set's file did not load.
    LoadFailed = 10,
    /// To a subscriber: `subscription u32`, then bytes that another subscriber of its channel wrote.
    Broadcast = 16,
    /// To a subscriber: `subscription u32`. Its channel was closed for all, after what arrived before.
    MessengerClosed = 17,
    /// To a reader that found nothing: `pipe u32`. Now there is something, or the end.
    PipeReadable = 22,
    /// To a writer whose bytes were not all taken: `pipe u32`. A quarter of the queue is free.
    PipeWritable = 23,
    /// To either side: `pipe u32, reason u8`, then bytes that the other side wrote. The other side destroyed it or died.
    PipeEnded = 24,
    /// To the owner of a thread: `thread u32`. End it now, spinning or not.
    Terminate = 25,
    /// To a warm thread: `call u32, caller u32`. The caller of the task that it runs has ended.
    CallerEnded = 30,
    /// To the owner of a thread: `thread u32`. It has nothing more to do, and is about to end by itself.
    Ending = 33,
    /// To a root: a warm thread was woken. Look soon whether it has come.
    Woken = 34,
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Kind;

    #[test]
    fn kinds_match_the_javascript_table() {
        let table = include_str!("../../lib/protocol.js");
        for (name, kind) in [
            ("GRANT", Kind::Grant),
            ("START_WARM", Kind::StartWarm),
            ("WORK", Kind::Work),
            ("END", Kind::End),
            ("ENDED", Kind::Ended),
            ("LOAD_FAILED", Kind::LoadFailed),
            ("BROADCAST", Kind::Broadcast),
            ("MESSENGER_CLOSED", Kind::MessengerClosed),
            ("PIPE_READABLE", Kind::PipeReadable),
            ("PIPE_WRITABLE", Kind::PipeWritable),
            ("PIPE_ENDED", Kind::PipeEnded),
            ("TERMINATE", Kind::Terminate),
            ("CALLER_ENDED", Kind::CallerEnded),
            ("ENDING", Kind::Ending),
            ("WOKEN", Kind::Woken),
        ] {
            let line = format!("export const {name} = {};", kind as u8);
            assert!(table.contains(&line), "lib/protocol.js lacks `{line}`");
        }
    }
}
