//! How much there is to list of an element: a header of 100 bytes can ask for billions of lists.

use super::DType;
use crate::{Error, ErrorKind, Result};

/// Values and lists that may be listed beyond what their bytes justify: elements of 0 bytes, and
/// lists of no elements, can be any number in a file of no size.
const MAX_FREE: usize = 1 << 18;
/// Values and lists for each byte: structs in structs, axes of one element.
const MAX_PER_BYTE: usize = 16;

impl DType {
    /// Refuses an array of this dtype and shape of whose values there are too many to be listed,
    /// decoded or printed one by one, for the bytes that it has: more than 16 values and lists for
    /// each byte and 262,144 besides. Real arrays have not: only elements of 0 bytes, and lists of
    /// no elements, are for nothing.
    ///
    /// ```
    /// use npload::{DType, ErrorKind};
    /// let empty = DType::parse("S0")?;
    /// assert!(empty.check_listing(&[1000]).is_ok());
    /// let err = empty.check_listing(&[1 << 40]).unwrap_err();
    /// assert_eq!(err.kind(), ErrorKind::Limit);
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Limit`].
    pub fn check_listing(&self, shape: &[usize]) -> Result<()> {
        let mut lists = 0_usize;
        let mut size = 1_usize;
        for &len in shape {
            lists = lists.saturating_add(size);
            size = size.saturating_mul(len);
        }
        let values = size.saturating_mul(self.parts()).saturating_add(lists);
        let nbytes = size.saturating_mul(self.itemsize());
        let most = nbytes.saturating_mul(MAX_PER_BYTE);
        if values <= most.saturating_add(MAX_FREE) {
            return Ok(());
        }
        let message = format!(
            "{values} values and lists in {nbytes} bytes are too many to list: {MAX_PER_BYTE} for each \
             byte and {MAX_FREE} besides are the most"
        );
        Err(Error::new(ErrorKind::Limit, message))
    }

    /// How many values and lists one element is.
    fn parts(&self) -> usize {
        match self {
            DType::Struct(dtype) => {
                let fields = dtype.fields.iter().map(|field| field.dtype.parts());
                fields.fold(1, usize::saturating_add)
            }
            // From the inside: an axis of no elements has no lists in it, but may be in many.
            DType::Subarray(dtype) => dtype
                .shape
                .iter()
                .rev()
                .fold(dtype.base.parts(), |n, &len| {
                    n.saturating_mul(len).saturating_add(1)
                }),
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(dtype: &str) -> usize {
        DType::parse(dtype).unwrap().parts()
    }

    #[test]
    fn lists_count_wherever_the_axis_without_elements_stands() {
        assert_eq!(parts("f4"), 1);
        assert_eq!(parts("(2,3)f4"), 1 + 2 * (1 + 3));
        assert_eq!(parts("(5,0)f4"), 1 + 5);
        assert_eq!(parts("(0,5)f4"), 1);
        assert_eq!(parts("f4,(2,)f4"), 1 + 1 + 3);
        assert_eq!(parts("(1000000000,1000000000,1000000000,0)f4"), usize::MAX);
    }

    #[test]
    fn what_is_for_nothing_has_a_limit() {
        let check = |dtype: &str, shape: &[usize]| {
            let err = DType::parse(dtype).unwrap().check_listing(shape);
            err.map_err(|e| (e.kind(), e.message().to_owned()))
        };
        assert_eq!(check("f8", &[1 << 40]), Ok(()));
        assert_eq!(
            check("S0", &[1 << 18]),
            Err((
                ErrorKind::Limit,
                "262145 values and lists in 0 bytes are too many to list: 16 for each byte and \
                 262144 besides are the most"
                    .to_owned()
            ))
        );
        assert_eq!(check("S0", &[(1 << 18) - 1]), Ok(()));
        assert!(check("f8", &[1 << 40, 0]).is_err());
        assert!(check("f8", &[0, 1 << 40]).is_ok());
        assert!(check("u1,(1000000000,0)f4", &[1]).is_err());
    }
}
