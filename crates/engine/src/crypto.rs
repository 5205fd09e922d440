//! Sealing and opening, byte for byte as restic does it.
//!
//! Everything that is stored encrypted is `nonce (16) || AES-256-CTR ciphertext || tag (16)`. The tag
//! is Poly1305-AES over the ciphertext: the one-time key is the stored `r` and AES-128 of the nonce.
//! A [`MasterKey`] seals a repository's files; a key derived from a password seals the master key.
//! Key material is zeroed on drop and cannot be printed.

use std::cell::Cell;

#[cfg(test)]
use crate::testing::fault::{self, Fault};
use aes::cipher::array::Array;
use aes::cipher::{
    BlockCipherEncrypt, InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper,
};
use aes::{Aes128, Aes256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ctr::{CtrCore, flavors};
use poly1305::universal_hash::UniversalHash;
use poly1305::{Block, Poly1305};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// How many bytes sealing adds: a nonce of 16 and a tag of 16.
pub const OVERHEAD_BYTES: usize = NONCE_BYTES + TAG_BYTES;

const NONCE_BYTES: usize = 16;
const TAG_BYTES: usize = 16;

/// Bytes that go through cipher and MAC before the next ones, so that the second finds them where the
/// first left them: two pieces fit into the first cache of any processor of today.
const PIECE_BYTES: usize = 8 << 10;

/// Bytes that do not belong to this key, or that were changed after they were sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes do not match their seal")]
pub struct BrokenSeal;

/// What sealing adds to encrypted bytes, apart from them: it belongs to these bytes alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seal {
    nonce: [u8; NONCE_BYTES],
    tag: [u8; TAG_BYTES],
}

impl Seal {
    pub(crate) fn from_bytes(bytes: [u8; OVERHEAD_BYTES]) -> Self {
        let [nonce, tag] = [&bytes[..NONCE_BYTES], &bytes[NONCE_BYTES..]]
            .map(|half| half.try_into().expect("nonce and tag have 16 bytes each"));
        Self { nonce, tag }
    }

    pub(crate) fn to_bytes(self) -> [u8; OVERHEAD_BYTES] {
        let mut bytes = [0; OVERHEAD_BYTES];
        bytes[..NONCE_BYTES].copy_from_slice(&self.nonce);
        bytes[NONCE_BYTES..].copy_from_slice(&self.tag);
        bytes
    }
}

/// A key that seals and opens.
///
/// ```
/// use holdfast_engine::crypto::MasterKey;
///
/// let key = MasterKey::generate()?;
/// let mut sealed = key.seal(b"Dear reader");
/// assert_eq!(key.open(&sealed)?, b"Dear reader");
/// sealed[20] ^= 1;
/// assert!(key.open(&sealed).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MasterKey {
    material: Material,
    cipher: Aes256,
    mac_cipher: Aes128,
}

type Keystream = StreamCipherCoreWrapper<CtrCore<Aes256, flavors::Ctr128BE>>;

/// The 64 bytes of a key: cipher, then the two halves of the MAC's key.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
struct Material {
    encrypt: [u8; 32],
    mac_k: [u8; 16],
    mac_r: [u8; 16],
}

/// What sealed bytes consist of.
struct Parts<'a> {
    nonce: &'a [u8; NONCE_BYTES],
    ciphertext: &'a [u8],
    tag: &'a [u8; TAG_BYTES],
}

impl<'a> Parts<'a> {
    /// Those of bytes that are long enough, and whose nonce is one: restic refuses zeroes.
    fn of(sealed: &'a [u8]) -> Result<Self, BrokenSeal> {
        let (nonce, rest) = sealed.split_first_chunk().ok_or(BrokenSeal)?;
        let (ciphertext, tag) = rest.split_last_chunk().ok_or(BrokenSeal)?;
        let is_sound = *nonce != [0; NONCE_BYTES];
        if is_sound { Ok(Self { nonce, ciphertext, tag }) } else { Err(BrokenSeal) }
    }
}

/// A MAC of bytes that come in pieces.
struct Mac {
    whole_blocks: Poly1305,
    /// What came after the last whole block.
    last: Block,
    last_bytes: usize,
}

