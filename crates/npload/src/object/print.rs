//! Object arrays as NumPy prints them.

use std::fmt;

use npload_pickle::{DType as Pickled, Data, Id, Object, ObjectRef};

use super::ObjectArray;
use crate::array::{lay_out, suffix};
use crate::{Array, DType, Order, PrintOptions, Shown};

impl ObjectArray {
    /// The array as NumPy's `str` shows it, with options. Long elements are cut short, and one without
    /// axes is shown as Python's `repr` has it, unless it is a text.
    #[must_use]
    pub fn format(&self, options: &PrintOptions) -> String {
        match (self.shape(), self.iter().next()) {
            ([], Some(object)) => match object.get() {
                Object::Text(text) => text
                    .as_str()
                    .map_or_else(|| object.to_string(), str::to_owned),
                Object::List(_) => object.to_string(),
                _ => element(object, options, 1),
            },
            _ => self.body(options, " ", 0, 0),
        }
    }

    /// The array as NumPy's `repr` shows it, with options.
    #[must_use]
    pub fn format_repr(&self, options: &PrintOptions) -> String {
        let start = "array(";
        let body = self.body(options, ", ", start.len(), 1);
        let text = format!("{start}{body}");
        let dtype = match self.pickled_dtype() {
            dtype @ Pickled::String { .. } => dtype.to_string(),
            _ => suffix::short_name(self.dtype()),
        };
        suffix::complete_with(text, self.shape(), Some(dtype), options)
    }

    fn body(&self, options: &PrintOptions, separator: &str, before: usize, after: usize) -> String {
        let shown = options.shown(self.shape());
        let count = shown
            .iter()
            .map(Shown::count)
            .fold(1, |n: usize, m| n.saturating_mul(m));
        if count == 0 || self.shape().contains(&0) {
            return "[]".to_owned();
        }
        let elements = self.elements();
        let mut places = vec![0_usize];
        for (shown, &len) in shown.iter().zip(self.shape()) {
            let inner = |at: &usize| {
                let start = at.saturating_mul(len);
                shown.indices().map(move |i| start.saturating_add(i))
            };
            places = places.iter().flat_map(inner).collect();
        }
        let words = places.iter().filter_map(|&at| elements.get(at));
        let mut words = words.map(|&id| element(self.objects().object(id), options, count));
        lay_out(&mut words, &shown, separator, before, after, options)
    }
}

/// An element as NumPy writes it, one of so many.
fn element(object: ObjectRef<'_>, options: &PrintOptions, of: usize) -> String {
    if let Ok(array) = Array::try_from(object) {
        return array.format_repr(options);
    }
    let mut limits = npload_pickle::PrintOptions::default();
    if of > 16 {
        limits.max_objects = 100;
        limits.max_bytes = 200;
    }
    let text = object.print(&limits);
    match object.get() {
        // Lest it look like an axis.
        Object::List(_) => format!("list({text})"),
        Object::Data(Data::Scalar(dtype, bytes)) => {
            scalar(object, dtype, *bytes, options).unwrap_or(text)
        }
        _ => text,
    }
}

/// A number of NumPy's as NumPy writes it: `np.float64(1.5)`.
fn scalar(
    object: ObjectRef<'_>,
    dtype: &Pickled,
    bytes: Id,
    options: &PrintOptions,
) -> Option<String> {
    let dtype @ DType::Number(..) = DType::try_from(dtype).ok()? else {
        return None;
    };
    let name = dtype.name();
    let array = Array::from_bytes(dtype, &[], Order::C, object.objects().buffer(bytes)?);
    Some(format!("np.{name}({})", array.ok()?.format(options)))
}

/// What NumPy's `str` says, with the default [`PrintOptions`].
impl fmt::Display for ObjectArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format(&PrintOptions::default()))
    }
}
