use sha2::{Digest, Sha256};

use super::*;

/// Bytes without a pattern that a block could repeat.
fn bytes(count: usize, seed: u32) -> Vec<u8> {
    let mix = |at: usize| (at as u32 ^ seed).wrapping_mul(0x9e37_79b9).rotate_left(13);
    (0..count).map(|at| (mix(at) >> 7) as u8).collect()
}

fn one_by_one(messages: &[&[u8]]) -> Vec<RawId> {
    messages.iter().map(|message| RawId::from_bytes(Sha256::digest(message).into())).collect()
}

#[test]
fn the_sums_of_messages_of_all_lengths_and_alignments_are_those_of_each_alone() {
    let source = bytes(700, 1);
    for length in 0..=520 {
        for start in [0, 1, 7, 31, 63] {
            let other = (length * 31 + start * 7) % 521;
            let messages = [&source[start..start + length], &source[64..64 + other], b"third"];
            assert_eq!(of_all(messages), one_by_one(&messages), "{length} {start}");
        }
    }
}

#[test]
fn any_number_of_messages_has_its_sums_in_its_order() {
    let source = bytes(9000, 2);
    for count in 0..12_usize {
        let lengths = (0..count).map(|at| (at * 2_654_435_761 + count * 977) % 9000);
        let messages: Vec<&[u8]> = lengths.map(|length| &source[..length]).collect();
        assert_eq!(of_all(messages.iter().copied()), one_by_one(&messages), "{count}");
    }
}

#[test]
fn a_sum_that_goes_on_in_pieces_is_that_of_the_whole() {
    let source = bytes(64 * 40 + 17, 3);
    for piece_bytes in [0, 1, 63, 64, 65, 192, 1000, source.len()] {
        for messages in [&[][..], &[&source[..5]], &[&source[..2000], &source[3..99], &[]]] {
            let mut sum = Sum::new();
            let (first, mut rest) = source.split_at(piece_bytes);
            let (none, sums) = go_on(&mut sum, first, false, messages);
            assert_eq!((none, sums), (None, one_by_one(messages)));
            for few in [0, 3, 60, 0, 70] {
                let more = rest.split_off(..few.min(rest.len())).expect("no more than it has");
                assert_eq!(go_on(&mut sum, more, false, &[]), (None, Vec::new()));
            }
            let (whole, sums) = go_on(&mut sum, rest, true, messages);
            assert_eq!(whole, one_by_one(&[&source]).pop(), "{piece_bytes}");
            assert_eq!(sums, one_by_one(messages));
        }
    }
}

/// What takes blocks into two sums.
type CompressTwo = fn(&mut State, &[Block], &mut State, &[Block]);

fn scalar(one: &mut State, one_blocks: &[Block], other: &mut State, other_blocks: &[Block]) {
    compress256(one, one_blocks);
    compress256(other, other_blocks);
}

#[test]
fn two_sums_in_turns_are_the_same_as_one_after_the_other() {
    let source = bytes(64 * 34, 4);
    let ways: [CompressTwo; 2] = [scalar, compress_two];
    for count in 0..=16 {
        for start in [0, 1, 5, 64] {
            let one = source[start..start + 64 * count].as_chunks().0;
            let other = source[64 * 17 - start..][..64 * count].as_chunks().0;
            let sums = ways.map(|way| {
                let (mut first, mut second) = (START, START.map(|word| !word));
                way(&mut first, one, &mut second, other);
                (first, second)
            });
            assert_eq!(sums[0], sums[1], "{count} {start}");
        }
    }
}

#[test]
fn the_sum_of_nothing_and_of_abc_are_the_published_ones() {
    let published = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ];
    let sums: Vec<_> = of_all([&b""[..], b"abc"]).iter().map(ToString::to_string).collect();
    assert_eq!(sums, published);
}
