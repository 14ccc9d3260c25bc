//! What holds for every text and every dtype.

use std::sync::Arc;

use proptest::prelude::*;

use super::fast;
use super::frame::truncated_header;
use super::header::{Parsed, parse_header};
use super::literal::{Dialect, parse};
use super::write::write_header;
use crate::dtype::{ByteOrder, DType, Field, Number, Struct, Subarray, TimeBase, TimeUnit};
use crate::{Header, Order};

/// Text of which much is close to a header.
fn soup() -> impl Strategy<Value = String> {
    let words = [
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ",",
        ":",
        "'",
        "\"",
        "'''",
        "\\",
        "\n",
        "\r",
        " ",
        "#",
        "-",
        "+",
        "1",
        "0x",
        "1e",
        "2j",
        "L",
        "np.int64(",
        "set()",
        "None",
        "True",
        "False",
        "'descr'",
        "'shape'",
        "'fortran_order'",
        "'<f4'",
        "(3,)",
        "[('a', '<f4')]",
        "...",
        "b",
        "rb",
        "u",
        "\\u",
        "d800",
        "\\N{",
        "é",
        "\0",
        "\u{2028}",
        "f4,",
        "M8[",
        "s/4]",
    ];
    prop_oneof![
        any::<String>(),
        prop::collection::vec(prop::sample::select(words.to_vec()), 0..40)
            .prop_map(|words| words.concat()),
    ]
}

fn order() -> impl Strategy<Value = ByteOrder> {
    prop_oneof![Just(ByteOrder::Little), Just(ByteOrder::Big)]
}

fn unit() -> impl Strategy<Value = TimeUnit> {
    let base = prop::sample::select(vec![
        TimeBase::Year,
        TimeBase::Day,
        TimeBase::Second,
        TimeBase::Attosecond,
    ]);
    prop_oneof![
        Just(TimeUnit {
            base: TimeBase::Generic,
            count: 1
        }),
        (base, 1..=i32::MAX).prop_map(|(base, count)| TimeUnit { base, count }),
    ]
}

fn scalar() -> impl Strategy<Value = DType> {
    prop_oneof![
        (
            prop::sample::select(Number::all().collect::<Vec<_>>()),
            order()
        )
            .prop_map(|(number, order)| DType::number(number, order)),
        (0..9_usize).prop_map(DType::Bytes),
        (0..9_usize).prop_map(DType::Void),
        (0..9_usize, order()).prop_map(|(len, order)| DType::Str(len, order)),
        (unit(), order()).prop_map(|(unit, order)| DType::DateTime(unit, order)),
        (unit(), order()).prop_map(|(unit, order)| DType::TimeDelta(unit, order)),
        Just(DType::Object),
    ]
}

/// Fields with different names, one after the other, with room between them.
fn structure(parts: Vec<(String, Option<String>, DType, usize)>) -> DType {
    let mut offset = 0;
    let mut fields: Vec<Field> = Vec::new();
    for (i, (name, title, dtype, gap)) in parts.into_iter().enumerate() {
        offset += gap;
        let end = offset + dtype.itemsize();
        // Numbered, so that no two are the same and none is empty.
        let name = format!("{i}{name}");
        fields.push(Field {
            name,
            title: title.map(|title| format!("t{i}{title}")),
            dtype,
            offset,
        });
        offset = end;
    }
    DType::Struct(Arc::new(Struct::new(fields, offset, false).unwrap()))
}

fn dtype() -> impl Strategy<Value = DType> {
    scalar().prop_recursive(4, 24, 5, |inner| {
        let field = (
            any::<String>(),
            prop::option::of(any::<String>()),
            inner.clone(),
            0..3_usize,
        );
        let shape = prop::collection::vec(0..4_usize, 1..4);
        // NumPy would take the shape of what has no size for the size itself.
        let sized = inner.prop_filter("no size", |dtype| {
            dtype.itemsize() > 0 || dtype.fields().is_some()
        });
        prop_oneof![
            prop::collection::vec(field, 0..5).prop_map(structure),
            (sized, shape).prop_map(|(base, shape)| {
                DType::Subarray(Arc::new(Subarray::new(base, shape).unwrap()))
            }),
        ]
    })
}

/// The dtype with void for ml_dtypes' types: what is left without the note.
fn without_names(dtype: &DType) -> DType {
    match dtype {
        DType::Number(number, _) if number.is_ml_dtype() => DType::Void(number.itemsize()),
        DType::Struct(s) => {
            let plain = |field: &Field| Field {
                dtype: without_names(&field.dtype),
                ..field.clone()
            };
            let fields = s.fields().iter().map(plain).collect();
            DType::Struct(Arc::new(Struct::new(fields, s.itemsize(), false).unwrap()))
        }
        DType::Subarray(s) => {
            let base = without_names(s.base());
            DType::Subarray(Arc::new(Subarray::new(base, s.shape().to_vec()).unwrap()))
        }
        dtype => dtype.clone(),
    }
}

