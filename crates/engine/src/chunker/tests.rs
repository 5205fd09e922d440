use proptest::prelude::*;

use super::*;

const WINDOW: usize = 64;

/// Restic's way, one byte after the other, with its window and the byte 1 in front.
fn reference_lengths(polynomial: Polynomial, file: &[u8]) -> Vec<usize> {
    let modulo = |value: u128| -> u64 {
        let mut value = value;
        while value >> 53 != 0 {
            let degree = 127 - value.leading_zeros();
            value ^= u128::from(polynomial.bits()) << (degree - 53);
        }
        value as u64
    };
    let append = |digest: u64, byte: u8| modulo(u128::from(digest) << 8 | u128::from(byte));
    let mut leaving = [0u64; 256];
    for (byte, out) in leaving.iter_mut().enumerate() {
        *out = (1..WINDOW).fold(byte as u64, |digest, _| append(digest, 0));
    }
    let reduce: Vec<u64> =
        (0..256u128).map(|byte| modulo(byte << 53) | (byte as u64) << 53).collect();
    let mut lengths = Vec::new();
    let mut start = 0;
    while start < file.len() {
        let (mut window, mut at, mut digest) = ([0u8; WINDOW], 0, 0u64);
        let mut slide = |digest: &mut u64, byte: u8| {
            *digest ^= leaving[usize::from(window[at])];
            window[at] = byte;
            at = (at + 1) % WINDOW;
            let index = (*digest >> 45) as usize;
            *digest = (*digest << 8 | u64::from(byte)) ^ reduce[index];
        };
        slide(&mut digest, 1);
        let rest = &file[start..file.len().min(start + CHUNK_BYTES_MAX)];
        let mut length = rest.len();
        for (before, byte) in rest.iter().enumerate().skip(CHUNK_BYTES_MIN - WINDOW) {
            slide(&mut digest, *byte);
            if before + 1 >= CHUNK_BYTES_MIN && digest & 0xf_ffff == 0 {
                length = before + 1;
                break;
            }
        }
        lengths.push(length);
        start += length;
    }
    lengths
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(mixed ^ mixed >> 31).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn polynomial(text: &str) -> Polynomial {
    text.parse().expect("a polynomial")
}

fn lengths(polynomial: Polynomial, file: &[u8]) -> Vec<usize> {
    ChunkFinder::new(polynomial).chunk_lengths(file).collect()
}

#[test]
fn files_are_cut_where_restic_0_19_1_cut_them() {
    let polynomial = polynomial("2ec7029ad95267");
    let random = noise(23, 24 << 20);
    assert_eq!(
        lengths(polynomial, &random),
        [
            1347761, 1385420, 726342, 2022611, 3491156, 2781193, 1177747, 793031, 731660, 858227,
            1693576, 747543, 1020510, 4816699, 1316746, 255602
        ]
    );
    let runs =
        [&random[..3_000_000], &[0; 2_000_000], &[0xa5; 20_000_000], &random[3_000_000..6_000_000]];
    assert_eq!(
        lengths(polynomial, &runs.concat()),
        [
            1347761, 1385420, 524288, 524288, 524288, 524288, 8388608, 8388608, 3851974, 2022611,
            517866
        ]
    );
}

#[test]
fn four_lanes_find_what_one_finds() {
    for seed in 0..4 {
        let polynomial = Polynomial::random().expect("random bytes");
        let file = noise(seed, 12 << 20);
        assert_eq!(lengths(polynomial, &file), reference_lengths(polynomial, &file));
    }
}

#[test]
fn cuts_close_to_each_other_and_to_the_limits_are_found_in_order() {
    // Zeros put a candidate behind each of them, from the 64th on, wherever they stand.
    let polynomial = polynomial("3da3358b4dc173");
    for (distance, run) in [(0, 64), (1, 65), (63, 70), (64, 200), (8191, 66), (32_767, 30_000)] {
        for shift in 0..130 {
            let mut file = vec![0x55; CHUNK_BYTES_MIN + 70_000];
            let start = CHUNK_BYTES_MIN - WINDOW - 3 + distance + shift;
            file[start..][..run].fill(0);
            let expected = reference_lengths(polynomial, &file);
            assert_eq!(lengths(polynomial, &file), expected, "{distance} {run} {shift}");
        }
    }
}

#[test]
fn lengths_around_the_limits_are_cut_as_they_must_be() {
    let polynomial = polynomial("3da3358b4dc173");
    let finder = ChunkFinder::new(polynomial);
    let constant = vec![0xa5; CHUNK_BYTES_MAX * 2 + 3];
    for length in [0, 1, 63, 64, CHUNK_BYTES_MIN - 1, CHUNK_BYTES_MIN, CHUNK_BYTES_MIN + 1] {
        let expected: Vec<usize> = Some(length).filter(|length| *length > 0).into_iter().collect();
        assert_eq!(lengths(polynomial, &constant[..length]), expected);
    }
    assert_eq!(lengths(polynomial, &constant), [CHUNK_BYTES_MAX, CHUNK_BYTES_MAX, 3]);
    let mut search = CutSearch::default();
    assert_eq!(finder.find_cut(&mut search, &constant[..CHUNK_BYTES_MAX - 1], false), None);
    assert_eq!(finder.find_cut(&mut search, &constant, false), Some(CHUNK_BYTES_MAX));
    assert_eq!(finder.find_cut(&mut search, b"", true), None);
}

#[test]
fn zeros_are_cut_into_the_chunk_whose_id_is_known() {
    let zeros = vec![0; CHUNK_BYTES_MIN * 3 + 1];
    let lengths = lengths(polynomial("3da3358b4dc173"), &zeros);
    assert_eq!(lengths, [CHUNK_BYTES_MIN, CHUNK_BYTES_MIN, CHUNK_BYTES_MIN, 1]);
    assert_eq!(BlobId::of(&zeros[..CHUNK_BYTES_MIN]), ZERO_CHUNK);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn data_may_come_in_pieces_of_any_size(
        seed in any::<u64>(),
        pieces in prop::collection::vec(1usize..700_000, 1..20),
        zeros in 0usize..400_000,
    ) {
        let polynomial = polynomial("2ec7029ad95267");
        let finder = ChunkFinder::new(polynomial);
        let mut file = noise(seed, 3 << 20);
        let at = (seed % (2 << 20)) as usize;
        file[at..at + zeros].fill(0);
        let (mut found, mut start, mut end) = (Vec::new(), 0, 0);
        let mut search = CutSearch::default();
        for piece in pieces.iter().cycle() {
            end = (end + piece).min(file.len());
            let is_end = end == file.len();
            while let Some(length) = finder.find_cut(&mut search, &file[start..end], is_end) {
                found.push(length);
                start += length;
            }
            if is_end {
                break;
            }
        }
        prop_assert_eq!(found, reference_lengths(polynomial, &file));
    }
}
