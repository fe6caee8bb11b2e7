// Every message kind that crosses threads: who sends it to whom, and its fields after the kind byte. No logic.
//
// `call` is the caller's number for what it asked; `thrown` is the codec's. `value` is `u8 carried, u32 thread` and the
// codec's value, or its `thrown` where something was thrown; `carried` says where its host values are: 0 none, 1 the next
// message of the port between `thread` and its owner, 2 a port of their own, which is the next message of the port between
// the two. The kinds that the core writes stand in `src/core/protocol.rs` too, and a unit test there compares them with
// this file.

// owner → thread: u32 call, u8 work, text file, text identifier, text name, u32 n, n × text messenger, value
export const RUN = 1;
// core → caller: u32 call, f64 key. The item has its slot.
export const GRANT = 2;
// core → root: u32 thread. A warm set needs one more thread.
export const START_WARM = 3;
// core → warm thread: take work.
export const WORK = 4;
// core or owner → thread: end, after what arrived before.
export const END = 5;
// thread → caller: u32 call, value
export const REPLY = 6;
// thread → caller: u32 call, value. What the call threw.
export const FAILURE = 7;
// thread → caller: u32 call, value. An uncaught exception, which may be about to end the thread.
export const FATAL = 8;
// core → caller: u32 call, i32 exit code, u8 thrown?, [thrown]. The thread ended before it answered.
export const ENDED = 9;
// thread → caller (by the core for a warm set): u32 call, text file, thrown
export const LOAD_FAILED = 10;
// owner → service: u32 call, u32 name, value
export const CALL = 11;
// service → owner: u32 call. The initializer has run.
export const READY = 12;
// service → owner: u32 thread, value. An uncaught exception that the service survives.
export const EXCEPTION = 13;
// owner ↔ thread: value. Its thread is the one at either end that is not the owner.
export const MESSAGE = 14;
// owner → service: u32 call, text messenger. Answered with REPLY.
export const MESSENGER = 15;
// core → subscriber: u32 subscription, value. What another subscriber of its messenger sent.
export const BROADCAST = 16;
// core → subscriber: u32 subscription. Its messenger was closed for all, after what arrived before.
export const MESSENGER_CLOSED = 17;
// writer → reader: u32 thread, u32 pipe, value. A stream is offered; its thread is the one at either end of the line that
// is not the owner.
export const STREAM_OFFER = 18;
// reader → writer: u32 pipe. Somebody listens, and has been given the stream.
export const STREAM_ACCEPT = 19;
// core → reader: u32 pipe. There is something to read, or the end, after a read that found nothing.
export const PIPE_READABLE = 22;
// core → writer: u32 pipe. A quarter of the queue is free, after a write that was not taken whole.
export const PIPE_WRITABLE = 23;
// core → either side: u32 pipe, u8 reason, [thrown]. The other side destroyed it (0), with an error (1), or died (2).
export const PIPE_ENDED = 24;
// core → owner: u32 thread. End it now.
export const TERMINATE = 25;
// warm thread → caller: u32 call, u32 thread. Send the port with this call's host values, if the core lets you.
export const HOSTS_WANTED = 26;
// owner → thread: u32 call, u32 caller. The port is the next message of the port between the two.
export const HOSTS = 27;
// thread → its owner: a port for another thread is the next message of the port between the two: u32 thread,
// u32 call, u32 caller, u32 sender.
export const RELAY = 28;
// an agent → itself. What arrived before has been read.
export const MARK = 29;
// core → warm thread: u32 call, u32 caller. The caller of the task that runs has ended.
export const CALLER_ENDED = 30;
// warm thread → root: u32 thread, u8 talking? Whether it has written to the console what the root has not taken over.
export const TALKING = 31;
// thread → owner: u32 n, n × u8. V8's code cache of the package's file, for the threads that follow.
export const CODE = 32;
// core → owner: u32 thread. It has nothing more to do, and is about to end by itself.
export const ENDING = 33;
// core → root: a warm thread was woken. Look soon whether it has come.
export const WOKEN = 34;

// The kinds of work, as the core counts them.
export const ONE_OFF = 0;
export const WARM = 1;
export const SERVICE = 2;

// The flags of an item.
export const PRIORITY = 1;
export const REFFED = 2;
export const APART = 4;

// Where host values are.
export const CARRIED = 1;
export const CARRIED_APART = 2;