fn header(bytes: &[u8]) -> Header {
    match parse_header(bytes, usize::MAX).unwrap() {
        Parsed::Header(header) => header,
        Parsed::NeedMore(n) => panic!("needs {n}"),
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_literal_reader_panic(text in soup()) {
        for dialect in [Dialect::Python3, Dialect::Python2] {
            match parse(&text, dialect) {
                Ok(parsed) => {
                    let _ = DType::from_descr(&parsed.value, &mut Vec::new());
                    let _ = parsed.value.to_string();
                }
                Err(why) => prop_assert!(text.is_char_boundary(why.at)),
            }
        }
    }

    #[test]
    fn no_text_makes_the_dtype_reader_panic(text in soup(), typestr in "[<>=|]?[()0-9, ]{0,4}[A-Za-z?]{1,3}[0-9]{0,12}(\\[[0-9]{0,11}[a-zA-Z]{0,3}(/[0-9]{0,11})?\\])?,?") {
        for text in [text, typestr] {
            if let Ok(dtype) = DType::parse(&text) {
                let _ = (dtype.to_string(), dtype.repr(), dtype.descr().unwrap(), dtype.name());
                prop_assert!(dtype.itemsize() <= crate::dtype::MAX_ITEMSIZE);
            }
        }
    }

    #[test]
    fn no_bytes_make_the_header_reader_panic(version in 0..5_u8, len in any::<u32>(), text in soup(), cut in any::<usize>()) {
        let mut bytes = b"\x93NUMPY".to_vec();
        bytes.extend([version, 0]);
        match version {
            1 => bytes.extend((text.len() as u16).to_le_bytes()),
            _ if len % 2 == 0 => bytes.extend(len.to_le_bytes()),
            _ => bytes.extend((text.len() as u32).to_le_bytes()),
        }
        bytes.extend(text.as_bytes());
        let cut = cut % (bytes.len() + 1);
        for bytes in [&bytes[..], &bytes[..cut]] {
            if let Ok(Parsed::NeedMore(needed)) = parse_header(bytes, 1000) {
                prop_assert!(bytes.len() < needed && needed <= 4012);
            }
            let _ = truncated_header(bytes);
        }
    }

    #[test]
    fn descrs_come_back(dtype in dtype()) {
        let descr = dtype.descr().unwrap();
        let literal = parse(&descr, Dialect::Python3).unwrap().value;
        prop_assert_eq!(literal.to_string(), descr.as_str());
        let back = DType::from_descr(&literal, &mut Vec::new()).unwrap();
        prop_assert_eq!(&back, &without_names(&dtype));
        prop_assert_eq!(back.descr().unwrap(), without_names(&dtype).descr().unwrap());
        prop_assert_eq!(back.alignment(), without_names(&dtype).alignment());
    }

    #[test]
    fn headers_come_back(dtype in dtype(), shape in prop::collection::vec(0..5_usize, 0..5), fortran in any::<bool>()) {
        prop_assume!(!matches!(dtype, DType::Subarray(_)));
        let order = if fortran { Order::F } else { Order::C };
        let bytes = write_header(&dtype, &shape, order, None).unwrap();
        prop_assert_eq!(bytes.len() % 64, 0);
        let header = header(&bytes);
        prop_assert_eq!(header.dtype(), &dtype);
        prop_assert_eq!(header.shape(), &shape);
        prop_assert_eq!(header.order(), order);
        prop_assert_eq!(header.data_offset(), bytes.len());
        prop_assert_eq!(header.warnings(), &[]);
    }

    #[test]
    fn the_short_cut_says_what_the_general_way_says(dtype in scalar(), shape in prop::collection::vec(0..5_usize, 0..5), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = write_header(&dtype, &shape, Order::C, None).unwrap();
        let start = 10;
        let at = start + at.index(bytes.len() - start);
        for _ in 0..2 {
            let text = &bytes[start..];
            if let Some((dtype, order, shape)) = fast::parse(text) {
                // A comment that says nothing takes the general way.
                let mut longer = text.strip_suffix(b"\n").unwrap_or(text).to_vec();
                longer.extend(b"#\n");
                let mut general = b"\x93NUMPY\x01\0".to_vec();
                general.extend((longer.len() as u16).to_le_bytes());
                general.extend(longer);
                let general = header(&general);
                prop_assert_eq!((general.dtype(), general.order(), general.shape()), (&dtype, order, shape.as_slice()));
            }
            bytes[at] = byte;
        }
    }
}

/// A debug build takes less than 512 KiB for it, a release build less than 128.
#[test]
fn the_deepest_dtype_needs_little_stack() {
    let nested = |depth: usize| format!("{}'<f4'{}", "[('a', ".repeat(depth), ")]".repeat(depth));
    let run = move || {
        let literal = parse(&nested(100), Dialect::Python3).unwrap().value;
        let dtype = DType::from_descr(&literal, &mut Vec::new()).unwrap();
        assert_eq!(dtype.descr().unwrap(), nested(100));
        assert_eq!(dtype.repr(), format!("dtype({dtype})"));
        assert_eq!(dtype.swapped().swapped(), dtype);
        // The header's own brackets count.
        let bytes = write_header(&dtype, &[3], Order::C, None).unwrap();
        let error = parse_header(&bytes, 10_000).unwrap_err();
        assert!(
            error
                .message()
                .contains("brackets nested more than 200 deep")
        );
        let dtype = &dtype.fields().unwrap()[0].dtype;
        let bytes = write_header(dtype, &[3], Order::C, None).unwrap();
        assert_eq!(header(&bytes).dtype(), dtype);
    };
    std::thread::Builder::new()
        .stack_size(512 << 10)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}
