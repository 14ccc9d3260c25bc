use super::*;
use crate::npy::header::{Parsed, parse_header};

fn refused(result: Result<Vec<u8>>, kind: ErrorKind, text: &str) {
    let error = result.unwrap_err();
    assert!(
        error.kind() == kind && error.message().starts_with(text),
        "{error:?}"
    );
}

#[test]
fn headers_are_written_as_numpy_writes_them() {
    let dtype = |text: &str| DType::parse(text).unwrap();
    let bytes = write_header(&dtype("<f8"), &[2, 3], Order::F, None).unwrap();
    let mut expected =
        b"\x93NUMPY\x01\0\x76\0{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }".to_vec();
    expected.resize(127, b' ');
    expected.push(b'\n');
    assert_eq!(bytes, expected);
    // One axis, or no elements: both orders, and written as asked.
    for shape in [&[3][..], &[], &[1, 3, 1], &[2, 0]] {
        let bytes = write_header(&dtype("<f8"), shape, Order::F, None).unwrap();
        assert!(String::from_utf8_lossy(&bytes).contains("'fortran_order': True"));
    }
    for version in 1..=3 {
        let bytes = write_header(&dtype("<f8"), &[3], Order::C, Some((version, 0))).unwrap();
        assert_eq!((bytes[6], bytes.len() % 64), (version, 0));
    }
    // 65536 bytes are too many for version 1; what is not latin1 needs version 3.
    let named = |name: &str| {
        let field = crate::Field {
            name: name.into(),
            title: None,
            dtype: dtype("<f4"),
            offset: 0,
        };
        let made = crate::Struct::new(vec![field], 4, false).unwrap();
        DType::Struct(std::sync::Arc::new(made))
    };
    for (name, version) in [
        ("é".to_owned(), 1),
        ("n".repeat(70_000), 2),
        ("日".to_owned(), 3),
    ] {
        let bytes = write_header(&named(&name), &[3], Order::C, None).unwrap();
        assert_eq!((bytes[6], bytes.len() % 64), (version, 0));
        let Parsed::Header(header) = parse_header(&bytes, 100_000).unwrap() else {
            panic!()
        };
        assert_eq!(
            (header.dtype(), header.data_offset()),
            (&named(&name), bytes.len())
        );
    }
    let write = |name, version| write_header(&named(name), &[3], Order::C, Some(version));
    refused(
        write("a", (4, 0)),
        ErrorKind::Version,
        "we only support format version (1,0), (2,0), and (3,0), not (4, 0)",
    );
    refused(
        write("日", (2, 0)),
        ErrorKind::Header,
        "only version (3, 0) holds a header that is not latin1",
    );
    refused(
        write(&"n".repeat(70_000), (1, 0)),
        ErrorKind::Header,
        "a header of 70",
    );
    refused(
        write_header(&dtype("<f8"), &[usize::MAX], Order::C, None),
        ErrorKind::Shape,
        "array is too big",
    );
    refused(
        write_header(&dtype("<f8"), &[1; 65], Order::C, None),
        ErrorKind::Shape,
        "maximum supported dimension",
    );
}

/// The headers of all files that `numpy.save` wrote, read and written again.
#[test]
fn files_that_numpy_wrote_have_the_headers_that_we_write() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/npy");
    let mut same = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        let Ok(Parsed::Header(header)) = parse_header(&bytes, 1 << 20) else {
            continue;
        };
        let written = write_header(header.dtype(), header.shape(), header.order(), None).unwrap();
        let read = &bytes[..header.data_offset()];
        // Put together by other means than numpy.save, or spelt otherwise than NumPy spells it.
        let other = [
            "header-",
            "ml-",
            "f4-fortran-flag",
            "empty-shape-",
            "b1-question-mark",
            "subarray-",
            "struct-comma-",
            "struct-padding-not-zero",
            "struct-no-fields-nested",
            "struct-int-shape",
            "python2-",
            "bytes-without-size",
            "text-without-size",
            "datetime-divided-unit",
        ];
        if header.version() != (1, 0) {
            continue;
        }
        if other.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let (written, read) = (
            String::from_utf8_lossy(&written),
            String::from_utf8_lossy(read),
        );
        assert_eq!(written, read, "{name}");
        same += 1;
    }
    assert!(same > 250, "{same}");
}
