//! Two SHA-256 sums in turns, with the instructions that x86-64 has for one.
//!
//! Its scalar twin is `compress256` of the crate `sha2`, over one sum after the other; the same tests
//! run over both.
#![allow(unsafe_code, reason = "a function of instructions that not every processor has")]

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_set_epi32, _mm_set_epi64x,
    _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
    _mm_shuffle_epi32,
};

use super::{Block, State};

/// The constants of the 64 rounds, as the standard has them.
const ROUNDS: [[u32; 4]; 16] = [
    [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5],
    [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
    [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3],
    [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
    [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc],
    [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
    [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7],
    [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
    [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13],
    [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
    [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3],
    [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
    [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5],
    [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
    [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208],
    [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
];

/// Takes as many blocks into one sum as into the other, or does nothing and returns false if the
/// processor has no instructions for it.
pub(super) fn compress(
    one: &mut State,
    one_blocks: &[Block],
    other: &mut State,
    other_blocks: &[Block],
) -> bool {
    let has_all = is_x86_feature_detected!("sha")
        && is_x86_feature_detected!("ssse3")
        && is_x86_feature_detected!("sse4.1");
    if has_all {
        // SAFETY: the processor has the instructions that the function is made of, which is all that
        // it asks for.
        unsafe { compress_in_turns(one, one_blocks, other, other_blocks) };
    }
    has_all
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn compress_in_turns(
    one_state: &mut State,
    one_blocks: &[Block],
    other_state: &mut State,
    other_blocks: &[Block],
) {
    let (mut one, mut other) = (load_state(one_state), load_state(other_state));
    for (one_block, other_block) in one_blocks.iter().zip(other_blocks) {
        let (one_before, other_before) = (one, other);
        let (mut one_words, mut other_words) = (load_block(one_block), load_block(other_block));
        for four in 0..4 {
            for at in 0..4 {
                if four > 0 {
                    schedule(&mut one_words, at);
                    schedule(&mut other_words, at);
                }
                let constants = constants(4 * four + at);
                four_rounds(&mut one, &mut other, constants, one_words[at], other_words[at]);
            }
        }
        one = sum(one, one_before);
        other = sum(other, other_before);
    }
    *one_state = store_state(one);
    *other_state = store_state(other);
}

/// A state as the instructions want it: its words 5, 4, 1, 0 and 7, 6, 3, 2, the lowest first.
#[derive(Clone, Copy)]
struct Halves {
    abef: __m128i,
    cdgh: __m128i,
}

#[inline]
#[target_feature(enable = "sse2")]
fn load_state(state: &State) -> Halves {
    let [a, b, c, d, e, f, g, h] = state.map(u32::cast_signed);
    Halves { abef: _mm_set_epi32(a, b, e, f), cdgh: _mm_set_epi32(c, d, g, h) }
}

#[inline]
#[target_feature(enable = "sse4.1")]
fn store_state(halves: Halves) -> State {
    let Halves { abef, cdgh } = halves;
    [
        _mm_extract_epi32::<3>(abef),
        _mm_extract_epi32::<2>(abef),
        _mm_extract_epi32::<3>(cdgh),
        _mm_extract_epi32::<2>(cdgh),
        _mm_extract_epi32::<1>(abef),
        _mm_extract_epi32::<0>(abef),
        _mm_extract_epi32::<1>(cdgh),
        _mm_extract_epi32::<0>(cdgh),
    ]
    .map(i32::cast_unsigned)
}

#[inline]
#[target_feature(enable = "sse2")]
fn sum(one: Halves, other: Halves) -> Halves {
    Halves { abef: _mm_add_epi32(one.abef, other.abef), cdgh: _mm_add_epi32(one.cdgh, other.cdgh) }
}

/// The sixteen words of a block, the first in the lowest place. They are big-endian in it.
#[inline]
#[target_feature(enable = "ssse3")]
fn load_block(block: &Block) -> [__m128i; 4] {
    let turn = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let (halves, _) = block.as_chunks::<8>();
    std::array::from_fn(|at| {
        let low = i64::from_le_bytes(halves[2 * at]);
        let high = i64::from_le_bytes(halves[2 * at + 1]);
        _mm_shuffle_epi8(_mm_set_epi64x(high, low), turn)
    })
}

#[inline]
#[target_feature(enable = "sse2")]
fn constants(of: usize) -> __m128i {
    let [a, b, c, d] = ROUNDS[of].map(u32::cast_signed);
    _mm_set_epi32(d, c, b, a)
}

/// The next four words, in place of those sixteen before them.
#[inline]
#[target_feature(enable = "sha,ssse3")]
fn schedule(words: &mut [__m128i; 4], at: usize) {
    let [first, second, third, fourth] = std::array::from_fn(|next| words[(at + next) % 4]);
    let sum =
        _mm_add_epi32(_mm_sha256msg1_epu32(first, second), _mm_alignr_epi8::<4>(fourth, third));
    words[at] = _mm_sha256msg2_epu32(sum, fourth);
}

/// Four rounds of both, in turns.
#[inline]
#[target_feature(enable = "sha,sse2")]
fn four_rounds(
    one: &mut Halves,
    other: &mut Halves,
    constants: __m128i,
    one_words: __m128i,
    other_words: __m128i,
) {
    let one_low = _mm_add_epi32(one_words, constants);
    let other_low = _mm_add_epi32(other_words, constants);
    one.cdgh = _mm_sha256rnds2_epu32(one.cdgh, one.abef, one_low);
    other.cdgh = _mm_sha256rnds2_epu32(other.cdgh, other.abef, other_low);
    let one_high = _mm_shuffle_epi32::<0x0e>(one_low);
    let other_high = _mm_shuffle_epi32::<0x0e>(other_low);
    one.abef = _mm_sha256rnds2_epu32(one.abef, one.cdgh, one_high);
    other.abef = _mm_sha256rnds2_epu32(other.abef, other.cdgh, other_high);
}
