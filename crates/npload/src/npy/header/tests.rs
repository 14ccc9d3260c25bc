use super::*;
use crate::npy::frame::{MAGIC, truncated_header};

/// The bytes of a header with this text.
fn header(version: u8, text: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend([version, 0]);
    match version {
        1 => bytes.extend(u16::try_from(text.len()).unwrap().to_le_bytes()),
        _ => bytes.extend(u32::try_from(text.len()).unwrap().to_le_bytes()),
    }
    bytes.extend(text);
    bytes
}

fn read(text: &str) -> Result<Header> {
    match parse_header(&header(1, text.as_bytes()), 10_000)? {
        Parsed::Header(header) => Ok(header),
        Parsed::NeedMore(n) => panic!("needs {n} bytes"),
    }
}

fn with(descr: &str, fortran_order: &str, shape: &str) -> Result<Header> {
    read(&format!(
        "{{'descr': {descr}, 'fortran_order': {fortran_order}, 'shape': {shape}}}"
    ))
}

fn refusal(result: Result<impl std::fmt::Debug>) -> (ErrorKind, String) {
    let error = result.unwrap_err();
    (error.kind(), error.to_string())
}

fn starts(result: Result<impl std::fmt::Debug>, kind: ErrorKind, text: &str) {
    let (found, message) = refusal(result);
    assert!(
        found == kind && message.starts_with(text),
        "{found:?} {message}"
    );
}

#[test]
fn bytes_are_asked_for_as_the_header_tells_them() {
    let bytes = header(
        1,
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n",
    );
    for n in 0..bytes.len() {
        let needed = match n {
            0..8 => 8,
            8..10 => 10,
            _ => bytes.len(),
        };
        assert_eq!(
            parse_header(&bytes[..n], 10_000).unwrap(),
            Parsed::NeedMore(needed)
        );
        let error = truncated_header(&bytes[..n]);
        assert_eq!(error.kind(), ErrorKind::Truncated);
        assert_eq!(error.offset(), Some(n as u64));
        let message = match n {
            0..8 => format!("EOF: reading magic string, expected 8 bytes got {n}"),
            8..10 => format!(
                "EOF: reading array header length, expected 2 bytes got {}",
                n - 8
            ),
            _ => format!(
                "EOF: reading array header, expected 58 bytes got {}",
                n - 10
            ),
        };
        assert_eq!(error.message(), message);
    }
    // What follows is the data's.
    let mut longer = bytes.clone();
    longer.extend([1, 2, 3]);
    assert_eq!(
        parse_header(&longer, 10_000).unwrap(),
        parse_header(&bytes, 10_000).unwrap()
    );
    assert_eq!(
        truncated_header(b"\x93NUMPY\x02\0abc").message(),
        "EOF: reading array header length, expected 4 bytes got 3"
    );
}

#[test]
fn other_magic_and_versions_are_refused() {
    starts(
        parse_header(b"\x93NUMPZ", 100),
        ErrorKind::NotArray,
        r"the magic string is not correct; expected b'\x93NUMPY', got b'\x93NUMPZ'",
    );
    for (version, shown) in [([4, 0], "(4, 0)"), ([1, 1], "(1, 1)"), ([0, 0], "(0, 0)")] {
        let bytes = [MAGIC.as_slice(), &version].concat();
        let (kind, message) = refusal(parse_header(&bytes, 100));
        assert_eq!(kind, ErrorKind::Version);
        assert_eq!(
            message,
            format!("we only support format version (1,0), (2,0), and (3,0), not {shown}")
        );
    }
}

#[test]
fn the_limit_is_checked_before_bytes_are_asked_for() {
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
    let at = |version, len: u32, limit| {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([version, 0]);
        bytes.extend(len.to_le_bytes());
        parse_header(&bytes, limit)
    };
    for version in [2, 3] {
        let (kind, message) = refusal(at(version, u32::MAX, 10_000));
        assert_eq!(kind, ErrorKind::Limit);
        assert!(
            message.contains("`max_header_size`") && message.contains("10000"),
            "{message}"
        );
    }
    assert!(
        refusal(at(2, 10_001, 10_000))
            .1
            .starts_with("Header info length (10001) is large")
    );
    assert_eq!(at(2, 10_000, 10_000).unwrap(), Parsed::NeedMore(10_012));
    // A character of UTF-8 may take 4 bytes.
    assert_eq!(at(3, 40_000, 10_000).unwrap(), Parsed::NeedMore(40_012));
    assert_eq!(refusal(at(3, 40_001, 10_000)).0, ErrorKind::Limit);
    // Characters count, not bytes.
    let long = format!("{text}#{}", "é".repeat(100));
    let chars = long.chars().count();
    assert!(matches!(
        parse_header(&header(3, long.as_bytes()), chars),
        Ok(Parsed::Header(_))
    ));
    starts(
        parse_header(&header(3, long.as_bytes()), chars - 1),
        ErrorKind::Limit,
        "Header info length (158)",
    );
    starts(
        parse_header(&header(1, text.as_bytes()), 56),
        ErrorKind::Limit,
        "Header info length (57)",
    );
}

