//! What the targets share.

use nanolith::core::agent::Agent;
use nanolith::core::inbox::{Drained, HEADER};

/// The frames (kind and fields) that wait in an agent's inbox.
pub fn frames(agent: &Agent) -> Vec<Vec<u8>> {
    let (mut scratch, mut frames) = (vec![0; 256], Vec::new());
    loop {
        match agent.inbox.drain(&mut scratch) {
            Drained::Bytes(0) => return frames,
            Drained::Bytes(end) => frames.extend(split(&scratch[..end])),
            Drained::Needs(bytes) => scratch.resize(bytes, 0),
        }
    }
}

/// The frames of what was drained: whole ones, or this panics.
pub fn split(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (header, rest) = bytes.split_at(HEADER);
        let length = u32::from_le_bytes(header.try_into().unwrap()) as usize;
        let (frame, rest) = rest.split_at(length);
        frames.push(frame.to_vec());
        bytes = rest;
    }
    frames
}

/// The number that begins a frame's fields.
pub fn number(frame: &[u8]) -> u32 {
    u32::from_le_bytes(frame[1..5].try_into().unwrap())
}
