//! Arrays and views of the `ndarray` crate.

use std::borrow::Cow;

use ::ndarray::{ArrayBase, Data, Dimension};

use super::saved::{Held, bytes_of};
use super::{Savable, Saved};
use crate::array::{Axes, Element};
use crate::dtype::{ByteOrder, DType};
use crate::{Error, ErrorKind, Result};

/// C and Fortran order are kept; a view with gaps, or with its axes turned otherwise, is copied first.
impl<T: Element, S: Data<Elem = T>, D: Dimension> Savable for ArrayBase<S, D> {
    fn saved(&self) -> Result<Saved<'_>> {
        let dtype = DType::number(T::NUMBER, ByteOrder::NATIVE);
        if let Some(elements) = self.as_slice() {
            return Saved::of_bytes(dtype, self.shape(), bytes_of(elements));
        }
        let turned = self.t();
        if let Some(elements) = turned.to_slice() {
            let itemsize = isize::try_from(size_of::<T>()).unwrap_or(isize::MAX);
            let strides = self.strides().iter().map(|n| n.saturating_mul(itemsize));
            let strides: Axes<isize> = strides.collect();
            let held = Held::Bytes(Cow::Borrowed(bytes_of(elements)), 0);
            return Saved::new(dtype, self.shape(), &strides, held);
        }
        let mut bytes = Vec::new();
        let size = self.len().saturating_mul(size_of::<T>());
        let reserved = bytes.try_reserve_exact(size);
        reserved.map_err(|e| Error::new(ErrorKind::OutOfMemory, e.to_string()))?;
        for element in self {
            bytes.extend_from_slice(bytemuck::bytes_of(element));
        }
        Saved::of_owned_bytes(dtype, self.shape(), bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Order;
    use ::ndarray::{Array2, s};

    #[test]
    fn orders_are_kept_and_gaps_are_not() {
        let array = Array2::from_shape_fn((2, 3), |(i, j)| (10 * i + j) as i16);
        let bytes = |saved: &Saved<'_>| match &saved.memory {
            Held::Bytes(bytes, _) => bytes.to_vec(),
            _ => panic!("other memory"),
        };
        let c = array.saved().unwrap();
        assert_eq!((c.order(), c.shape()), (Order::C, [2, 3].as_slice()));
        let turned = array.t();
        let f = turned.saved().unwrap();
        assert_eq!(
            (f.order(), f.shape(), bytes(&f)),
            (Order::F, [3, 2].as_slice(), bytes(&c))
        );
        let gaps = array.slice(s![.., ..;2]);
        let copied = gaps.saved().unwrap();
        assert_eq!(
            bytes(&copied),
            [0, 2, 10, 12].map(i16::to_ne_bytes).concat()
        );
        let reversed = array.slice(s![..;-1, ..]);
        assert_eq!(bytes(&reversed.saved().unwrap())[..2], 10_i16.to_ne_bytes());
    }
}
