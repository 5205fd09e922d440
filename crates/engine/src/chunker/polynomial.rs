//! Polynomials over GF(2), as bits of a number.

use std::fmt;
use std::str::FromStr;

/// The degree of every polynomial that cuts files.
const DEGREE: u32 = 53;

/// An irreducible polynomial of degree 53 over GF(2). Random for each repository, and secret: it
/// decides where files are cut.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Polynomial(u64);

/// The text is not an irreducible polynomial of degree 53 in hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not an irreducible polynomial of degree 53")]
pub struct PolynomialError;

impl Polynomial {
    /// A random one.
    ///
    /// # Errors
    /// When the operating system has no random bytes.
    pub fn random() -> Result<Self, getrandom::Error> {
        loop {
            // Of this shape, about one in thirteen is irreducible.
            let low = getrandom::u64()? & ((1 << DEGREE) - 1);
            if let Ok(found) = Self::new(1 << DEGREE | low | 1) {
                return Ok(found);
            }
        }
    }

    /// The polynomial with these coefficients, lowest bit last.
    ///
    /// # Errors
    /// When it is not of degree 53, or is a product of others.
    pub fn new(bits: u64) -> Result<Self, PolynomialError> {
        if bits.checked_ilog2() == Some(DEGREE) && is_irreducible(bits) {
            Ok(Self(bits))
        } else {
            Err(PolynomialError)
        }
    }

    /// Its coefficients.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Polynomial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl fmt::Debug for Polynomial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Polynomial(secret)")
    }
}

impl FromStr for Polynomial {
    type Err = PolynomialError;

    fn from_str(text: &str) -> Result<Self, PolynomialError> {
        u64::from_str_radix(text, 16).map_err(|_| PolynomialError).and_then(Self::new)
    }
}

/// Rabin's test, for a degree that is prime: `f` has no root in GF(2), and x^(2^degree) = x mod `f`.
fn is_irreducible(f: u64) -> bool {
    let has_root = f & 1 == 0 || f.count_ones().is_multiple_of(2);
    let mut power = 2;
    for _ in 0..DEGREE {
        power = multiply(power, power, f);
    }
    !has_root && power == 2
}

/// `a * b mod f`, for `a` and `b` of lower degree than `f`.
fn multiply(mut a: u64, mut b: u64, f: u64) -> u64 {
    let mut product = 0;
    while b != 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        b >>= 1;
        a <<= 1;
        if a >> DEGREE & 1 == 1 {
            a ^= f;
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_that_restic_made_are_accepted_and_products_are_not() {
        for text in ["334d70236b908b", "38a05d66d5ec0d", "3da3358b4dc173"] {
            assert_eq!(text.parse::<Polynomial>().map(|p| p.to_string()), Ok(text.to_owned()));
        }
        for bits in [0, 1, 2, 0x3d_a335_8b4d_c172, 0x3d_a335_8b4d_c171, 1 << 53 | 1, u64::MAX] {
            assert_eq!(Polynomial::new(bits), Err(PolynomialError), "{bits:x}");
        }
    }

    #[test]
    fn random_ones_are_valid() {
        let random = Polynomial::random().expect("random bytes");
        assert_eq!(random.to_string().parse(), Ok(random));
    }
}
