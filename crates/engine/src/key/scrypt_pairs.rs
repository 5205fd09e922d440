//! scrypt with two lanes side by side in the registers of each core, twice as fast as one by one.
//!
//! Every step of a lane waits for the one before, so a core that works on one lane is idle for most
//! of the time. Where a processor has registers for two, both advance in the same instructions; the
//! result is the same, byte for byte. [`Registers::of_this_computer`] tells whether it has; all other
//! computers, and tests of this module, use the crate `scrypt`.

use crate::manners;
use std::arch::x86_64::{
    __m128i, __m256i, _mm_set_epi32, _mm256_add_epi32, _mm256_castsi256_si128,
    _mm256_extract_epi32, _mm256_extracti128_si256, _mm256_or_si256, _mm256_set_m128i,
    _mm256_setzero_si256, _mm256_shuffle_epi32, _mm256_slli_epi32, _mm256_srli_epi32,
    _mm256_xor_si256,
};

use parking_lot::Mutex;
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes that scrypt mixes at a time.
const BLOCK_BYTES: usize = 64;

/// The best instructions that this processor has for it. Nobody but this module, which asks the
/// processor, can make a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Registers(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Registers of 32 bytes.
    Avx2,
    /// The same, and one instruction in place of three for each rotation.
    Avx512,
}

/// What scrypt is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// Number of blocks of memory for each lane, a power of two.
    pub(super) n: usize,
    /// Pairs of 64 bytes in each such block.
    pub(super) r: usize,
    /// Number of lanes.
    pub(super) p: usize,
}

/// Four columns of a block's words, from two lanes: the first lane's in the low halves.
type Block = [__m256i; 4];

/// The same of one lane.
type HalfBlock = [__m128i; 4];

/// The memory that the lanes of a pair are mixed with.
#[derive(Default)]
struct Memory([Vec<HalfBlock>; 2]);

impl Registers {
    /// The best that this computer has.
    pub(super) fn of_this_computer() -> Option<Self> {
        Self::all_of_this_computer().next()
    }

    /// All that it has, the best first.
    fn all_of_this_computer() -> impl Iterator<Item = Self> {
        let best = is_x86_feature_detected!("avx512vl").then_some(Self(Kind::Avx512));
        best.into_iter().chain(is_x86_feature_detected!("avx2").then_some(Self(Kind::Avx2)))
    }

    fn mix(self, lanes: [&mut [u8]; 2], cost: Cost, memory: &mut Memory) {
        #[allow(unsafe_code, reason = "calling what not every processor can do")]
        match self.0 {
            // SAFETY: a value is made in `all_of_this_computer` alone, once the processor has said that
            // it has the instructions.
            Kind::Avx2 => unsafe { mix_with_avx2(lanes, cost, memory) },
            // SAFETY: as above.
            Kind::Avx512 => unsafe { mix_with_avx512(lanes, cost, memory) },
        }
    }
}

impl Cost {
    /// Bytes of memory that a lane is mixed with.
    pub(super) fn lane_bytes(self) -> usize {
        self.n * self.chunk_bytes()
    }

    fn chunk_bytes(self) -> usize {
        2 * self.r * BLOCK_BYTES
    }
}

/// Derives a key, with so many threads at most. Each takes memory for two lanes.
pub(super) fn derive(
    registers: Registers,
    password: &[u8],
    salt: &[u8],
    cost: Cost,
    threads: usize,
    out: &mut [u8],
) {
    let mut lanes = Zeroizing::new(vec![0; cost.p * cost.chunk_bytes()]);
    pbkdf2_hmac::<Sha256>(password, salt, 1, &mut lanes);
    let pairs = Mutex::new(lanes.chunks_mut(2 * cost.chunk_bytes()));
    let work = || {
        let mut memory = Memory::default();
        loop {
            let Some(pair) = pairs.lock().next() else { return };
            let (first, second) = pair.split_at_mut(cost.chunk_bytes());
            if second.is_empty() {
                // The odd one out: half of the registers do the same work for nothing.
                let mut same = Zeroizing::new(first.to_vec());
                registers.mix([first, &mut same], cost, &mut memory);
            } else {
                registers.mix([first, second], cost, &mut memory);
            }
        }
    };
    let others = threads.clamp(1, cost.p.div_ceil(2)) - 1;
    std::thread::scope(|scope| {
        (0..others).for_each(|_| drop(scope.spawn(manners::as_here(work))));
        work();
    });
    pbkdf2_hmac::<Sha256>(password, &lanes, 1, out);
}

