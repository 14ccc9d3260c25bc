//! Files, whole, onto a device.

use npload_pjrt::npload::{Array, DType, LoadOptions, NewMember, Npz, Order, Savable, SaveOptions};
use npload_pjrt::{ErrorKind, load, load_with};

use crate::here::{device, testdata};

#[test]
fn an_npy_file_is_one_array_and_an_npz_file_its_members() {
    let Some(device) = device() else { return };
    let path = testdata().join("npy/f8-le-2d-f.npy");
    let loaded = load(&path, &device).unwrap();
    let there = loaded.into_array().unwrap();
    let array = npload_pjrt::npload::load(&path)
        .unwrap()
        .into_array()
        .unwrap();
    let dense = array.to_dense().unwrap();
    assert_eq!(
        there.to_host().unwrap().to_bytes().unwrap(),
        dense.to_bytes().unwrap()
    );
    let err = load(&path, &device).unwrap().into_npz().unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Argument);

    for name in [
        "savez",
        "savez-compressed",
        "fortran-and-0d",
        "many-members",
        "ml-notes",
    ] {
        let path = testdata().join(format!("npz/{name}.npz"));
        let npz = Npz::open(&path).unwrap();
        let Ok(all) = load_with(&LoadOptions::new(), &path, &device) else {
            // A type that this plugin has not.
            assert_eq!(name, "ml-notes");
            continue;
        };
        let all = all.into_npz().unwrap();
        assert_eq!(all.len(), npz.len());
        for ((key, there), expected) in all.iter().zip(npz.keys()) {
            assert_eq!(key, expected);
            let array = npz.get(key).unwrap();
            assert_eq!((there.shape(), there.size()), (array.shape(), array.size()));
            if !array.dtype().has_ml_dtype() {
                let dense = array.to_dense().unwrap();
                assert_eq!(
                    there.to_host().unwrap().to_bytes().unwrap(),
                    dense.to_bytes().unwrap()
                );
            }
        }
    }
}

#[test]
fn what_cannot_be_loaded_says_why() {
    let Some(device) = device() else { return };
    let err = load("no/such.npz", &device).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::File);
    assert!(err.to_string().starts_with("no/such.npz: "), "{err}");
    let folder = tempfile::tempdir().unwrap();
    let mixed = folder.path().join("mixed.npz");
    let (one, text) = ([1.0_f32], [1_u8; 4]);
    let text = Array::from_bytes(
        DType::parse("S4").unwrap(),
        &[1],
        Order::C,
        text.to_vec().into(),
    )
    .unwrap();
    for (member, says) in [
        (
            NewMember::bytes("notes", b"no array".as_slice()),
            "member \"notes\": this is no array of numbers",
        ),
        (
            NewMember::array("names", text.saved().unwrap()),
            "member \"names\": |S4 is no type that devices have",
        ),
    ] {
        let members = [NewMember::array("w", one.saved().unwrap()), member];
        SaveOptions::new().savez_members(&mixed, members).unwrap();
        let err = load(&mixed, &device).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Type, "{err}");
        assert!(err.to_string().starts_with(says), "{err}");
        let npz = Npz::open(&mixed).unwrap();
        assert!(device.put((&npz, "w")).is_ok());
    }
    let npz = Npz::open(testdata().join("npz/savez.npz")).unwrap();
    let err = device.put((&npz, "z")).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::File);
    assert!(
        err.to_string().contains("is not a file in the archive"),
        "{err}"
    );
}
