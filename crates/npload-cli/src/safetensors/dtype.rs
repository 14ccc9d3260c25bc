//! What safetensors calls dtypes.

use npload::{DType, Number};

/// Those that npy files have, too.
const SHARED: [(&str, Number); 19] = [
    ("BOOL", Number::Bool),
    ("U8", Number::UInt8),
    ("I8", Number::Int8),
    ("F8_E4M3", Number::Float8E4M3Fn),
    ("F8_E4M3FNUZ", Number::Float8E4M3Fnuz),
    ("F8_E5M2", Number::Float8E5M2),
    ("F8_E5M2FNUZ", Number::Float8E5M2Fnuz),
    ("F8_E8M0", Number::Float8E8M0Fnu),
    ("U16", Number::UInt16),
    ("I16", Number::Int16),
    ("F16", Number::Float16),
    ("BF16", Number::BFloat16),
    ("U32", Number::UInt32),
    ("I32", Number::Int32),
    ("F32", Number::Float32),
    ("U64", Number::UInt64),
    ("I64", Number::Int64),
    ("F64", Number::Float64),
    ("C64", Number::Complex64),
];

/// Those whose elements share bytes, and the bits of each.
const PACKED: [(&str, u64); 3] = [("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6)];

/// What a header calls a dtype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Number(Number),
    /// Elements have no bytes of their own, as they have in an npy file.
    Packed(&'static str, u64),
    /// One that came later than this program.
    Unknown(Box<str>),
}

impl Name {
    pub(super) fn parse(text: &str) -> Self {
        let shared = SHARED.iter().find(|(name, _)| *name == text);
        let packed = PACKED.iter().find(|(name, _)| *name == text);
        match (shared, packed) {
            (Some((_, number)), _) => Name::Number(*number),
            (None, Some(&(name, bits))) => Name::Packed(name, bits),
            (None, None) => Name::Unknown(text.into()),
        }
    }

    /// The bits of an element.
    pub(super) fn bits(&self) -> Option<u64> {
        match self {
            Name::Number(number) => Some((number.itemsize() as u64).saturating_mul(8)),
            Name::Packed(_, bits) => Some(*bits),
            Name::Unknown(_) => None,
        }
    }
}

/// What safetensors calls a dtype, if it has it.
pub(crate) fn name_of(dtype: &DType) -> Option<&'static str> {
    let DType::Number(number, _) = dtype else {
        return None;
    };
    let found = SHARED.iter().find(|(_, shared)| shared == number);
    found.map(|(name, _)| *name)
}
