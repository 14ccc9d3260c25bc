//! Python objects: arrays of them, and pickles.

use std::io::Cursor;

use base64::Engine;
use npload::pickle::Object;
use npload::{
    Array, Buffer, Encoding, ErrorKind, Handle, LoadOptions, Loaded, Member, ObjectArray, Objects,
    Order, PickleLimits, PrintOptions, Result, load,
};

use crate::files::testdata;

fn pickles() -> LoadOptions {
    LoadOptions::new().allow_pickle(true)
}

/// An npy file of objects.
fn npy(shape: &str, order: bool, pickle: &[u8]) -> Vec<u8> {
    described("'|O'", shape, order, pickle)
}

fn described(descr: &str, shape: &str, order: bool, pickle: &[u8]) -> Vec<u8> {
    let order = if order { "True" } else { "False" };
    let header = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(pickle);
    bytes
}

/// The pickle of an array of objects, as NumPy writes it.
fn array(shape: &[u8], fortran: bool, items: &[u8]) -> Vec<u8> {
    let start =
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01(";
    let dtype =
        b"tcnumpy\ndtype\n(U\x02O8\x89\x88tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb";
    let shape: Vec<u8> = shape.iter().flat_map(|&len| [b'K', len]).collect();
    let fortran = if fortran { b"\x88" } else { b"\x89" };
    [&start[..], &shape, dtype, fortran, b"](", items, b"etb."].concat()
}

/// The same file by every way in.
fn every_way(bytes: &[u8], options: &LoadOptions) -> Vec<Result<Loaded>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    std::fs::write(&path, bytes).unwrap();
    let mut many = options.load_many(&[&path, &path]);
    vec![
        options.load(&path),
        options.load_bytes(bytes),
        options.load_source(Buffer::from(bytes.to_vec())),
        options.load_reader(&mut &bytes[..]),
        options.load_seekable(&mut Cursor::new(bytes)),
        many.remove(1),
    ]
}

#[test]
fn what_numpy_wrote_is_there_by_every_way_in() {
    for (name, shown, repr) in [
        (
            "object",
            "[1 'two' None list([3.5])]",
            "array([1, 'two', None, list([3.5])], dtype=object)",
        ),
        ("object-0d", "{'a': 1}", "array({'a': 1}, dtype=object)"),
        (
            "object-struct",
            "[(1, 'x')]",
            "array([(1, 'x')], dtype=[('n', '<i4'), ('o', 'O')])",
        ),
        ("object-empty", "[]", "array([], dtype=object)"),
        (
            "object-stringdtype",
            "['a' 'long enough to leave the arena, surely']",
            "array(['a', 'long enough to leave the arena, surely'], dtype=StringDType())",
        ),
    ] {
        let path = testdata().join(format!("npy/{name}.npy"));
        assert_eq!(load(&path).unwrap_err().kind(), ErrorKind::ObjectArray);
        let bytes = std::fs::read(&path).unwrap();
        let header = LoadOptions::new().open_npy(&path).unwrap().header().clone();
        let mut found: Vec<ObjectArray> = every_way(&bytes, &pickles())
            .into_iter()
            .map(|loaded| loaded.unwrap().into_object_array().unwrap())
            .collect();
        found.push(pickles().open_npy(&path).unwrap().load_objects().unwrap());
        for array in found {
            assert_eq!(array.to_string(), shown);
            assert_eq!(array.format_repr(&Default::default()), repr);
            assert_eq!(
                (array.shape(), array.order()),
                (header.shape(), header.order())
            );
            assert_eq!(array.size(), header.size());
            assert_eq!(array.iter().len(), header.size());
        }
    }
}

