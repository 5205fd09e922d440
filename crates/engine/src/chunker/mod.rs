//! Where files are cut, decided by their content.

mod polynomial;

pub use polynomial::{Polynomial, PolynomialError};
