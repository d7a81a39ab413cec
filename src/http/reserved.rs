//! Frames of a WebSocket whose reserved bits are set (RFC 6455, section 5.2).
//!
//! No extension is ever agreed on, so such a frame is a protocol error. actix-http does not look at
//! those bits; its decoder is shown an opcode there that it refuses.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::error::PayloadError;
use actix_web::web::{Bytes, Payload};
use futures_util::Stream;

const RESERVED_BITS: u8 = 0x70;
/// A final frame with opcode 15, which means nothing.
const REFUSED: u8 = 0x8f;
const MASK_BYTES: u64 = 4;

/// The bytes of a connection, as they come.
pub(super) struct Checked {
    payload: Payload,
    place: Place,
}

/// Where the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Final bit, reserved bits, opcode.
    First,
    /// Mask bit, length.
    Length,
    /// So many bytes of a longer length.
    Extended { left: u8, length: u64, masked: bool },
    /// So many bytes until the next frame.
    Body(u64),
    /// A frame was refused; nothing behind it counts.
    Refused,
}

impl Checked {
    pub(super) fn new(payload: Payload) -> Self {
        Self { payload, place: Place::First }
    }
}

impl Place {
    /// Passes over bytes; tells which one has reserved bits set, if any.
    fn pass(&mut self, bytes: &[u8]) -> Option<usize> {
        let body = |length: u64, masked: bool| match length.saturating_add(if masked {
            MASK_BYTES
        } else {
            0
        }) {
            0 => Self::First,
            left => Self::Body(left),
        };
        let mut at = 0;
        while let Some(byte) = bytes.get(at).copied() {
            *self = match *self {
                Self::First if byte & RESERVED_BITS != 0 => {
                    *self = Self::Refused;
                    return Some(at);
                }
                Self::First => Self::Length,
                Self::Length => {
                    let masked = byte & 0x80 != 0;
                    match byte & 0x7f {
                        126 => Self::Extended { left: 2, length: 0, masked },
                        127 => Self::Extended { left: 8, length: 0, masked },
                        length => body(length.into(), masked),
                    }
                }
                Self::Extended { left, length, masked } => {
                    let length = (length << 8) | u64::from(byte);
                    match left {
                        1 => body(length, masked),
                        left => Self::Extended { left: left - 1, length, masked },
                    }
                }
                Self::Body(left) => {
                    let here = left.min((bytes.len() - at) as u64);
                    at += here as usize;
                    *self = if here == left { Self::First } else { Self::Body(left - here) };
                    continue;
                }
                Self::Refused => return None,
            };
            at += 1;
        }
        None
    }
}

impl Stream for Checked {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.payload).poll_next(cx).map(|item| {
            item.map(|read| {
                read.map(|bytes| match self.place.pass(&bytes) {
                    None => bytes,
                    Some(at) => {
                        let mut shown = bytes.to_vec();
                        shown[at] = REFUSED;
                        shown.into()
                    }
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A frame of a client, with a mask.
    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut out = vec![first];
        match length {
            0..126 => out.push(0x80 | length as u8),
            126..65_536 => {
                out.push(0x80 | 126);
                out.extend((length as u16).to_be_bytes());
            }
            _ => {
                out.push(0x80 | 127);
                out.extend((length as u64).to_be_bytes());
            }
        }
        // Mask and body are full of what would be reserved bits at a frame's first byte.
        out.extend(vec![0xff; 4 + length]);
        out
    }

    proptest! {
        #[test]
        fn a_reserved_bit_is_seen_wherever_the_bytes_are_cut(
            lengths in prop::collection::vec(
                prop_oneof![0..4_usize, 120..130_usize, 65_530..65_540_usize], 1..6),
            bad in 0..12_usize, bit in 4..7_u32, cut in 1..70_000_usize,
        ) {
            let mut bytes = Vec::new();
            let mut wanted = None;
            for (nth, length) in lengths.iter().enumerate() {
                let first = if nth == bad { 0x82 | (1 << bit) } else { 0x82 };
                if nth == bad {
                    wanted = Some(bytes.len());
                }
                bytes.extend(frame(first, *length));
            }
            let (mut place, mut found, mut before) = (Place::First, None, 0);
            for part in bytes.chunks(cut) {
                found = found.or(place.pass(part).map(|at| before + at));
                before += part.len();
            }
            prop_assert_eq!(found, wanted);
            prop_assert!(wanted.is_some() || place == Place::First);
        }
    }
}