#[test]
fn arrays_of_objects_print_as_numpy_prints_them() {
    let told = std::fs::read_to_string(testdata().join("objects.jsonl")).unwrap();
    let mut count = 0;
    for line in told.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let npy = line["npy_base64"].as_str().unwrap();
        let npy = base64::prelude::BASE64_STANDARD.decode(npy).unwrap();
        let loaded = pickles().load_bytes(&npy).unwrap();
        let array = loaded.into_object_array().unwrap();
        assert_eq!(serde_json::json!(array.shape()), line["shape"]);
        assert_eq!(array.order() == Order::F, line["fortran"]);
        if let Some(text) = line["str"].as_str() {
            assert_eq!(array.to_string(), text);
        }
        let repr = array.format_repr(&PrintOptions::default());
        assert_eq!(repr, line["repr"].as_str().unwrap());
        count += 1;
    }
    assert!(count > 200, "{count}");
}

#[test]
fn elements_are_found_in_either_order_and_convert() {
    let items = b"K\x01K\x02K\x03K\x04K\x05K\x06";
    for fortran in [false, true] {
        let bytes = npy("(2, 3)", fortran, &array(&[2, 3], fortran, items));
        let array = pickles()
            .load_bytes(&bytes)
            .unwrap()
            .into_object_array()
            .unwrap();
        assert_eq!(array.to_string(), "[[1 2 3]\n [4 5 6]]");
        assert_eq!(i64::try_from(array.get(&[1, 0]).unwrap()).unwrap(), 4);
        assert_eq!(
            array.deserialize::<Vec<[u8; 3]>>().unwrap(),
            [[1, 2, 3], [4, 5, 6]]
        );
        let err = array.get(&[2, 0]).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Index);
        assert_eq!(
            err.message(),
            "index 2 is out of bounds for axis 0 with size 2"
        );
        let err = array.deserialize::<Vec<[bool; 3]>>().unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Type);
        assert_eq!(
            err.message(),
            "[0][0]: invalid type: integer `1`, expected a boolean"
        );
    }
}

