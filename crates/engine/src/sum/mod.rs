//! SHA-256 sums of several messages at once.
//!
//! A processor with instructions for SHA-256 waits in a sum for the result of the round before. Two
//! messages in turns fill a part of that wait: a quarter more bytes in the same time, measured on a
//! Sapphire Rapids. Which messages go together does not matter, so any number of any lengths are
//! shared out over two lanes.

use sha2::block_api::compress256;

use crate::id::RawId;

#[cfg(target_arch = "x86_64")]
mod pair;
#[cfg(test)]
mod tests;

const BLOCK_BYTES: usize = 64;

type Block = [u8; BLOCK_BYTES];
type State = [u32; 8];

/// What a sum begins with, as the standard has it.
const START: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// A sum of bytes that come in pieces.
#[derive(Debug, Clone)]
pub(crate) struct Sum {
    state: State,
    bytes: u64,
    /// What has been given since the last whole block.
    rest: Block,
}

impl Sum {
    /// The sum of nothing so far.
    pub(crate) fn new() -> Self {
        Self { state: START, bytes: 0, rest: [0; BLOCK_BYTES] }
    }

    /// The last block or two: the rest, a bit, zeros, and the number of bits at the end of a block.
    fn tail(&self) -> ([Block; 2], usize) {
        let mut tail = [[0; BLOCK_BYTES]; 2];
        let rest = (self.bytes % BLOCK_BYTES as u64) as usize;
        let end = if rest < BLOCK_BYTES - 8 { 1 } else { 2 };
        tail[0][..rest].copy_from_slice(&self.rest[..rest]);
        tail[0][rest] = 0x80;
        let bits = self.bytes.wrapping_mul(8).to_be_bytes();
        tail[end - 1][BLOCK_BYTES - 8..].copy_from_slice(&bits);
        (tail, end)
    }

    fn id(&self) -> RawId {
        let mut bytes = [0; RawId::LENGTH];
        for (to, word) in bytes.chunks_exact_mut(4).zip(self.state) {
            to.copy_from_slice(&word.to_be_bytes());
        }
        RawId::from_bytes(bytes)
    }
}

/// Goes on with `sum`, of which `more` is the next piece or, if it `is_last`, what remains, and
/// takes the sums of whole messages beside it. Returns the finished sum, if it is, and those of the
/// messages in their order.
pub(crate) fn go_on(
    sum: &mut Sum,
    more: &[u8],
    is_last: bool,
    messages: &[&[u8]],
) -> (Option<RawId>, Vec<RawId>) {
    let mut parts = Vec::with_capacity(messages.len() + 1);
    parts.push(Part::new(sum.clone(), more, is_last));
    parts.extend(messages.iter().map(|message| Part::new(Sum::new(), message, true)));
    take_in(&mut parts);
    let mut sums = parts.into_iter().map(|part| part.sum);
    *sum = sums.next().expect("it is the first of them");
    (is_last.then(|| sum.id()), sums.map(|sum| sum.id()).collect())
}

/// The sums of whole messages, in their order.
pub(crate) fn of_all<'a>(messages: impl IntoIterator<Item = &'a [u8]>) -> Vec<RawId> {
    let messages = messages.into_iter();
    let mut parts: Vec<_> = messages.map(|it| Part::new(Sum::new(), it, true)).collect();
    take_in(&mut parts);
    parts.iter().map(|part| part.sum.id()).collect()
}

/// What is still to go into one sum.
struct Part<'a> {
    sum: Sum,
    /// The whole blocks of the message.
    blocks: &'a [Block],
    /// What comes after them: the rest of a message that ends, and its length.
    tail: [Block; 2],
    /// Which blocks of the tail are still to come.
    tail_start: usize,
    tail_end: usize,
}

impl<'a> Part<'a> {
    fn new(mut sum: Sum, bytes: &'a [u8], is_last: bool) -> Self {
        let begun = (sum.bytes % BLOCK_BYTES as u64) as usize;
        sum.bytes += bytes.len() as u64;
        let mut blocks: &[Block] = &[];
        if begun > 0 && begun + bytes.len() < BLOCK_BYTES {
            sum.rest[begun..][..bytes.len()].copy_from_slice(bytes);
        } else {
            let mut bytes = bytes;
            if begun > 0 {
                let (head, others) = bytes.split_at(BLOCK_BYTES - begun);
                sum.rest[begun..].copy_from_slice(head);
                compress256(&mut sum.state, std::slice::from_ref(&sum.rest));
                bytes = others;
            }
            let (whole, rest) = bytes.as_chunks();
            sum.rest[..rest.len()].copy_from_slice(rest);
            blocks = whole;
        }
        let (tail, tail_end) = if is_last { sum.tail() } else { ([[0; BLOCK_BYTES]; 2], 0) };
        Self { sum, blocks, tail, tail_start: 0, tail_end }
    }

    /// The blocks that come next; none once all are taken in.
    fn next(&mut self) -> (&mut State, &[Block]) {
        let tail = &self.tail[self.tail_start..self.tail_end];
        (&mut self.sum.state, if self.blocks.is_empty() { tail } else { self.blocks })
    }

    /// Passes over so many of those; true if there are more.
    fn advance(&mut self, count: usize) -> bool {
        if self.blocks.is_empty() {
            self.tail_start += count;
        } else {
            self.blocks = &self.blocks[count..];
        }
        !self.blocks.is_empty() || self.tail_start < self.tail_end
    }
}

/// Takes all parts into their sums.
fn take_in(parts: &mut [Part<'_>]) {
    let mut by_length: Vec<_> = parts.iter_mut().collect();
    // The shortest ones last, so that no lane is left alone with a long one.
    by_length.sort_by_key(|part| part.blocks.len());
    let mut first = by_length.pop();
    let mut second = by_length.pop();
    while let (Some(one), Some(other)) = (&mut first, &mut second) {
        let ((one_state, one_blocks), (other_state, other_blocks)) = (one.next(), other.next());
        let count = one_blocks.len().min(other_blocks.len());
        compress_two(one_state, &one_blocks[..count], other_state, &other_blocks[..count]);
        if !one.advance(count) {
            first = by_length.pop();
        }
        if !other.advance(count) {
            second = by_length.pop();
        }
    }
    if let Some(last) = first.or(second) {
        loop {
            let (state, blocks) = last.next();
            let count = blocks.len();
            compress256(state, blocks);
            if !last.advance(count) {
                break;
            }
        }
    }
}

/// Takes as many blocks into one sum as into another.
fn compress_two(one: &mut State, one_blocks: &[Block], other: &mut State, other_blocks: &[Block]) {
    #[cfg(target_arch = "x86_64")]
    if pair::compress(one, one_blocks, other, other_blocks) {
        return;
    }
    compress256(one, one_blocks);
    compress256(other, other_blocks);
}
