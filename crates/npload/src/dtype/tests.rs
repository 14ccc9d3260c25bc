use super::*;
use crate::ErrorKind;

fn dtype(text: &str) -> DType {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn field(name: &str, text: &str, offset: usize) -> Field {
    Field {
        name: name.into(),
        title: None,
        dtype: dtype(text),
        offset,
    }
}

fn structure(fields: Vec<Field>, itemsize: usize, aligned: bool) -> DType {
    DType::Struct(Arc::new(Struct::new(fields, itemsize, aligned).unwrap()))
}

#[test]
fn strings_that_numpy_takes_are_taken() {
    const NATIVE: ByteOrder = ByteOrder::NATIVE;
    assert_eq!(dtype("=f8"), DType::Number(Number::Float64, NATIVE));
    assert_eq!(dtype(">i1"), DType::Number(Number::Int8, NATIVE));
    assert_eq!(dtype("f +8"), dtype("double"));
    assert_eq!(dtype("c"), DType::Bytes(1));
    assert_eq!(dtype("M 8"), dtype("datetime64"));
    assert_eq!(dtype("M8[s/4]").to_string(), "datetime64[250ms]");
    assert_eq!(dtype("M8[\u{3bc}s]").typestr(), "<M8[us]");
    assert_eq!(dtype("f4,="), dtype("f4,"));
    assert_eq!(
        dtype("f4, (2,3)>i2 ,3S").repr(),
        "dtype([('f0', '<f4'), ('f1', '>i2', (2, 3)), ('f2', 'S3')])"
    );
}

#[test]
fn other_strings_are_refused_by_name() {
    for (text, message) in [
        ("xyz", "data type 'xyz' not understood"),
        ("f8\0", r"data type 'f8\x00' not understood"),
        ("", "data type '' not understood"),
        ("f3", "data type 'f3' not understood"),
        ("S2147483648", "data type 'S2147483648' not understood"),
        (
            "V99999999999999999999",
            "data type 'V99999999999999999999' not understood",
        ),
        ("U536870912", "data type 'U536870912' not understood"),
        (">float64", "data type '>float64' not understood"),
        (
            "T",
            "the data type 'T' is numpy.dtypes.StringDType, which files hold as pickled objects only",
        ),
        ("3", "data type '' not understood"),
        ("<3>f4", "inconsistent byte-order specification < and >"),
        ("f4;i4,", "format number 1 of \"f4;i4,\" is not recognized"),
        (
            "(2,f4",
            "the repeats '(2,' of '(2,f4' are no shape: expected a literal, found the end",
        ),
        (
            "M8[s/0]",
            "Invalid datetime metadata string \"[s/0]\": counts and divisors are from 1 to 2147483647",
        ),
        (
            "M8[D/7]",
            "Invalid datetime metadata string \"[D/7]\": divisor (7) is not a multiple of a lower-unit",
        ),
        (
            "2147483647f4",
            "invalid shape in fixed-type tuple: dtype size in bytes must fit into a C int.",
        ),
        (
            "V2147483647,V1",
            "a struct of 2147483648 bytes is larger than a dtype may be, 2147483647",
        ),
    ] {
        let error = DType::parse(text).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::DType);
        assert!(error.message().starts_with(message), "{text}: {error}");
    }
}

#[test]
fn no_string_recurses_without_end() {
    for text in [
        "[,]",
        "[s,a]",
        "((((1,)f4",
        ">>>>>>3f4",
        &"3".repeat(100_000),
        &"(".repeat(100_000),
        &"f4,".repeat(20_000),
    ] {
        let _ = DType::parse(text);
    }
}

#[test]
fn aligned_structs_are_shown_as_numpy_shows_them() {
    let fields = || vec![field("a", "i1", 0), field("b", "<i4", 4)];
    let aligned = structure(fields(), 8, true);
    assert_eq!(
        aligned.to_string(),
        "{'names': ['a', 'b'], 'formats': ['i1', '<i4'], 'offsets': [0, 4], 'itemsize': 8, 'aligned': True}"
    );
    assert_eq!(
        aligned.repr(),
        "dtype([('a', 'i1'), ('b', '<i4')], align=True)"
    );
    assert_eq!(
        aligned.descr().unwrap(),
        "[('a', '|i1'), ('', '|V3'), ('b', '<i4')]"
    );
    assert_eq!(aligned.alignment(), 4);
    let plain = structure(fields(), 8, false);
    assert_eq!(
        plain.repr(),
        "dtype({'names': ['a', 'b'], 'formats': ['i1', '<i4'], 'offsets': [0, 4], 'itemsize': 8})"
    );
    assert_eq!(plain.alignment(), 1);
    assert_eq!(aligned, plain);
    let nested = Field {
        dtype: aligned,
        ..field("x", "i1", 0)
    };
    let nested = structure(vec![nested, field("y", "i1", 8)], 9, false);
    assert_eq!(
        nested.to_string(),
        "[('x', [('a', 'i1'), ('b', '<i4')]), ('y', 'i1')]"
    );
}

#[test]
fn structs_are_checked() {
    let made =
        |fields, itemsize| Struct::new(fields, itemsize, false).map_err(|error| error.to_string());
    assert_eq!(
        made(vec![field("a", "i4", 0), field("a", "i4", 4)], 8).unwrap_err(),
        "name already used as a name or title: \"a\""
    );
    let titled = Field {
        title: Some("a".into()),
        ..field("b", "i4", 4)
    };
    assert_eq!(
        made(vec![field("a", "i4", 0), titled], 8).unwrap_err(),
        "title already used as a name or title: \"a\""
    );
    assert_eq!(
        made(vec![field("a", "i4", 5)], 8).unwrap_err(),
        "the field \"a\" of 4 bytes at 5 is not inside of its struct of 8 bytes"
    );
    assert!(made(vec![field("a", "i4", usize::MAX)], 8).is_err());
    assert!(made(vec![], MAX_ITEMSIZE + 1).is_err());
    // Fields may overlap, but no descr can say so.
    let overlapping = structure(vec![field("a", "i4", 0), field("b", "i4", 2)], 6, false);
    assert_eq!(
        overlapping.descr().unwrap_err().message(),
        "dtype.descr is not defined for types with overlapping or out-of-order fields"
    );
    assert_eq!(
        overlapping.to_string(),
        "{'names': ['a', 'b'], 'formats': ['<i4', '<i4'], 'offsets': [0, 2], 'itemsize': 6}"
    );
}

#[test]
fn byte_orders_are_swapped_all_the_way_down() {
    let mixed = dtype("<f4,>U2,(2,)>M8[s],i1,O,S3");
    assert!(!mixed.is_native() && mixed.has_object());
    assert_eq!(
        mixed.with_byteorder(ByteOrder::Big).to_string(),
        "[('f0', '>f4'), ('f1', '>U2'), ('f2', '>M8[s]', (2,)), ('f3', 'i1'), ('f4', 'O'), ('f5', 'S3')]"
    );
    assert_eq!(mixed.swapped().swapped(), mixed);
    assert!(mixed.with_byteorder(ByteOrder::NATIVE).is_native());
    assert_eq!(dtype("bfloat16").swapped().to_string(), ">V2");
    assert_eq!(dtype("bfloat16").swapped().repr(), "dtype(bfloat16)");
}