#[test]
fn a_numeric_array_among_objects_shares_the_pickle_s_memory() {
    let inner = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01K\x02K\x02\x86cnumpy\ndtype\n(U\x02i2\x89\x88tR(K\x03U\x01>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x88C\x08\x00\x01\x00\x02\x00\x03\x00\x04tb";
    let bytes = npy("(1,)", false, &array(&[1], false, inner));
    let objects = pickles()
        .load_bytes(&bytes)
        .unwrap()
        .into_object_array()
        .unwrap();
    let element = objects.get(&[0]).unwrap();
    let array = Array::try_from(element).unwrap();
    assert_eq!(
        (array.dtype().typestr(), array.shape()),
        (">i2".to_owned(), &[2, 2][..])
    );
    assert_eq!(array.to_string(), "[[1 3]\n [2 4]]");
    let again = Array::try_from(&element.array().unwrap()).unwrap();
    assert_eq!(array.buffer().0.as_ptr(), again.buffer().0.as_ptr());
    assert_eq!(
        objects.to_string(),
        "[array([[1, 3],\n        [2, 4]], dtype='>i2')]"
    );
    let err = Array::try_from(objects.objects().root_object()).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::ObjectArray);
}

#[test]
fn the_header_must_tell_the_pickled_array() {
    let one = array(&[1], false, b"K\x01");
    let ints = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01K\x01\x85cnumpy\ndtype\n(U\x02i1\x89\x88tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89C\x01\x07tb.";
    for (bytes, message) in [
        (
            npy("(2,)", false, &one),
            "has the shape (1,), and its header says (2,)",
        ),
        (
            npy("()", false, &one),
            "has the shape (1,), and its header says ()",
        ),
        (
            npy("(2, 2)", true, &array(&[2, 2], false, b"NNNN")),
            "is in C order, and its header says Fortran",
        ),
        (
            npy("(1,)", false, ints),
            "holds '|i1', and its header says object",
        ),
        (
            described("[('a', 'O')]", "(1,)", false, &one),
            "holds '|O', and its header says [('a', 'O')]",
        ),
        (
            npy("(1,)", false, b"\x80\x02]K\x01a."),
            "an ndarray expected in the pickle of an object array, list found",
        ),
    ] {
        for loaded in every_way(&bytes, &pickles()) {
            let err = loaded.unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Pickle, "{err}");
            assert!(err.message().contains(message), "{err}");
            assert_eq!(err.offset(), Some(bytes.len() as u64 - pickle_len(&bytes)));
        }
    }
    // An array of one row lies in both orders.
    let row = npy("(1, 2)", true, &array(&[1, 2], false, b"NN"));
    pickles()
        .load_bytes(&row)
        .unwrap()
        .into_object_array()
        .unwrap();
}

fn pickle_len(bytes: &[u8]) -> u64 {
    let start = 10 + u16::from_le_bytes([bytes[8], bytes[9]]) as usize;
    (bytes.len() - start) as u64
}

#[test]
fn a_damaged_pickle_is_told_by_opcode_and_byte_of_the_file() {
    let good = array(&[1], false, b"K\x01");
    let mut cut = npy("(1,)", false, &good);
    cut.pop();
    let start = cut.len() as u64 + 1 - good.len() as u64;
    let end = cut.len() as u64;
    for (bytes, kind, offset, message) in [
        (
            cut,
            ErrorKind::Truncated,
            end,
            "in the pickle: Ran out of input",
        ),
        (
            npy("(1,)", false, b""),
            ErrorKind::Truncated,
            start,
            "in the pickle: Ran out of input",
        ),
        (
            npy("(1,)", false, b"\x80\x02K\x01a."),
            ErrorKind::Pickle,
            start + 4,
            "in the pickle: APPEND: the stack holds 1 value, and 2 are needed",
        ),
        (
            npy("(1,)", false, b"\x80\x02U\x01\xe9."),
            ErrorKind::Encoding,
            start + 2,
            "in the pickle: SHORT_BINSTRING: 'ascii' codec can't decode byte 0xe9 in position 0: ordinal not in range(128); a pickle of Python 2 may need encoding 'latin1' or 'bytes'",
        ),
        (
            npy("(1,)", false, b"\x80\x02C\xff."),
            ErrorKind::Truncated,
            start + 2,
            "in the pickle: SHORT_BINBYTES: pickle data was truncated: 255 bytes expected, 1 left",
        ),
        (
            npy("(1,)", false, b"\x80\x02\xff"),
            ErrorKind::Pickle,
            start + 2,
            "in the pickle: invalid load key, '\\u{ff}': no opcode",
        ),
    ] {
        for loaded in every_way(&bytes, &pickles()) {
            let err = loaded.unwrap_err();
            assert_eq!((err.kind(), err.message()), (kind, message));
            assert_eq!(err.offset(), Some(offset), "{err}");
        }
    }
    let nested = npy(
        "(1,)",
        false,
        &array(&[1], false, &[b"]".repeat(9), b"a".repeat(8)].concat()),
    );
    let limits = PickleLimits {
        max_nesting: 5,
        ..PickleLimits::default()
    };
    let err = pickles()
        .pickle_limits(limits)
        .load_bytes(&nested)
        .unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Limit);
    assert!(err.message().contains("raise max_nesting"), "{err}");
}

#[test]
fn nothing_is_run_and_calls_are_there_to_be_looked_at() {
    let bytes = npy(
        "(1,)",
        false,
        &array(&[1], false, b"cposix\nsystem\nX\x02\0\0\0ls\x85R"),
    );
    let array = pickles()
        .load_bytes(&bytes)
        .unwrap()
        .into_object_array()
        .unwrap();
    assert_eq!(array.to_string(), "[posix.system('ls')]");
    assert!(matches!(array.get(&[0]).unwrap().get(), Object::Reduced(_)));
}