#[test]
fn texts_are_latin1_or_utf8() {
    let text = "{'descr': [('é', '<f4')], 'fortran_order': False, 'shape': ()}";
    let latin1: Vec<u8> = text.chars().map(|c| c as u8).collect();
    for bytes in [
        header(1, &latin1),
        header(2, &latin1),
        header(3, text.as_bytes()),
    ] {
        let Parsed::Header(header) = parse_header(&bytes, 100).unwrap() else {
            panic!()
        };
        assert_eq!(header.dtype().fields().unwrap()[0].name, "é");
    }
    let error = parse_header(&header(3, &latin1), 100).unwrap_err();
    assert_eq!(
        (error.kind(), error.offset()),
        (ErrorKind::Encoding, Some(12 + 13))
    );
    assert_eq!(
        error.message(),
        "'utf-8' codec can't decode byte 0xe9 in position 13 of the header"
    );
}

#[test]
fn wrong_headers_are_refused_in_numpys_words() {
    use ErrorKind::{DType, Header, Shape};
    starts(read("[1]"), Header, "Header is not a dictionary: [1]");
    starts(
        read("{'shape': 1, 'x': 2}"),
        Header,
        "Header does not contain the correct keys: ['shape', 'x']",
    );
    starts(
        read("{'descr': 1, 'shape': 2, 'fortran_order': 3, 4: 5}"),
        Header,
        "Header does not contain the correct keys: ['descr', 'fortran_order', 'shape', 4]",
    );
    starts(
        with("'<f4'", "False", "[3]"),
        Header,
        "shape is not valid: [3]",
    );
    starts(
        with("'<f4'", "False", "(3.0,)"),
        Header,
        "shape is not valid: (3.0,)",
    );
    starts(
        with("'<f4'", "False", "(True,)"),
        Header,
        "shape is not valid: (True,)",
    );
    starts(
        with("'<f4'", "1", "(3,)"),
        Header,
        "fortran_order is not a valid bool: 1",
    );
    starts(
        with("'x'", "False", "(3,)"),
        DType,
        "descr is not a valid dtype descriptor: 'x': data type 'x' not understood",
    );
    starts(
        with("{'a': 1}", "False", "(3,)"),
        DType,
        "descr is not a valid dtype descriptor: {'a': 1}",
    );
    starts(
        with("'T'", "False", "(3,)"),
        DType,
        "descr is not a valid dtype descriptor: 'T': the data type 'T' is numpy.dtypes.StringDType",
    );
    starts(
        with("'<f4'", "False", "(2, -1)"),
        Shape,
        "negative dimensions are not allowed: (2, -1)",
    );
    starts(
        with("'<f4'", "False", &format!("({})", "1,".repeat(65))),
        Shape,
        "maximum supported dimension for an ndarray is currently 64, found 65",
    );
    starts(
        read("{'descr': f4}"),
        Header,
        "at byte 20: Cannot parse header: \"{'descr': f4}\": expected a literal, found the name `f4`",
    );
    // Offsets are the file's, whatever the encoding.
    starts(
        parse_header(&header(1, b"{'\xe9': f4}"), 99),
        Header,
        "at byte 16:",
    );
    starts(
        parse_header(&header(3, "{'é': f4}".as_bytes()), 99),
        Header,
        "at byte 19:",
    );
}

#[test]
fn shapes_are_multiplied_exactly() {
    let shape = |shape: &str| with("'<f4'", "False", shape);
    for text in [
        "(4294967296, 4294967296)",
        "(9223372036854775807,)",
        "(4611686018427387904, 4)",
    ] {
        starts(
            shape(text),
            ErrorKind::Shape,
            &format!("array is too big: the shape {text} of 4 bytes each"),
        );
    }
    starts(
        shape("(9223372036854775808,)"),
        ErrorKind::Shape,
        "Maximum allowed dimension exceeded",
    );
    starts(
        shape("(0, 0x1_0000_0000_0000_0000)"),
        ErrorKind::Shape,
        "Maximum allowed dimension exceeded",
    );
    starts(
        shape(&format!("(0x{},)", "f".repeat(1000))),
        ErrorKind::Shape,
        "Maximum allowed dimension exceeded",
    );
    let empty = shape("(9223372036854775807, 9223372036854775807, 0)").unwrap();
    assert_eq!((empty.size(), empty.nbytes()), (0, 0));
    let scalar = shape("()").unwrap();
    assert_eq!((scalar.size(), scalar.nbytes()), (1, 4));
    // No bytes, but more elements than an index can count.
    starts(
        with("'V0'", "False", "(4294967296, 4294967296)"),
        ErrorKind::Shape,
        "array is too big",
    );
    assert_eq!(
        with("'V0'", "False", "(4294967296, 2)").unwrap().size(),
        1 << 33
    );
}

