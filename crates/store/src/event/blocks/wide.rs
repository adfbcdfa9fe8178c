use std::ops::{AddAssign, Mul, Neg, Sub, SubAssign};

const LIMBS: usize = 6;

/// A whole number of 384 bits in two's complement, which wraps. Sums of third powers of what units come to fit with room to
/// spare, so adding and taking out are exact in every order.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Wide([u64; LIMBS]);

impl Wide {
    /// Nothing.
    pub const ZERO: Self = Self([0; LIMBS]);

    fn is_negative(self) -> bool {
        self.0.last().is_some_and(|top| *top >> 63 == 1)
    }

    /// The nearest float, within a few units of its last digit.
    pub fn to_f64(self) -> f64 {
        let (sign, magnitude) = if self.is_negative() { (-1.0, -self) } else { (1.0, self) };
        let mut number = 0.0;
        // From the top: two limbs hold more digits than a float, the rest does not show.
        let significant = magnitude.0.iter().enumerate().rev().skip_while(|(_, limb)| **limb == 0).take(3);
        for (place, limb) in significant {
            number += *limb as f64 * 2.0_f64.powi(64 * place as i32);
        }
        sign * number
    }

    /// The fewest bytes that say it, the lowest first; none for nothing.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.0.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        let filler = if self.is_negative() { 0xff } else { 0 };
        while let [.., below, last] = bytes[..]
            && last == filler
            && below >> 7 == filler >> 7
        {
            bytes.pop();
        }
        if bytes == [0] {
            bytes.clear();
        }
        bytes
    }

    /// Reads [`Self::to_bytes`] back; nothing for more bytes than fit.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LIMBS * 8 {
            return None;
        }
        let filler = if bytes.last().is_some_and(|last| last >> 7 == 1) { 0xff } else { 0 };
        let mut limbs = [0; LIMBS];
        for (place, limb) in limbs.iter_mut().enumerate() {
            let byte = |at: usize| bytes.get(place * 8 + at).copied().unwrap_or(filler);
            *limb = u64::from_le_bytes(std::array::from_fn(byte));
        }
        Some(Self(limbs))
    }
}

impl From<i128> for Wide {
    fn from(number: i128) -> Self {
        let filler = if number < 0 { u64::MAX } else { 0 };
        let mut limbs = [filler; LIMBS];
        let halves = [number as u64, (number >> 64) as u64];
        limbs.iter_mut().zip(halves).for_each(|(limb, half)| *limb = half);
        Self(limbs)
    }
}

impl AddAssign for Wide {
    fn add_assign(&mut self, other: Self) {
        let mut carry = false;
        for (limb, more) in self.0.iter_mut().zip(other.0) {
            let (sum, over) = limb.overflowing_add(more);
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            (*limb, carry) = (sum, over || again);
        }
    }
}

impl Neg for Wide {
    type Output = Self;

    fn neg(self) -> Self {
        let mut negated = Self(self.0.map(|limb| !limb));
        negated += Self::from(1);
        negated
    }
}

impl SubAssign for Wide {
    fn sub_assign(&mut self, other: Self) {
        *self += -other;
    }
}

impl Sub for Wide {
    type Output = Self;

    fn sub(mut self, other: Self) -> Self {
        self -= other;
        self
    }
}

impl Mul for Wide {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let mut product = [0_u64; LIMBS];
        for (place, one) in self.0.iter().enumerate().filter(|(_, one)| **one != 0) {
            let mut carry = 0_u128;
            for (limb, two) in product.iter_mut().skip(place).zip(other.0) {
                let sum = u128::from(*one) * u128::from(two) + u128::from(*limb) + carry;
                *limb = sum as u64;
                carry = sum >> 64;
            }
        }
        Self(product)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_counts_as_shorter_numbers_do(one: i64, two: i64, three in -1_000_i128..1_000) {
            let (a, b) = (i128::from(one), i128::from(two));
            let mut sum = Wide::from(a);
            sum += Wide::from(b);
            prop_assert_eq!(sum, Wide::from(a + b));
            prop_assert_eq!(sum - Wide::from(b), Wide::from(a));
            prop_assert_eq!(Wide::from(a) * Wide::from(b), Wide::from(a * b));
            let cube = Wide::from(a) * Wide::from(a) * Wide::from(a) * Wide::from(three);
            let expected = (one as f64).powi(3) * three as f64;
            prop_assert!((cube.to_f64() - expected).abs() <= 1e-14 * expected.abs());
        }

        #[test]
        fn it_reads_back_what_it_writes_and_shorter_for_small_ones(number: i128, by: i64) {
            for wide in [Wide::from(number), Wide::from(number) * Wide::from(i128::from(by)), Wide::from(i128::from(by))] {
                prop_assert_eq!(Wide::from_bytes(&wide.to_bytes()), Some(wide));
            }
            prop_assert!(Wide::from(i128::from(by)).to_bytes().len() <= 8);
            prop_assert!(Wide::ZERO.to_bytes().is_empty());
        }
    }
}