#[test]
fn pickles_of_python_2_have_their_encoding_and_names() {
    let bytes = npy("(1,)", false, &array(&[1], false, b"U\x01\xe9"));
    let load = |encoding| {
        let loaded = pickles().encoding(encoding).load_bytes(&bytes);
        loaded.unwrap().into_object_array().unwrap().to_string()
    };
    assert_eq!(load(Encoding::Latin1), "['é']");
    assert_eq!(load(Encoding::Bytes), "[b'\\xe9']");
    let name = |fix| {
        let loaded = pickles().fix_imports(fix).load_bytes(b"ccPickle\nloads\n.");
        loaded.unwrap().into_objects().unwrap().to_string()
    };
    assert_eq!(
        (name(true), name(false)),
        ("pickle.loads".to_owned(), "cPickle.loads".to_owned())
    );
}

#[test]
fn a_pickle_alone_is_its_object_and_what_follows_is_ignored() {
    let expected = Objects::load(b"](K\x01X\x02\0\0\0hie.").unwrap();
    let pickle = b"\x80\x04\x95\x0b\0\0\0\0\0\0\0]\x94(K\x01\x8c\x02hi\x94e.";
    for bytes in [&pickle[..], &[&pickle[..], b"\xff and more"].concat()] {
        let refused = LoadOptions::new().load_bytes(bytes).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::NotArray);
        for loaded in every_way(bytes, &pickles()) {
            assert_eq!(loaded.unwrap().into_objects().unwrap(), expected);
        }
    }
    let loaded = || pickles().load_bytes(pickle).unwrap();
    let err = loaded().into_array().unwrap_err();
    assert_eq!(
        err.message(),
        "this is a pickle, not one array: use into_objects"
    );
    let err = loaded().into_npz().unwrap_err();
    assert_eq!(
        err.message(),
        "this is a pickle, not an archive: use into_objects"
    );
    for protocol_0 in ["pickle-protocol-0.npy", "pickle.npy"] {
        let path = testdata().join("malformed").join(protocol_0);
        pickles().load(path).unwrap().into_objects().unwrap();
    }
}

#[test]
fn what_is_no_pickle_is_named() {
    for (bytes, message) in [
        (
            &b"1.0,2.0\n3.0,4.0\n"[..],
            "Failed to interpret the file as a pickle: it looks like text.",
        ),
        (
            b"\x1f\x8b\x08\0\0\0\0",
            "Failed to interpret the file as a pickle: it looks like gzip data.",
        ),
        (b"\x80\x04K\x01a.", "in the pickle: APPEND: "),
    ] {
        for loaded in every_way(bytes, &pickles()) {
            let err = loaded.unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Pickle);
            assert!(err.message().starts_with(message), "{err}");
            assert!(err.looks().is_some(), "{err}");
        }
    }
    let err = pickles()
        .open_source(Buffer::from(b"1.0,2.0\n3.0,4.0\n".to_vec()))
        .unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotArray);
    let pickle = Buffer::from(b"\x80\x04N.".to_vec());
    let err = pickles().open_npy_in(pickle.clone()).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NotArray);
    assert_eq!(
        err.message(),
        "this is a pickle, which has no arrays to open: use load"
    );
    assert_eq!(
        pickles().open_npz_in(pickle).unwrap_err().message(),
        err.message()
    );
}

#[test]
fn arrays_and_pickles_of_a_stream_load_one_after_the_other() {
    let objects = npy("(1,)", false, &array(&[1], false, b"K\x01"));
    let numbers = std::fs::read(testdata().join("npy/f8-le-2d-c.npy")).unwrap();
    let framed = b"\x80\x04\x95\x04\0\0\0\0\0\0\0K\x01\x85.";
    let all = [
        &objects[..],
        b"N.",
        &objects,
        &numbers,
        framed,
        b"I01\n.",
        &objects,
    ]
    .concat();
    let mut reader = &all[..];
    let mut found = Vec::new();
    loop {
        match pickles().load_reader(&mut reader) {
            Ok(loaded) => found.push(match loaded {
                Loaded::Array(_) => "array".to_owned(),
                Loaded::ObjectArray(array) => array.to_string(),
                Loaded::Object(objects) => objects.to_string(),
                other => panic!("{other:?}"),
            }),
            Err(err) => {
                assert_eq!(err.kind(), ErrorKind::Empty);
                break;
            }
        }
    }
    assert_eq!(
        found,
        ["[1]", "None", "[1]", "array", "(1,)", "True", "[1]"]
    );
}

