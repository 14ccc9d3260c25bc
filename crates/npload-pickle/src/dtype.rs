//! NumPy's dtypes as pickles write them, checked, without NumPy.

mod print;

use std::sync::Arc;

pub use print::shape_text;

/// A dtype: enough for any array library to make its own.
///
/// Its text is a `descr`, as headers of `.npy` files have it; `ml_dtypes`' and `StringDType` have
/// none and stand by their names, and fields that overlap or are out of order are written as the
/// dict that `numpy.dtype` takes.
#[derive(Clone, Debug, PartialEq)]
pub enum DType {
    /// A type of one element: `<f8`, `|S5`, `<U3`, `|O`, `<M8[25s]`, `|V3`.
    Plain {
        /// `b`, `i`, `u`, `f`, `c`, `S`, `U`, `V`, `O`, `M` or `m`.
        kind: char,
        /// Bytes of an element.
        itemsize: u64,
        /// `<`, `>` or `|`.
        order: char,
        /// The unit of `M` and `m` and how many of it: `("s", 25)`. Empty: generic.
        unit: Option<(String, i32)>,
    },
    /// A type of the `ml_dtypes` package, by its name there, in little-endian order.
    MlDtypes(&'static str),
    /// `numpy.dtypes.StringDType`.
    String {
        /// Whether what is no str is made one.
        coerce: bool,
        /// What stands for a missing text.
        na_object: NaObject,
    },
    /// Elements that are arrays of a fixed shape.
    Subarray {
        /// The dtype of their elements.
        base: Arc<DType>,
        /// Their shape.
        shape: Vec<u64>,
        /// How large the dtype is.
        extent: Extent,
    },
    /// Fields.
    Struct {
        /// The fields, in their order.
        fields: Vec<Field>,
        /// Bytes of an element; every field lies inside.
        itemsize: u64,
        /// Whether the offsets are C's.
        aligned: bool,
        /// How large the dtype is.
        extent: Extent,
    },
}

/// How many dtypes a dtype is made of, how deep, and whether one holds objects: known when it is
/// made, so that nothing walks through parts that share parts a billion times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    parts: u32,
    depth: u32,
    objects: bool,
}

impl Extent {
    /// The most dtypes that one is made of, sharing not counted.
    const MAX_PARTS: u32 = 1 << 16;
    /// How deep they nest: what recurses over dtypes is bounded by it.
    const MAX_DEPTH: u32 = 32;

    /// The extent of what is made of these, unless it is too large.
    pub(crate) fn around<'a>(parts: impl Iterator<Item = &'a DType>) -> Option<Extent> {
        let mut all = Extent {
            parts: 1,
            depth: 1,
            objects: false,
        };
        for part in parts.map(DType::extent) {
            all.parts = all.parts.saturating_add(part.parts);
            all.depth = all.depth.max(part.depth.saturating_add(1));
            all.objects |= part.objects;
        }
        (all.parts <= Self::MAX_PARTS && all.depth <= Self::MAX_DEPTH).then_some(all)
    }
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its title, if it has one that is a str.
    pub title: Option<String>,
    /// Where it begins in an element.
    pub offset: u64,
    /// Its dtype.
    pub dtype: Arc<DType>,
}

/// What a `StringDType` array holds for a missing text.
#[derive(Clone, Debug, PartialEq)]
pub enum NaObject {
    /// There is no such object.
    Unset,
    /// `None`.
    None,
    /// A float that is not a number.
    NaN,
    /// A text.
    Text(String),
}

/// ml_dtypes' types and their sizes.
pub(crate) const ML_DTYPES: &[(&str, u64)] = &[
    ("bfloat16", 2),
    ("float4_e2m1fn", 1),
    ("float6_e2m3fn", 1),
    ("float6_e3m2fn", 1),
    ("float8_e3m4", 1),
    ("float8_e4m3", 1),
    ("float8_e4m3b11fnuz", 1),
    ("float8_e4m3fn", 1),
    ("float8_e4m3fnuz", 1),
    ("float8_e5m2", 1),
    ("float8_e5m2fnuz", 1),
    ("float8_e8m0fnu", 1),
    ("int1", 1),
    ("int2", 1),
    ("int4", 1),
    ("uint1", 1),
    ("uint2", 1),
    ("uint4", 1),
];

impl DType {
    /// Bytes of an element. 16 for `StringDType`, of which a pickle holds none.
    #[must_use]
    pub fn itemsize(&self) -> u64 {
        match self {
            DType::Plain { itemsize, .. } | DType::Struct { itemsize, .. } => *itemsize,
            DType::MlDtypes(name) => ML_DTYPES
                .iter()
                .find(|entry| entry.0 == *name)
                .map_or(1, |entry| entry.1),
            DType::String { .. } => 16,
            // Checked when it was made.
            DType::Subarray { base, shape, .. } => shape
                .iter()
                .fold(base.itemsize(), |size, &len| size.saturating_mul(len)),
        }
    }

    /// Whether elements are objects, or texts of `StringDType`: then a pickle holds them as a
    /// list.
    #[must_use]
    pub fn holds_objects(&self) -> bool {
        self.extent().objects
    }

    fn extent(&self) -> Extent {
        match self {
            DType::Subarray { extent, .. } | DType::Struct { extent, .. } => *extent,
            DType::Plain { .. } | DType::MlDtypes(_) | DType::String { .. } => Extent {
                parts: 1,
                depth: 1,
                objects: matches!(self, DType::Plain { kind: 'O', .. } | DType::String { .. }),
            },
        }
    }

    /// The dtype of a letter and a size as `numpy.dtype`'s pickles name it, in native order:
    /// `f8`, `S5`, `U5` (five characters), `O8`, `M8`.
    pub(crate) fn parse(name: &str) -> Option<DType> {
        let mut chars = name.chars();
        let kind = chars.next()?;
        let digits = chars.as_str();
        if digits.len() > 10 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let size = match digits {
            "" if matches!(kind, 'S' | 'U' | 'V') => 0,
            "" if kind == 'O' => 8,
            _ => digits.parse::<u64>().ok()?,
        };
        let fine = match kind {
            'b' => size == 1,
            'i' | 'u' => matches!(size, 1 | 2 | 4 | 8),
            'f' => matches!(size, 2 | 4 | 8 | 12 | 16),
            'c' => matches!(size, 8 | 16 | 24 | 32),
            'M' | 'm' => size == 8,
            'O' => matches!(size, 4 | 8),
            'S' | 'U' | 'V' => size <= i32::MAX as u64 / 4,
            _ => false,
        };
        let itemsize = match kind {
            'U' => size.saturating_mul(4),
            'O' => 8,
            _ => size,
        };
        let order = match kind {
            'U' => '<',
            'S' | 'V' | 'O' | 'b' => '|',
            _ if size == 1 => '|',
            _ => '<',
        };
        fine.then_some(DType::Plain {
            kind,
            itemsize,
            order,
            unit: None,
        })
    }
}