/// Which of a block's 16 words stands where in its columns. So a round works on whole registers, and
/// between two rounds the words only turn within them.
fn word_at(column: usize, row: usize) -> usize {
    (4 * column + 5 * row) % 16
}

/// The compiler makes one function of this for each kind of registers, because what is called in it
/// must be compiled for the same.
macro_rules! mixing {
    ($name:ident, $features:literal) => {
        #[target_feature(enable = $features)]
        fn $name(lanes: [&mut [u8]; 2], cost: Cost, memory: &mut Memory) {
            #[inline]
            #[target_feature(enable = $features)]
            fn rotate<const LEFT: i32, const RIGHT: i32>(words: __m256i) -> __m256i {
                _mm256_or_si256(_mm256_slli_epi32::<LEFT>(words), _mm256_srli_epi32::<RIGHT>(words))
            }

            /// Salsa20 with eight rounds.
            #[inline]
            #[target_feature(enable = $features)]
            fn salsa(block: Block) -> Block {
                let [mut a, mut b, mut c, mut d] = block;
                for _ in 0..8 {
                    b = _mm256_xor_si256(b, rotate::<7, 25>(_mm256_add_epi32(a, d)));
                    c = _mm256_xor_si256(c, rotate::<9, 23>(_mm256_add_epi32(b, a)));
                    d = _mm256_xor_si256(d, rotate::<13, 19>(_mm256_add_epi32(c, b)));
                    a = _mm256_xor_si256(a, rotate::<18, 14>(_mm256_add_epi32(d, c)));
                    // Columns become rows, and the other way round.
                    let turned = _mm256_shuffle_epi32::<0b10_01_00_11>(b);
                    b = _mm256_shuffle_epi32::<0b00_11_10_01>(d);
                    c = _mm256_shuffle_epi32::<0b01_00_11_10>(c);
                    d = turned;
                }
                add(block, [a, b, c, d])
            }

            #[inline]
            #[target_feature(enable = $features)]
            fn add(one: Block, other: Block) -> Block {
                [
                    _mm256_add_epi32(one[0], other[0]),
                    _mm256_add_epi32(one[1], other[1]),
                    _mm256_add_epi32(one[2], other[2]),
                    _mm256_add_epi32(one[3], other[3]),
                ]
            }

            #[inline]
            #[target_feature(enable = $features)]
            fn xor(one: Block, other: Block) -> Block {
                [
                    _mm256_xor_si256(one[0], other[0]),
                    _mm256_xor_si256(one[1], other[1]),
                    _mm256_xor_si256(one[2], other[2]),
                    _mm256_xor_si256(one[3], other[3]),
                ]
            }

            #[inline]
            #[target_feature(enable = $features)]
            fn join(low: &HalfBlock, high: &HalfBlock) -> Block {
                [
                    _mm256_set_m128i(high[0], low[0]),
                    _mm256_set_m128i(high[1], low[1]),
                    _mm256_set_m128i(high[2], low[2]),
                    _mm256_set_m128i(high[3], low[3]),
                ]
            }

            /// scrypt's BlockMix.
            #[inline]
            #[target_feature(enable = $features)]
            fn mix_blocks(from: &[Block], to: &mut [Block]) {
                let half = from.len() / 2;
                let mut block = from[from.len() - 1];
                for (number, next) in from.iter().enumerate() {
                    block = salsa(xor(block, *next));
                    to[number / 2 + number % 2 * half] = block;
                }
            }

            let blocks = 2 * cost.r;
            let mixed: Vec<Block> = (0..blocks)
                .map(|number| {
                    let of_lane = |lane: &[u8]| {
                        let block = &lane[number * BLOCK_BYTES..][..BLOCK_BYTES];
                        let word = |column, row| {
                            let bytes = block[4 * word_at(column, row)..].first_chunk();
                            i32::from_le_bytes(*bytes.expect("a word has four bytes"))
                        };
                        [0, 1, 2, 3].map(|column| {
                            let [a, b, c, d] = [0, 1, 2, 3].map(|row| word(column, row));
                            _mm_set_epi32(d, c, b, a)
                        })
                    };
                    join(&of_lane(&*lanes[0]), &of_lane(&*lanes[1]))
                })
                .collect();
            // What comes out is the secret.
            let mut mixed = Zeroizing::new(mixed);
            let mut next = Zeroizing::new(vec![[_mm256_setzero_si256(); 4]; blocks]);

            let [low, high] = &mut memory.0;
            for kept in [&mut *low, &mut *high] {
                kept.clear();
                kept.reserve_exact(cost.n * blocks);
            }
            for _ in 0..cost.n {
                low.extend(
                    mixed.iter().map(|block| block.map(|half| _mm256_castsi256_si128(half))),
                );
                high.extend(
                    mixed.iter().map(|block| block.map(|half| _mm256_extracti128_si256::<1>(half))),
                );
                mix_blocks(&mixed, &mut next);
                std::mem::swap(&mut mixed, &mut next);
            }
            let mut crossed = Zeroizing::new(vec![[_mm256_setzero_si256(); 4]; blocks]);
            for _ in 0..cost.n {
                let [first, ..] = mixed[blocks - 1];
                let place = |word: i32| (word as u32 as usize & (cost.n - 1)) * blocks;
                let low = &low[place(_mm256_extract_epi32::<0>(first))..][..blocks];
                let high = &high[place(_mm256_extract_epi32::<4>(first))..][..blocks];
                for (number, block) in crossed.iter_mut().enumerate() {
                    *block = xor(mixed[number], join(&low[number], &high[number]));
                }
                mix_blocks(&crossed, &mut mixed);
            }

            for (number, block) in mixed.iter().enumerate() {
                for (column, words) in block.iter().enumerate() {
                    let words = [
                        _mm256_extract_epi32::<0>(*words),
                        _mm256_extract_epi32::<1>(*words),
                        _mm256_extract_epi32::<2>(*words),
                        _mm256_extract_epi32::<3>(*words),
                        _mm256_extract_epi32::<4>(*words),
                        _mm256_extract_epi32::<5>(*words),
                        _mm256_extract_epi32::<6>(*words),
                        _mm256_extract_epi32::<7>(*words),
                    ];
                    for (at, word) in words.into_iter().enumerate() {
                        let place = number * BLOCK_BYTES + 4 * word_at(column, at % 4);
                        lanes[at / 4][place..][..4].copy_from_slice(&word.to_le_bytes());
                    }
                }
            }
        }
    };
}