#[test]
fn members_of_objects_are_among_the_others() {
    let path = testdata().join("npz/savez-object.npz");
    let plain = npload::Npz::open(&path).unwrap();
    assert_eq!(plain.load_all().unwrap_err().kind(), ErrorKind::ObjectArray);
    let npz = pickles().open_npz(&path).unwrap();
    let all = npz.load_all().unwrap();
    let shown = |member: &Member| match member {
        Member::Array(array) => array.to_string(),
        Member::ObjectArray(array) => array.to_string(),
        other => panic!("{other:?}"),
    };
    let texts: Vec<_> = all
        .iter()
        .map(|(key, member)| (*key, shown(member)))
        .collect();
    assert_eq!(
        texts,
        [("o", "[1 None]".to_owned()), ("n", "[0 1]".to_owned())]
    );
    assert_eq!(npz.get_objects("o").unwrap().to_string(), "[1 None]");
    assert_eq!(shown(&npz.begin("o").unwrap().load().unwrap()), "[1 None]");
    assert_eq!(shown(&npz.load_some(["o"]).unwrap()[0]), "[1 None]");
    let err = npz.get("o").unwrap_err();
    assert_eq!(
        (err.kind(), err.member()),
        (ErrorKind::ObjectArray, Some("o.npy"))
    );
    assert_eq!(npz.get_objects("n").unwrap_err().kind(), ErrorKind::Type);
    assert_eq!(
        npz.part("o").map(drop).unwrap_err().kind(),
        ErrorKind::ObjectArray
    );
    npz.verify("o").unwrap();
    assert!(
        npz.verify_all()
            .unwrap()
            .iter()
            .all(|member| member.header.is_ok())
    );
}

#[test]
fn a_damaged_pickle_in_an_archive_is_told_with_its_member() {
    let good = npy("(1,)", false, &array(&[1], false, b"K\x01"));
    let bad = npy("(2,)", false, &array(&[1], false, b"K\x01"));
    let large = npy(
        "(1,)",
        false,
        &array(
            &[1],
            false,
            &[&b"X\0\0\x02\0"[..], &[b'x'; 0x20000]].concat(),
        ),
    );
    for deflated in [false, true] {
        let bytes = zip(
            &[
                ("good.npy", &good),
                ("large.npy", &large),
                ("bad.npy", &bad),
            ],
            deflated,
        );
        let npz = pickles().open_npz_in(Buffer::from(bytes)).unwrap();
        assert_eq!(npz.get_objects("good").unwrap().to_string(), "[1]");
        assert_eq!(npz.get_objects("large").unwrap().size(), 1);
        let verdicts = npz.verify_all().unwrap();
        let told = verdicts[2].header.as_ref().unwrap_err();
        for err in [
            &npz.load_all().unwrap_err(),
            &npz.member("bad").unwrap_err(),
            &npz.verify("bad").unwrap_err(),
            told,
        ] {
            assert_eq!(
                (err.kind(), err.member()),
                (ErrorKind::Pickle, Some("bad.npy")),
                "{err}"
            );
            assert!(err.message().contains("has the shape (1,)"), "{err}");
        }
        // Not looked into where pickles are not allowed.
        let plain = npz.with_options(LoadOptions::new());
        assert!(
            plain
                .verify_all()
                .unwrap()
                .iter()
                .all(|member| member.header.is_ok())
        );
    }
}

