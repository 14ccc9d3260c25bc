//! Loads in two steps, many at once, and ended early.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

use npload::{Array, Begun, Buffer, ErrorKind, LoadOptions, Loaded, Member, Npz, Streamed, load};

const NPY: &str = "../../testdata/npy/f8-le-2d-c.npy";
const NPZ: &str = "../../testdata/npz/savez.npz";

fn array(path: &str) -> Array {
    load(path).unwrap().into_array().unwrap()
}

#[test]
fn the_data_goes_where_the_caller_says() {
    let options = LoadOptions::new();
    let expected = array(NPY).to_bytes().unwrap();
    let bytes = std::fs::read(NPY).unwrap();
    let shifted = [b"12345".as_slice(), &bytes, b"more"].concat();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shifted");
    std::fs::write(&path, &shifted).unwrap();
    let begun = [
        (options.begin(NPY), 0),
        (options.begin_file(File::open(&path).unwrap(), &path, 5), 5),
        (options.begin_source(Buffer::from(shifted), 5), 5),
    ];
    for (begun, at) in begun {
        let Ok(Begun::Array(pending)) = begun else {
            panic!("{begun:?}");
        };
        let header = pending.header();
        assert_eq!(pending.data_offset(), at + header.data_offset() as u64);
        let mut dest = vec![0; header.nbytes()];
        pending.read_into(&mut dest, &options).unwrap();
        assert_eq!(dest, expected);
        let err = pending.read_into(&mut dest[1..], &options).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Shape);
        let npy = pending.into_npy(options.clone());
        assert_eq!(npy.load().unwrap().to_bytes().unwrap(), expected);
    }
}

#[test]
fn what_is_no_array_is_given_back_only_where_pickles_are_allowed() {
    let pickle = Buffer::from(b"\x80\x04N.".to_vec());
    let refused = LoadOptions::new().begin_source(pickle.clone(), 0);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotArray);
    let options = LoadOptions::new().allow_pickle(true);
    let begun = options.begin_source(pickle.clone(), 0).unwrap();
    assert!(matches!(begun, Begun::Other(found) if found.bytes().unwrap()[..] == pickle[..]));
    let mut reader = &pickle[..];
    let begun = options.begin_reader(&mut reader, None).unwrap();
    assert!(matches!(begun, Streamed::Other(bytes) if bytes == pickle[..]));
    let begun = options.begin("/dev/null").unwrap();
    assert!(matches!(begun, Begun::Stream(_)));
}

#[test]
fn members_are_begun_and_filled() {
    let npz = Npz::open(NPZ).unwrap();
    for key in npz.keys() {
        let pending = npz.begin(key).unwrap();
        let header = pending.header().unwrap();
        let mut dest = vec![0; header.nbytes()];
        pending.read_into(&mut dest).unwrap();
        let start = header.data_offset();
        assert_eq!(pending.bytes().unwrap()[start..], dest);
        assert_eq!(npz.get(key).unwrap().to_bytes().unwrap(), dest);
        let start = pending.data_offset().unwrap().unwrap();
        let file = std::fs::read(NPZ).unwrap();
        assert!(file[usize::try_from(start).unwrap()..].starts_with(&dest));
    }
    let source = Buffer::from(std::fs::read(NPZ).unwrap());
    let there = LoadOptions::new().open_npz_in(source).unwrap();
    for key in npz.keys() {
        let (left, right) = (there.begin(key).unwrap(), npz.begin(key).unwrap());
        assert_eq!(left.header(), right.header());
        assert_eq!(left.bytes().unwrap()[..], right.bytes().unwrap()[..]);
    }
    let err = npz.begin("zz").unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NoSuchMember);
}

#[test]
fn some_members_come_in_the_order_that_was_asked_for() {
    let npz = Npz::open(NPZ).unwrap();
    let mut keys: Vec<&str> = npz.keys().collect();
    keys.reverse();
    keys.extend(keys.first().copied());
    let loaded = npz.load_some(keys.iter().copied()).unwrap();
    assert_eq!(loaded.len(), keys.len());
    for (key, member) in keys.iter().zip(loaded) {
        let Member::Array(array) = member else {
            panic!("{key}");
        };
        let alone = npz.get(key).unwrap();
        assert_eq!(array.to_bytes().unwrap(), alone.to_bytes().unwrap());
    }
    let err = npz.load_some(["zz"]).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::NoSuchMember);
}

#[test]
fn many_files_come_in_their_order_and_fail_alone() {
    let paths = [NPY, "no/such/file", NPZ, NPY];
    let loaded = LoadOptions::new().load_many(&paths);
    assert!(matches!(loaded[0], Ok(Loaded::Array(_))));
    let err = loaded[1].as_ref().unwrap_err();
    assert_eq!(
        (err.kind(), err.path()),
        (ErrorKind::Io, Some(Path::new(paths[1])))
    );
    assert!(matches!(loaded[2], Ok(Loaded::Npz(_))));
    assert!(matches!(loaded[3], Ok(Loaded::Array(_))));
    assert!(LoadOptions::new().load_many::<&str>(&[]).is_empty());
}

#[test]
fn a_caller_who_wants_no_more_ends_the_load() {
    let stop = || LoadOptions::new().progress_while(|_| ControlFlow::Break(()));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.npy");
    let mut bytes = std::fs::read("../../testdata/npy/f8-le-2d-c.npy").unwrap();
    let header = format!(
        "{:<117}\n",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (20000000,), }"
    );
    bytes.truncate(10);
    bytes[6..10].copy_from_slice(&[1, 0, 118, 0]);
    bytes.extend_from_slice(header.as_bytes());
    bytes.resize(128 + 20_000_000, 7);
    std::fs::write(&path, &bytes).unwrap();
    let results = [
        stop().load(&path).map(drop),
        stop().load_bytes(&bytes).map(drop),
        stop().load_reader(&mut bytes.as_slice()).map(drop),
        stop().open_npz(NPZ).and_then(|npz| npz.get("x").map(drop)),
        stop().load_many(&[&path]).remove(0).map(drop),
    ];
    for result in results {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Interrupted);
    }
}
