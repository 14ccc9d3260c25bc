//! A natural number of any size, with the few operations that printing floats needs.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "64-bit limbs in 128-bit arithmetic: nothing overflows, and halves are cut on purpose; \
              nothing here comes from outside but a float's mantissa and exponent"
)]

use std::cmp::Ordering;

use smallvec::{SmallVec, smallvec};

/// Limbs of 64 bits, lowest first, without zeros at the top. Six of them hold what a half or a
/// long double of a usual size needs, without an allocation.
#[derive(Clone, Debug)]
pub(super) struct Big(SmallVec<[u64; 6]>);

impl Big {
    pub(super) fn new(value: u64) -> Self {
        let mut big = Big(smallvec![value]);
        big.trim();
        big
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// Times 2^`shift`.
    pub(super) fn shifted(mut self, shift: u32) -> Self {
        let (limbs, bits) = ((shift / 64) as usize, shift % 64);
        self.scale(1 << bits);
        self.0.insert_many(0, std::iter::repeat_n(0, limbs));
        self.trim();
        self
    }

    pub(super) fn scale(&mut self, factor: u64) {
        let mut carry = 0;
        for limb in &mut self.0 {
            carry += u128::from(*limb) * u128::from(factor);
            *limb = carry as u64;
            carry >>= 64;
        }
        if carry != 0 {
            self.0.push(carry as u64);
        }
    }

    /// Times 10^`power`.
    pub(super) fn scale_by_ten(&mut self, mut power: u32) {
        while power > 19 {
            self.scale(10_u64.pow(19));
            power -= 19;
        }
        self.scale(10_u64.pow(power));
    }

    pub(super) fn plus(&self, other: &Big) -> Big {
        let len = self.0.len().max(other.0.len());
        let limb = |big: &Big, i: usize| u128::from(big.0.get(i).copied().unwrap_or(0));
        let mut carry = 0;
        let mut sum = Big(SmallVec::with_capacity(len + 1));
        for i in 0..len {
            carry += limb(self, i) + limb(other, i);
            sum.0.push(carry as u64);
            carry >>= 64;
        }
        sum.0.push(carry as u64);
        sum.trim();
        sum
    }

    /// Takes `divisor` away from it as often as it goes, and returns how often: the caller sees to
    /// it that this is a digit.
    pub(super) fn divide(&mut self, divisor: &Big) -> u8 {
        let mut digit = 0;
        while (*self).cmp(divisor) != Ordering::Less && digit < 9 {
            let mut borrow = false;
            for (i, limb) in self.0.iter_mut().enumerate() {
                let other = divisor.0.get(i).copied().unwrap_or(0);
                let (rest, under) = limb.overflowing_sub(other);
                let (rest, under_too) = rest.overflowing_sub(u64::from(borrow));
                *limb = rest;
                borrow = under || under_too;
            }
            self.trim();
            digit += 1;
        }
        digit
    }

    pub(super) fn cmp(&self, other: &Big) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_ten_and_two_divide_as_they_should() {
        let mut big = Big::new(7).shifted(200);
        big.scale_by_ten(30);
        let mut tenth = Big::new(1).shifted(200);
        tenth.scale_by_ten(30);
        assert_eq!(big.divide(&tenth), 7);
        assert_eq!(big.cmp(&Big::new(0)), Ordering::Equal);
    }

    #[test]
    fn sums_carry_over_limbs() {
        let sum = Big::new(u64::MAX).plus(&Big::new(1));
        assert_eq!(sum.cmp(&Big::new(1).shifted(64)), Ordering::Equal);
        assert_eq!(Big::new(u64::MAX).cmp(&sum), Ordering::Less);
    }
}
