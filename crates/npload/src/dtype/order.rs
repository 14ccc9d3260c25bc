//! The byte order of dtypes.

use std::sync::Arc;

use super::number::{ByteOrder, Number};
use super::{DType, Field, Struct, Subarray};

impl DType {
    /// A number; one of one byte gets the order that all of them have.
    pub(crate) fn number(number: Number, order: ByteOrder) -> DType {
        DType::Number(
            number,
            if number.itemsize() == 1 {
                ByteOrder::NATIVE
            } else {
                order
            },
        )
    }

    /// Which byte comes first, where that makes a difference: not for numbers of one byte, bytes,
    /// void, objects, structs (whose fields have each their own) and subarrays.
    ///
    /// ```
    /// use npload::{ByteOrder, DType};
    /// assert_eq!(DType::parse(">f8")?.byteorder(), Some(ByteOrder::Big));
    /// assert_eq!(DType::parse(">i1")?.byteorder(), None);
    /// # Ok::<(), npload::Error>(())
    /// ```
    #[must_use]
    pub fn byteorder(&self) -> Option<ByteOrder> {
        match self {
            DType::Number(number, order) => (number.itemsize() > 1).then_some(*order),
            DType::Str(_, order) | DType::DateTime(_, order) | DType::TimeDelta(_, order) => {
                Some(*order)
            }
            _ => None,
        }
    }

    /// Whether all of it has this machine's byte order.
    #[must_use]
    pub fn is_native(&self) -> bool {
        match self {
            DType::Struct(s) => s.fields.iter().all(|field| field.dtype.is_native()),
            DType::Subarray(s) => s.base.is_native(),
            _ => self
                .byteorder()
                .is_none_or(|order| order == ByteOrder::NATIVE),
        }
    }

    /// The same in this byte order, fields included: NumPy's `dtype.newbyteorder`.
    #[must_use]
    pub fn with_byteorder(&self, order: ByteOrder) -> DType {
        self.map_order(&|_| order)
    }

    /// The same in the other byte order, each field for itself.
    #[must_use]
    pub fn swapped(&self) -> DType {
        self.map_order(&ByteOrder::swapped)
    }

    fn map_order(&self, map: &dyn Fn(ByteOrder) -> ByteOrder) -> DType {
        match self {
            DType::Number(number, order) => DType::number(*number, map(*order)),
            DType::Str(len, order) => DType::Str(*len, map(*order)),
            DType::DateTime(unit, order) => DType::DateTime(*unit, map(*order)),
            DType::TimeDelta(unit, order) => DType::TimeDelta(*unit, map(*order)),
            DType::Bytes(_) | DType::Void(_) | DType::Object => self.clone(),
            DType::Struct(s) => {
                let mapped = |field: &Field| Field {
                    dtype: field.dtype.map_order(map),
                    ..field.clone()
                };
                DType::Struct(Arc::new(Struct {
                    fields: s.fields.iter().map(mapped).collect(),
                    itemsize: s.itemsize,
                    aligned: s.aligned,
                }))
            }
            DType::Subarray(s) => DType::Subarray(Arc::new(Subarray {
                base: s.base.map_order(map),
                shape: s.shape.clone(),
            })),
        }
    }
}
