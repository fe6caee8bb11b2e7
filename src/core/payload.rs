//! The bytes that an item carries while it waits.
//!
//! Small calls are the common case, and a heap block allocated by one thread and freed by another costs more than the
//! copy: up to [`INLINE`] bytes stay in the item itself.

const INLINE: usize = 46;

/// Immutable bytes, inline when they are few.
#[derive(Clone, Debug)]
pub enum Payload {
    Inline { length: u8, bytes: [u8; INLINE] },
    Heap(Box<[u8]>),
}

impl Payload {
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        if bytes.len() <= INLINE {
            let mut inline = [0; INLINE];
            inline[..bytes.len()].copy_from_slice(bytes);
            #[expect(clippy::cast_possible_truncation, reason = "INLINE fits in a byte")]
            return Self::Inline {
                length: bytes.len() as u8,
                bytes: inline,
            };
        }
        Self::Heap(bytes.into())
    }
}

impl std::ops::Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Self::Heap(bytes) => bytes,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn keeps_bytes_of_every_size() {
        for size in [0, 1, INLINE - 1, INLINE, INLINE + 1, 5000] {
            let bytes: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            assert_eq!(&*Payload::new(&bytes), &bytes[..]);
        }
    }
}