/// An archive of these members.
fn zip(members: &[(&str, &Vec<u8>)], deflated: bool) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, contents) in members {
        let packed = match deflated {
            // Stored blocks of deflate.
            true => {
                let mut packed = Vec::new();
                let mut chunks = contents.chunks(0xffff).peekable();
                while let Some(chunk) = chunks.next() {
                    let len = u16::try_from(chunk.len()).unwrap();
                    packed.push(u8::from(chunks.peek().is_none()));
                    packed.extend(len.to_le_bytes());
                    packed.extend((!len).to_le_bytes());
                    packed.extend(chunk);
                }
                packed
            }
            false => (*contents).clone(),
        };
        let mut shared = Vec::new();
        shared.extend(20_u16.to_le_bytes());
        shared.extend(0_u16.to_le_bytes());
        shared.extend(if deflated { 8_u16 } else { 0 }.to_le_bytes());
        shared.extend([0; 4]);
        shared.extend(crc(contents).to_le_bytes());
        shared.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
        shared.extend(u32::try_from(contents.len()).unwrap().to_le_bytes());
        shared.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        shared.extend([0; 2]);
        let offset = u32::try_from(bytes.len()).unwrap();
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&shared);
        bytes.extend(name.bytes());
        bytes.extend(packed);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&shared);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.bytes());
    }
    let start = u32::try_from(bytes.len()).unwrap();
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.iter().chain(&count));
    bytes.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn handles_and_peeks_know_them() {
    let path = testdata().join("npy/object.npy");
    let peeked = pickles().peek(&path).unwrap().remove(0);
    assert_eq!(peeked.header.unwrap().unwrap().shape(), [4]);
    let npy = pickles().open_npy(&path).unwrap();
    for err in [
        npy.load().map(drop).unwrap_err(),
        npy.part().map(drop).unwrap_err(),
        npy.load_into(&mut [0_u8; 4]).unwrap_err(),
    ] {
        assert!(
            matches!(err.kind(), ErrorKind::ObjectArray | ErrorKind::Type),
            "{err}"
        );
    }
    let numbers = pickles()
        .open_npy(testdata().join("npy/f8-le-2d-c.npy"))
        .unwrap();
    let err = numbers.load_objects().unwrap_err();
    assert_eq!(
        err.message(),
        "this is an array of float64, and not of Python objects"
    );
    let path = testdata().join("malformed/pickle.npy");
    let size = std::fs::metadata(&path).unwrap().len();
    let bytes = std::fs::read(&path).unwrap();
    for handle in [
        pickles().open(&path).unwrap(),
        pickles().open_reader(&mut &bytes[..]).unwrap(),
    ] {
        let peeked = handle.peek().remove(0);
        assert_eq!((peeked.compression, peeked.size), ("pickle", size));
        assert!(matches!(peeked.header, Ok(None)) && peeked.key.is_none());
        let Handle::Pickle(pickle) = handle else {
            panic!("{handle:?}");
        };
        pickle.load().unwrap();
    }
    let peeked = pickles().peek_reader(&mut &bytes[..]).unwrap().remove(0);
    assert_eq!((peeked.compression, peeked.size), ("pickle", size));
    assert_eq!(
        npload::peek(&path).map(drop).unwrap_err().kind(),
        ErrorKind::NotArray
    );
}

#[test]
fn pickles_may_be_left_to_the_caller() {
    let options = pickles().leave_pickles(true);
    for path in ["npy/object.npy", "malformed/pickle.npy"] {
        let err = options.load(testdata().join(path)).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Pickle);
        assert!(err.message().ends_with("is left to the caller"), "{err}");
    }
    let npz = options
        .open_npz(testdata().join("npz/savez-object.npz"))
        .unwrap();
    assert_eq!(npz.load_all().unwrap_err().kind(), ErrorKind::Pickle);
    assert!(npz.begin("o").unwrap().header().is_some());
}

#[test]
fn the_header_limit_stays_in_force() {
    let name = "x".repeat(20_000);
    let bytes = described(&format!("[('{name}', 'O')]"), "(1,)", false, b"N.");
    let err = pickles().load_bytes(&bytes).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Limit);
    assert!(err.message().contains("max_header_size"), "{err}");
}