impl Mac {
    /// Goes on with bytes; only the last ones may be other than whole blocks.
    fn add(&mut self, bytes: &[u8]) {
        debug_assert_eq!(self.last_bytes, 0, "only the last piece ends within a block");
        let (blocks, rest) = Block::slice_as_chunks(bytes);
        self.whole_blocks.update(blocks);
        self.last[..rest.len()].copy_from_slice(rest);
        self.last_bytes = rest.len();
    }

    fn tag(self) -> [u8; TAG_BYTES] {
        self.whole_blocks.compute_unpadded(&self.last[..self.last_bytes]).into()
    }
}

impl MasterKey {
    /// A new random key.
    ///
    /// # Errors
    /// When the operating system has no random bytes.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0u8; 64]);
        getrandom::fill(&mut *bytes)?;
        Ok(Self::from_bytes(&bytes))
    }

    /// The key made of `encrypt (32) || k (16) || r (16)`, which is also the order in which scrypt
    /// yields them.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 64]) -> Self {
        let mut material = Material { encrypt: [0; 32], mac_k: [0; 16], mac_r: [0; 16] };
        material.encrypt.copy_from_slice(&bytes[..32]);
        material.mac_k.copy_from_slice(&bytes[32..48]);
        material.mac_r.copy_from_slice(&bytes[48..]);
        let cipher = Aes256::new(&Array(material.encrypt));
        let mac_cipher = Aes128::new(&Array(material.mac_k));
        Self { material, cipher, mac_cipher }
    }

    /// A key for one purpose of ours alone, made of this one: what is sealed with it passes for nothing
    /// else, and nothing else for it.
    #[must_use]
    pub fn for_purpose(&self, purpose: &[u8]) -> Self {
        let mut sum = Sha512::new();
        for part in
            [purpose, &[0], &self.material.encrypt, &self.material.mac_k, &self.material.mac_r]
        {
            sum.update(part);
        }
        let mut bytes = Zeroizing::new([0u8; 64]);
        bytes.copy_from_slice(&sum.finalize());
        Self::from_bytes(&bytes)
    }

    /// Writes the sealed `plaintext` into `out`, which is cleared first.
    pub fn seal_into(&self, plaintext: &[u8], out: &mut Vec<u8>) {
        #[cfg(test)]
        let plaintext = &*fault::as_encrypted(plaintext);
        let nonce = new_nonce();
        // Not cleared first: what stands in it is written over, and need not be zeroed for that.
        out.resize(plaintext.len() + OVERHEAD_BYTES, 0);
        out[..NONCE_BYTES].copy_from_slice(&nonce);
        let (ciphertext, tag) = out[NONCE_BYTES..].split_at_mut(plaintext.len());
        let (mut keystream, mut mac) = (self.keystream(&nonce), self.mac(&nonce));
        for (piece, out) in plaintext.chunks(PIECE_BYTES).zip(ciphertext.chunks_mut(PIECE_BYTES)) {
            keystream.apply_keystream_b2b(piece, out);
            mac.add(out);
        }
        tag.copy_from_slice(&mac.tag());
        #[cfg(test)]
        fault::strike(Fault::Sealed, &mut out[NONCE_BYTES..]);
    }

    /// The sealed `plaintext`.
    #[must_use]
    pub fn seal(&self, plaintext: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.seal_into(plaintext, &mut out);
        out
    }

    /// Writes what was sealed into `out`, which is cleared first.
    ///
    /// # Errors
    /// When `sealed` is too short to be sealed bytes, or the tag does not match; `out` is then empty.
    pub fn open_into(&self, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), BrokenSeal> {
        // Not cleared first: what stands in it is written over, and need not be zeroed for that.
        out.resize(sealed.len().saturating_sub(OVERHEAD_BYTES), 0);
        let opened = self.open_to(sealed, out);
        if opened.is_err() {
            out.clear();
        }
        opened
    }

    /// Writes what was sealed into `out`, which is as long as that.
    ///
    /// # Errors
    /// As [`open_into`](Self::open_into), and when it is of another length; what then stands in `out`
    /// means nothing.
    pub(crate) fn open_to(&self, sealed: &[u8], out: &mut [u8]) -> Result<(), BrokenSeal> {
        let parts = Parts::of(sealed)?;
        if parts.ciphertext.len() != out.len() {
            return Err(BrokenSeal);
        }
        let (mut keystream, mut mac) = (self.keystream(parts.nonce), self.mac(parts.nonce));
        for (piece, out) in parts.ciphertext.chunks(PIECE_BYTES).zip(out.chunks_mut(PIECE_BYTES)) {
            mac.add(piece);
            keystream.apply_keystream_b2b(piece, out);
        }
        if equal(&mac.tag(), parts.tag) { Ok(()) } else { Err(BrokenSeal) }
    }

    /// True if `sealed` opens, and is `plaintext` then.
    pub(crate) fn opens_as(&self, sealed: &[u8], plaintext: &[u8]) -> bool {
        let Ok(parts) = Parts::of(sealed) else { return false };
        if parts.ciphertext.len() != plaintext.len() {
            return false;
        }
        let (mut keystream, mut mac) = (self.keystream(parts.nonce), self.mac(parts.nonce));
        let mut opened = [0; PIECE_BYTES];
        let pieces = parts.ciphertext.chunks(PIECE_BYTES).zip(plaintext.chunks(PIECE_BYTES));
        for (piece, expected) in pieces {
            let opened = &mut opened[..piece.len()];
            mac.add(piece);
            keystream.apply_keystream_b2b(piece, opened);
            if opened != expected {
                return false;
            }
        }
        equal(&mac.tag(), parts.tag)
    }

    /// The seal of sealed bytes, and what is encrypted between its parts; `None` if they are too short.
    pub(crate) fn parts_of(sealed: &[u8]) -> Option<(Seal, &[u8])> {
        let Parts { nonce, ciphertext, tag } = Parts::of(sealed).ok()?;
        Some((Seal { nonce: *nonce, tag: *tag }, ciphertext))
    }

    /// Decrypts what was sealed where it lies.
    ///
    /// # Errors
    /// When the seal is not of these bytes; what then stands there means nothing.
    pub(crate) fn open_in_place(&self, seal: &Seal, bytes: &mut [u8]) -> Result<(), BrokenSeal> {
        if seal.nonce == [0; NONCE_BYTES] {
            return Err(BrokenSeal);
        }
        let (mut keystream, mut mac) = (self.keystream(&seal.nonce), self.mac(&seal.nonce));
        for piece in bytes.chunks_mut(PIECE_BYTES) {
            mac.add(piece);
            keystream.apply_keystream(piece);
        }
        if equal(&mac.tag(), &seal.tag) { Ok(()) } else { Err(BrokenSeal) }
    }

    /// What was sealed.
    ///
    /// # Errors
    /// As [`open_into`](Self::open_into).
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, BrokenSeal> {
        let mut out = Vec::new();
        self.open_into(sealed, &mut out)?;
        Ok(out)
    }

    fn keystream(&self, nonce: &[u8; NONCE_BYTES]) -> Keystream {
        let core = CtrCore::inner_iv_init(self.cipher.clone(), &Array(*nonce));
        StreamCipherCoreWrapper::from_core(core)
    }

    fn mac(&self, nonce: &[u8; NONCE_BYTES]) -> Mac {
        let mut pad = Array(*nonce);
        self.mac_cipher.encrypt_block(&mut pad);
        let mut key = [0u8; 32];
        key[..16].copy_from_slice(&self.material.mac_r);
        key[16..].copy_from_slice(&pad);
        let mac =
            Mac { whole_blocks: Poly1305::new(&key.into()), last: Block::default(), last_bytes: 0 };
        key.zeroize();
        mac
    }

    /// The JSON that key files hold, sealed.
    pub(crate) fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let json = MasterKeyJson {
            mac: MacJson {
                k: BASE64.encode(self.material.mac_k),
                r: BASE64.encode(self.material.mac_r),
            },
            encrypt: BASE64.encode(self.material.encrypt),
        };
        Zeroizing::new(serde_json::to_vec(&json).expect("strings always become JSON"))
    }

    /// Reads what [`to_json`](Self::to_json) wrote. `None` if it is something else, or a key of
    /// zeroes, which restic takes for an uninitialised one.
    pub(crate) fn from_json(json: &[u8]) -> Option<Self> {
        let parsed: MasterKeyJson = serde_json::from_slice(json).ok()?;
        let mut bytes = Zeroizing::new([0u8; 64]);
        decode_exactly(&parsed.encrypt, &mut bytes[..32])?;
        decode_exactly(&parsed.mac.k, &mut bytes[32..48])?;
        decode_exactly(&parsed.mac.r, &mut bytes[48..])?;
        let zero = |part: &[u8]| part.iter().all(|byte| *byte == 0);
        if zero(&bytes[..32]) || zero(&bytes[32..48]) || zero(&bytes[48..]) {
            return None;
        }
        Some(Self::from_bytes(&bytes))
    }

    /// The master key as `restic cat masterkey` shows it. Whoever has it reads the whole repository.
    #[must_use]
    pub fn expose_json(&self) -> Zeroizing<Vec<u8>> {
        self.to_json()
    }
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct MasterKeyJson {
    mac: MacJson,
    encrypt: String,
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct MacJson {
    k: String,
    r: String,
}

fn decode_exactly(text: &str, out: &mut [u8]) -> Option<()> {
    let bytes = Zeroizing::new(BASE64.decode(text).ok()?);
    if bytes.len() != out.len() {
        return None;
    }
    out.copy_from_slice(&bytes);
    Some(())
}

/// Compares without telling by the time it takes where the first difference is.
fn equal(a: &[u8; TAG_BYTES], b: &[u8; TAG_BYTES]) -> bool {
    a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// A nonce that this process, and with overwhelming likelihood any other, has not used before.
///
/// Random bytes are fetched from the operating system by the page, because a repository of small
/// files asks for one nonce a blob.
fn new_nonce() -> [u8; NONCE_BYTES] {
    const POOL_BYTES: usize = 1024;
    struct Pool {
        bytes: [u8; POOL_BYTES],
        used: usize,
    }
    thread_local! {
        static POOL: Cell<Option<Box<Pool>>> = const { Cell::new(None) };
    }
    POOL.with(|cell| {
        let mut pool = cell
            .take()
            .unwrap_or_else(|| Box::new(Pool { bytes: [0; POOL_BYTES], used: POOL_BYTES }));
        loop {
            if pool.used == POOL_BYTES {
                getrandom::fill(&mut pool.bytes).expect("the operating system has random bytes");
                pool.used = 0;
            }
            let nonce: [u8; NONCE_BYTES] = pool.bytes[pool.used..][..NONCE_BYTES]
                .try_into()
                .expect("the pool's size is a multiple of a nonce's");
            pool.used += NONCE_BYTES;
            // Readers refuse a nonce of zeroes.
            if nonce != [0; NONCE_BYTES] {
                cell.set(Some(pool));
                return nonce;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> MasterKey {
        MasterKey::from_bytes(&std::array::from_fn(|i| i as u8 + 1))
    }

    #[test]
    fn what_was_sealed_opens_again() {
        let edges = (0..=300).chain([PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 100_000]);
        let (mut sealed, mut opened) = (vec![9; 50], vec![9; 50]);
        for length in edges {
            let plaintext: Vec<u8> = (0..length).map(|at| at as u8).collect();
            key().seal_into(&plaintext, &mut sealed);
            assert_eq!(sealed.len(), length + OVERHEAD_BYTES);
            key().open_into(&sealed, &mut opened).expect("our own");
            assert_eq!(opened, plaintext);
            assert!(key().opens_as(&sealed, &plaintext));
        }
    }

    #[test]
    fn pieces_make_no_difference_to_cipher_and_mac() {
        for length in [PIECE_BYTES - 16, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 17] {
            let plaintext: Vec<u8> = (0..length).map(|at| (at / 7) as u8).collect();
            let sealed = key().seal(&plaintext);
            let Parts { nonce, ciphertext, tag } = Parts::of(&sealed).expect("our own");
            let mut whole = plaintext;
            key().keystream(nonce).apply_keystream(&mut whole);
            assert!(whole == ciphertext);
            let mut pad = Array(*nonce);
            Aes128::new(&Array(key().material.mac_k)).encrypt_block(&mut pad);
            let one_time = [key().material.mac_r, pad.into()].concat();
            let one_time: [u8; 32] = one_time.try_into().expect("32 bytes");
            let by_block = Poly1305::new(&one_time.into()).compute_unpadded(ciphertext);
            assert_eq!(by_block.as_slice(), tag);
        }
    }

    #[test]
    fn what_opens_as_something_else_is_noticed() {
        let plaintext = vec![7u8; 2 * PIECE_BYTES + 5];
        let sealed = key().seal(&plaintext);
        for at in [0, 1, PIECE_BYTES, plaintext.len() - 1] {
            let mut other = plaintext.clone();
            other[at] ^= 1;
            assert!(!key().opens_as(&sealed, &other));
            assert!(!key().opens_as(&sealed, &plaintext[..at]));
        }
        for at in [0, 16, 17 + PIECE_BYTES, sealed.len() - 17, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(!key().opens_as(&changed, &plaintext));
            assert!(!key().opens_as(&sealed[..at], &plaintext));
        }
    }

    #[test]
    fn a_turned_bit_or_a_missing_byte_anywhere_is_noticed() {
        let sealed = key().seal(b"some plaintext of no importance");
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key().open(&changed), Err(BrokenSeal));
        }
        for length in 0..sealed.len() {
            assert_eq!(key().open(&sealed[..length]), Err(BrokenSeal));
        }
    }

    #[test]
    fn the_tag_is_the_published_poly1305_aes() {
        // First and third example of appendix B of Bernstein's "The Poly1305-AES
        // message-authentication code".
        let hex = |text: &str| -> Vec<u8> {
            let digits: Vec<u8> =
                text.bytes().filter_map(|c| (c as char).to_digit(16).map(|d| d as u8)).collect();
            digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
        };
        let cases = [
            (
                "f3f6",
                "851fc40c3467ac0be05cc20404f3f700",
                "ec074c835580741701425b623235add6",
                "fb447350c4e868c52ac3275cf9d4327e",
                "f4c633c3044fc145f84f335cb81953de",
            ),
            (
                "663cea190ffb83d89593f3f476b6bc24d7e679107ea26adb8caf6652d0656136",
                "48443d0bb0d21109c89a100b5ce2c208",
                "6acb5f61a7176dd320c5c1eb2edcdc74",
                "ae212a55399729595dea458bc621ff0e",
                "0ee1c16bb73f0f4fd19881753c01cdbe",
            ),
        ];
        for (message, r, k, nonce, tag) in cases {
            let mut bytes = [9u8; 64];
            bytes[32..48].copy_from_slice(&hex(k));
            bytes[48..].copy_from_slice(&hex(r));
            let nonce: [u8; 16] = hex(nonce).try_into().expect("16 bytes");
            let mut mac = MasterKey::from_bytes(&bytes).mac(&nonce);
            mac.add(&hex(message));
            assert_eq!(mac.tag().to_vec(), hex(tag));
        }
    }

    #[test]
    fn a_key_for_a_purpose_is_another_one_for_each_purpose_and_each_key() {
        let sealed = key().for_purpose(b"one").seal(b"x");
        assert_eq!(key().for_purpose(b"one").open(&sealed), Ok(b"x".to_vec()));
        assert_eq!(key().for_purpose(b"other").open(&sealed), Err(BrokenSeal));
        assert_eq!(key().open(&sealed), Err(BrokenSeal));
        let another = MasterKey::from_bytes(&[9; 64]);
        assert_eq!(another.for_purpose(b"one").open(&sealed), Err(BrokenSeal));
    }

    #[test]
    fn a_key_survives_its_json() {
        let json = key().to_json();
        let again = MasterKey::from_json(&json).expect("our own JSON");
        assert_eq!(again.open(&key().seal(b"x")), Ok(b"x".to_vec()));
        assert!(MasterKey::from_json(b"{}").is_none());
    }
}