mixing!(mix_with_avx2, "avx2");
mixing!(mix_with_avx512, "avx512vl");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_one_that_the_crate_derives_for_every_shape_and_number_of_threads() {
        for (log_n, r, p) in
            [(1, 1, 1), (1, 8, 1), (2, 1, 2), (4, 8, 3), (6, 3, 4), (5, 8, 5), (9, 2, 7)]
        {
            for password in
                ["", "p", "a password of more than sixty-four bytes, which is hashed first"]
            {
                let salt: Vec<u8> = (0..64).map(|byte| byte ^ log_n).collect();
                let mut expected = [0; 64];
                let params = scrypt::Params::new(log_n, r, p).expect("valid");
                scrypt::scrypt(password.as_bytes(), &salt, &params, &mut expected).expect("valid");
                for registers in Registers::all_of_this_computer() {
                    for threads in [1, 2, 5] {
                        let mut derived = [0; 64];
                        let cost = Cost { n: 1 << log_n, r: r as usize, p: p as usize };
                        derive(registers, password.as_bytes(), &salt, cost, threads, &mut derived);
                        assert_eq!(derived, expected, "{registers:?} {cost:?} on {threads}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_published_example_comes_out() {
        // RFC 7914, section 12: the second example.
        let expected = [
            0xfd, 0xba, 0xbe, 0x1c, 0x9d, 0x34, 0x72, 0x00, 0x78, 0x56, 0xe7, 0x19, 0x0d, 0x01,
            0xe9, 0xfe, 0x7c, 0x6a, 0xd7, 0xcb, 0xc8, 0x23, 0x78, 0x30, 0xe7, 0x73, 0x76, 0x63,
            0x4b, 0x37, 0x31, 0x62, 0x2e, 0xaf, 0x30, 0xd9, 0x2e, 0x22, 0xa3, 0x88, 0x6f, 0xf1,
            0x09, 0x27, 0x9d, 0x98, 0x30, 0xda, 0xc7, 0x27, 0xaf, 0xb9, 0x4a, 0x83, 0xee, 0x6d,
            0x83, 0x60, 0xcb, 0xdf, 0xa2, 0xcc, 0x06, 0x40,
        ];
        for registers in Registers::all_of_this_computer() {
            let mut derived = [0; 64];
            let cost = Cost { n: 1024, r: 8, p: 16 };
            derive(registers, b"password", b"NaCl", cost, 2, &mut derived);
            assert_eq!(derived, expected);
        }
    }
}