/// A source that counts what is read of it, and is zero bytes but for its beginning.
struct Sparse {
    start: Vec<u8>,
    len: u64,
    read: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl npload::ReadAt for Sparse {
    fn len(&self) -> std::io::Result<u64> {
        Ok(self.len)
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<()> {
        self.read
            .fetch_add(buf.len() as u64, std::sync::atomic::Ordering::Relaxed);
        buf.fill(0);
        let from = self
            .start
            .get(usize::try_from(offset).unwrap()..)
            .unwrap_or_default();
        let len = from.len().min(buf.len());
        buf[..len].copy_from_slice(&from[..len]);
        Ok(())
    }
}

#[test]
fn of_a_huge_file_no_more_is_read_than_its_pickle() {
    let objects = npy("(1,)", false, &array(&[1], false, b"K\x01"));
    let payload = |op: &[u8]| npy("(1,)", false, op);
    for (start, fine) in [
        (objects, true),
        (b"\x80\x04N.".to_vec(), true),
        (payload(b"\x80\x04\x8e\0\0\0\0\0\0\x10\0"), false),
        (payload(b"\x80\x04\x95\0\0\0\0\0\0\x10\0"), false),
        (payload(b"\xff"), false),
        (vec![0; 10], false),
    ] {
        let read = std::sync::Arc::default();
        let source = Sparse {
            start,
            len: 1 << 40,
            read: std::sync::Arc::clone(&read),
        };
        let loaded = pickles().load_source(source);
        assert_eq!(loaded.is_ok(), fine, "{loaded:?}");
        let read = read.load(std::sync::atomic::Ordering::Relaxed);
        assert!(read < 4 << 20, "{read}");
    }
}

#[test]
fn every_cut_and_flipped_byte_is_an_answer_or_an_error() {
    for name in ["object", "object-struct", "object-stringdtype"] {
        let bytes = std::fs::read(testdata().join(format!("npy/{name}.npy"))).unwrap();
        for end in 0..bytes.len() {
            assert!(
                pickles().load_bytes(&bytes[..end]).is_err(),
                "{name} cut to {end}"
            );
        }
        for at in 0..bytes.len() {
            for flip in [1, 0x80] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                if let Ok(Loaded::ObjectArray(array)) = pickles().load_bytes(&damaged) {
                    let _ = (array.to_string(), array.deserialize::<serde_json::Value>());
                }
            }
        }
    }
}

#[test]
fn objects_are_shared_by_threads_and_never_mapped() {
    fn check<T: Send + Sync>() {}
    check::<(ObjectArray, Objects, Loaded, Handle)>();
    // SAFETY: nobody writes this file.
    let options = unsafe { pickles().mmap_mode(npload::MmapMode::Read) };
    let path = testdata().join("npy/object.npy");
    for err in [
        options.load(&path).map(drop).unwrap_err(),
        options
            .open_npy(&path)
            .unwrap()
            .load_objects()
            .map(drop)
            .unwrap_err(),
        options
            .open_npz(testdata().join("npz/savez-object.npz"))
            .unwrap()
            .load_all()
            .map(drop)
            .unwrap_err(),
    ] {
        assert_eq!(err.kind(), ErrorKind::Mmap, "{err}");
    }
}

#[test]
fn progress_ends_where_all_is_read() {
    let path = testdata().join("npy/object.npy");
    let bytes = std::fs::read(&path).unwrap();
    let last = std::sync::Arc::new(std::sync::Mutex::new(None));
    let told = last.clone();
    let options = pickles().progress(move |progress| *told.lock().unwrap() = Some(progress));
    let size = pickle_len(&bytes);
    let ways: [&dyn Fn() -> Result<Loaded>; 3] = [
        &|| options.load(&path),
        &|| options.load_bytes(&bytes),
        &|| options.load_source(Buffer::from(bytes.clone())),
    ];
    for load in ways {
        load().unwrap();
        let progress = last.lock().unwrap().take().unwrap();
        assert_eq!((progress.done, progress.total), (size, size));
    }
}
