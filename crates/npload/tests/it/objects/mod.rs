//! Python objects: arrays of them, and pickles.

mod members;
mod refused;
mod streams;

use std::io::Cursor;

use base64::Engine;
use npload::pickle::Object;
use npload::{
    Array, Buffer, Encoding, ErrorKind, Handle, LoadOptions, Loaded, ObjectArray, Objects, Order,
    PrintOptions, Result, load,
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
        found.push(
            pickles()
                .open_npy(&path)
                .unwrap()
                .load_object_array()
                .unwrap(),
        );
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
    let (mut count, mut wrong) = (0, Vec::new());
    for line in told.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let npy = line["npy_base64"].as_str().unwrap();
        let npy = base64::prelude::BASE64_STANDARD.decode(npy).unwrap();
        let loaded = pickles().load_bytes(&npy).unwrap();
        let array = loaded.into_object_array().unwrap();
        assert_eq!(serde_json::json!(array.shape()), line["shape"]);
        assert_eq!(array.order() == Order::F, line["fortran"]);
        let repr = array.format_repr(&PrintOptions::default());
        let found = [Some(array.to_string()), Some(repr)];
        let told = [line["str"].as_str(), line["repr"].as_str()];
        for (found, told) in found.into_iter().flatten().zip(told) {
            if let Some(told) = told.filter(|told| *told != found) {
                wrong.push(format!("{found}\n{told}"));
            }
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count > 250, "{count}");
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
fn objects_are_compared_and_shown_in_short() {
    let of = |items: &[u8], count: u8| {
        let bytes = npy(
            &format!("({count},)"),
            false,
            &array(&[count], false, items),
        );
        let loaded = pickles().load_bytes(&bytes).unwrap();
        loaded.into_object_array().unwrap()
    };
    assert_eq!(of(b"K\x01N", 2), of(b"K\x01N", 2));
    assert_ne!(of(b"K\x01N", 2), of(b"K\x01K\x01", 2));
    assert_ne!(of(b"K\x01", 1), of(b"K\x01K\x01", 2));
    let many = [&b"]("[..], &b"K\x01".repeat(1000), b"e."].concat();
    let loaded = pickles().load_bytes(&many).unwrap();
    let text = format!("{loaded:?}");
    assert!(
        text.contains("1001 objects, [1, 1,") && text.len() < 200,
        "{text}"
    );
}

fn pickle_len(bytes: &[u8]) -> u64 {
    let start = 10 + u16::from_le_bytes([bytes[8], bytes[9]]) as usize;
    (bytes.len() - start) as u64
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
    let err = numbers.load_object_array().unwrap_err();
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
            .load_object_array()
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

/// An array of one object in an array of one object, and so on.
fn nested(depth: usize) -> Vec<u8> {
    let mut pickle = array(&[1], false, b"N");
    for _ in 1..depth {
        let inner = pickle.get(2..pickle.len() - 1).unwrap();
        pickle = array(&[1], false, inner);
    }
    npy("(1,)", false, &pickle)
}

#[test]
fn arrays_in_arrays_are_printed_compared_and_dropped_on_a_small_stack() {
    let work = || {
        let bytes = nested(160);
        let load = || {
            pickles()
                .load_bytes(&bytes[..])
                .unwrap()
                .into_object_array()
                .unwrap()
        };
        let (one, two) = (load(), load());
        assert!(
            one.format_repr(&PrintOptions::default())
                .starts_with("array([array([")
        );
        assert!(one.objects() == two.objects());
        let err = pickles().load_bytes(&nested(600)[..]).unwrap_err();
        assert!(err.message().contains("max_recursion"), "{err}");
    };
    let thread = std::thread::Builder::new().stack_size(512 << 10);
    thread.spawn(work).unwrap().join().unwrap();
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