#[test]
fn subarrays_at_the_top_have_one_element() {
    for (descr, order, text) in [
        ("('>f4', (1, 1))", "False", "(3, 2)"),
        ("(('>f4', 1), (1,))", "True", "(3, 2)"),
        ("('>f4', (2,))", "False", "(0, 2)"),
        ("('>f4', (0,))", "True", "(0, 2)"),
    ] {
        let header = with(descr, order, text).unwrap();
        assert_eq!(header.dtype().to_string(), ">f4");
        assert_eq!(shape::tuple_repr(header.shape()), text);
    }
    for descr in [
        "('<f4', (2,))",
        "2f4",
        "('<f4', (0,))",
        "(('<f4', (2,)), (1,))",
    ] {
        let descr = descr.replace("2f4", "'2f4'");
        starts(
            with(&descr, "False", "(3,)"),
            ErrorKind::Shape,
            "an array of (",
        );
    }
    // The pickle tells what is in it.
    assert_eq!(
        *with("('|O', (2,))", "False", "(3,)").unwrap().dtype(),
        DType::Object
    );
}

#[test]
fn odd_headers_are_read_with_a_warning() {
    let warnings = |header: Result<Header>| header.unwrap().warnings().to_vec();
    assert_eq!(
        warnings(with("'<f4'", "False", "(3L, 4)")),
        [Warning::Python2Header]
    );
    assert_eq!(
        warnings(with("'<f4'", "False", "(np.int64(3), 4)")),
        [Warning::NumpyScalarInHeader]
    );
    assert_eq!(
        warnings(with("[('a', ('|O', {'vlen': 's'}))]", "False", "(3,)")),
        [Warning::MetadataIgnored]
    );
    assert_eq!(warnings(with("'<f4'", "False", "(3, 4)")), []);
    // Python 2 had no version 3, and a scalar is no descr.
    let text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (3L,)}";
    starts(
        parse_header(&header(3, text), 99),
        ErrorKind::Header,
        "at byte 64: Cannot parse header",
    );
    starts(
        with("('<f4', np.int64(3))", "False", "()"),
        ErrorKind::DType,
        "descr is not",
    );
}

#[test]
fn the_short_cut_agrees_with_the_general_way() {
    let texts = [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }          \n",
        "{'descr': '|S12', 'fortran_order': True, 'shape': (3, 4), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (), }\n",
        "{'descr': '>M8', 'fortran_order': False, 'shape': (123456789012345678, 0), }\n",
        "{'descr': '?', 'fortran_order': False, 'shape': (1, 2, 3, 4, 5), }\n",
    ];
    for text in texts {
        let fast = fast::parse(text.as_bytes());
        let Some((dtype, order, shape)) = fast else {
            panic!("{text:?} takes the long way")
        };
        let general = parse_text(text.as_bytes(), (1, 0), 10, 10_000).unwrap();
        assert_eq!(
            (&dtype, order, shape.as_slice()),
            (general.dtype(), general.order(), general.shape())
        );
    }
    for text in [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (03,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1234567890123456789,), }",
        "{'descr': '<V2', 'fortran_order': False, 'shape': (3,), } # dtype: bfloat16",
        "{'descr': '2f4', 'fortran_order': False, 'shape': (3,), }",
        "{'descr': '<f\\4', 'fortran_order': False, 'shape': (3,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), , }",
    ] {
        assert_eq!(fast::parse(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn a_header_that_ends_in_cr_was_made_crlf() {
    let dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
    for (end, warnings) in [
        ("\n", vec![]),
        ("", vec![]),
        ("\r", vec![]),
        ("\r\n", vec![Warning::LineEndsChanged]),
    ] {
        // The length is that of the header before.
        let text = format!("{dict}{}", end.strip_suffix("\n").unwrap_or(end));
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend_from_slice(&u16::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(dict.as_bytes());
        bytes.extend_from_slice(end.as_bytes());
        let Parsed::Header(header) = parse_header(&bytes, 10_000).unwrap() else {
            panic!("a whole header");
        };
        assert_eq!(header.warnings(), warnings, "{end:?}");
    }
}
