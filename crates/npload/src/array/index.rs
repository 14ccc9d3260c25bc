//! Views of a part: elements, slices, fields.

use std::sync::Arc;

use super::{Array, Axes, Value};
use crate::dtype::DType;
use crate::{Error, ErrorKind, Result, Selection, python_repr};

impl Array {
    /// The element at an index, one number for each axis.
    ///
    /// ```
    /// let array = npload::load("../../testdata/npy/f8-le-2d-c.npy")?.into_array()?;
    /// let first: f64 = array.get(&[0, 0])?.as_f64().ok_or("a float")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Index`] outside the array or with another number of axes; [`ErrorKind::ObjectArray`]
    /// for Python objects.
    pub fn get(&self, index: &[usize]) -> Result<Value> {
        if index.len() != self.ndim() {
            let message = format!(
                "an index of {} numbers for an element of a {}-dimensional array",
                index.len(),
                self.ndim()
            );
            return Err(Error::new(ErrorKind::Index, message));
        }
        let mut offset = self.offset;
        for (axis, (&at, (&len, &stride))) in index
            .iter()
            .zip(self.layout.shape.iter().zip(&self.layout.strides))
            .enumerate()
        {
            if at >= len {
                let message =
                    format!("index {at} is out of bounds for axis {axis} with size {len}");
                return Err(Error::new(ErrorKind::Index, message));
            }
            offset = advance(offset, at, stride);
        }
        Value::decode(&self.layout.dtype, self.item(offset))
    }

    /// The part that a basic index picks, over the same memory. With the `ndarray` feature
    /// `s![…]` is a selection too.
    ///
    /// ```
    /// use npload::Selection;
    /// let array = npload::load("../../testdata/npy/f8-le-2d-c.npy")?.into_array()?;
    /// let columns_reversed = array.slice("..., ::-1".parse::<Selection>()?)?;
    /// assert_eq!(columns_reversed.shape(), array.shape());
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Index`] when the selection does not fit the shape.
    pub fn slice(&self, selection: impl Into<Selection>) -> Result<Array> {
        let picked = selection.into().resolve(&self.layout.shape)?;
        let mut view = self.clone();
        if picked.size() > 0 {
            for (axis, &stride) in picked.axes.iter().zip(&self.layout.strides) {
                view.offset = advance(view.offset, axis.start, stride);
            }
        }
        let layout = Arc::make_mut(&mut view.layout);
        layout.shape = picked.shape();
        let stride = |axis: &Option<usize>| {
            let from = axis.and_then(|i| Some((self.layout.strides.get(i)?, picked.axes.get(i)?)));
            from.map_or(0, |(stride, axis)| stride.saturating_mul(axis.step))
        };
        layout.strides = picked.result.iter().map(stride).collect();
        Ok(view)
    }

    /// One field of a structured array, over the same memory. A field that is a subarray adds
    /// its axes. Titles work as names do.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] when the dtype has no such field.
    pub fn field(&self, name: &str) -> Result<Array> {
        let fields = match &self.layout.dtype {
            DType::Struct(s) => s.fields(),
            _ => &[],
        };
        let titled = || {
            fields
                .iter()
                .find(|field| field.title.as_deref() == Some(name))
        };
        let Some(field) = fields
            .iter()
            .find(|field| field.name == name)
            .or_else(titled)
        else {
            let name = python_repr::text(name);
            let names = fields.iter().map(|field| python_repr::text(&field.name));
            let names: Vec<_> = names.collect();
            let message = match names.as_slice() {
                [] => format!(
                    "no field of name {name}: the elements are {}",
                    self.layout.dtype
                ),
                names => format!("no field of name {name}; there are {}", names.join(", ")),
            };
            return Err(Error::new(ErrorKind::Argument, message));
        };
        let mut view = self.clone();
        view.offset = self.offset.saturating_add(field.offset);
        let layout = Arc::make_mut(&mut view.layout);
        layout.dtype = field.dtype.clone();
        while let DType::Subarray(inner) = layout.dtype.clone() {
            let strides =
                super::contiguous_strides(inner.shape(), inner.base().itemsize(), super::Order::C);
            layout.shape.extend_from_slice(inner.shape());
            layout.strides.extend_from_slice(&strides);
            layout.dtype = inner.base().clone();
        }
        Ok(view)
    }

    /// All elements, in C order.
    ///
    /// # Errors
    /// Each as [`Array::get`].
    pub fn iter(&self) -> impl Iterator<Item = Result<Value>> {
        self.items()
            .map(|bytes| Value::decode(&self.layout.dtype, bytes))
    }

    /// Its axes in the opposite order, over the same memory: `a.T`.
    #[must_use]
    pub fn transposed(&self) -> Array {
        let mut view = self.clone();
        let layout = Arc::make_mut(&mut view.layout);
        layout.shape = Axes::from_iter(self.layout.shape.iter().rev().copied());
        layout.strides = Axes::from_iter(self.layout.strides.iter().rev().copied());
        view
    }
}

/// A byte offset some positions further on an axis. Positions inside the shape stay inside the data.
fn advance(offset: usize, positions: usize, stride: isize) -> usize {
    let distance = positions.saturating_mul(stride.unsigned_abs());
    if stride < 0 {
        offset.saturating_sub(distance)
    } else {
        offset.saturating_add(distance)
    }
}
