//! `npload diff`.

use insta::assert_snapshot;
use npload::{Savable, Saved};
use npload_cli::Exit;
use serde_json::Value;

use crate::folder::Folder;

fn savez(folder: &Folder, name: &str, arrays: &[(&str, &dyn Fn() -> Saved<'static>)]) {
    let arrays = arrays.iter().map(|(key, array)| (*key, array()));
    npload::savez(folder.at(name), arrays).unwrap();
}

/// Numbers that live as long as the tests do.
fn numbers<T: npload::Element>(values: Vec<T>) -> Saved<'static> {
    let leaked: &'static [T] = Vec::leak(values);
    leaked.saved().unwrap()
}

#[test]
fn what_differs_is_told() {
    let folder = Folder::new();
    savez(
        &folder,
        "a.npz",
        &[
            ("same", &|| numbers(vec![1.0, f64::NAN])),
            ("w", &|| numbers(vec![1.0_f32, 2.0, f32::NAN, 4.0])),
            ("big", &|| numbers(vec![i64::MAX, 5])),
            ("type", &|| numbers(vec![1_u8, 2])),
            ("shape", &|| numbers(vec![1_u8, 2])),
            ("mine", &|| numbers(vec![true])),
        ],
    );
    savez(
        &folder,
        "b.npz",
        &[
            ("same", &|| numbers(vec![1.0, f64::NAN])),
            ("w", &|| numbers(vec![1.0_f32, 2.5, 3.0, 4.0])),
            ("big", &|| numbers(vec![i64::MAX - 1, 5])),
            ("type", &|| numbers(vec![1_i32, 3])),
            ("shape", &|| numbers(vec![1_u8])),
            ("yours", &|| numbers(vec![1_i8])),
        ],
    );
    assert_snapshot!(folder.pages(&[
        &["diff", "DIR/a.npz", "DIR/b.npz"],
        &["diff", "DIR/a.npz:w", "DIR/b.npz:w", "--atol", "1"],
        &["diff", "DIR/a.npz:type", "DIR/b.npz:type", "--values"],
        &["diff", "DIR/a.npz:big", "DIR/b.npz:big", "--rtol", "1e-9"],
        &["diff", "DIR/a.npz", "DIR/a.npz"],
        &["diff", "--quiet", "DIR/a.npz", "DIR/b.npz"],
    ]));
}

#[test]
fn json_has_every_digit() {
    let folder = Folder::new();
    savez(
        &folder,
        "a.npz",
        &[("w", &|| numbers(vec![1_i64, i64::MAX, 3]))],
    );
    savez(
        &folder,
        "b.npz",
        &[("w", &|| numbers(vec![1_i64, i64::MIN, 3]))],
    );
    let ran = folder.run(&["diff", "--json", "DIR/a.npz", "DIR/b.npz"]);
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Wrong, ""));
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    let array = &document["arrays"][0];
    assert_eq!(document["equal"], false);
    assert_eq!(array["max_abs"], Value::from(u64::MAX));
    assert_eq!((&array["differ"], &array["count"]), (&1.into(), &3.into()));
    assert_eq!(array["at"], serde_json::json!([1]));
}

#[test]
fn structs_objects_and_other_members_are_compared() {
    let folder = Folder::new();
    for (name, text) in [
        ("a", "x,y\n1,a\n2,b\n"),
        ("b", "x,y\n1,a\n5,c\n"),
        ("c", "x\n1\n2\n"),
    ] {
        folder.write(&format!("{name}.csv"), text);
        let (from, to) = (format!("DIR/{name}.csv"), format!("DIR/{name}.npy"));
        assert_eq!(folder.run(&["convert", &from, &to]).err, "");
    }
    assert_snapshot!(folder.pages(&[
        &["diff", "DIR/a.npy", "DIR/b.npy"],
        &["diff", "DIR/a.npy", "DIR/c.npy", "--values"],
        &["diff", "testdata/npy/object.npy", "testdata/npy/object.npy"],
        &[
            "diff",
            "testdata/npy/object.npy",
            "testdata/npz/savez-object.npz"
        ],
        &[
            "diff",
            "testdata/npz/raw-members.npz",
            "testdata/npz/raw-members-compressed.npz"
        ],
        &[
            "diff",
            "testdata/npy/datetime-day-le-1d.npy",
            "testdata/npy/datetime-25s.npy"
        ],
        &[
            "diff",
            "testdata/npy/f8-le-2d-c.npy",
            "testdata/npy/f8-be-2d-f.npy",
            "--values"
        ],
    ]));
}

#[test]
fn what_cannot_be_compared_is_2() {
    let folder = Folder::new();
    assert_snapshot!(folder.pages(&[
        &["diff", "no.npy", "testdata/npy/object.npy"],
        &[
            "diff",
            "testdata/npz/savez.npz",
            "testdata/npy/f8-le-2d-c.npy"
        ],
        &["diff", "testdata/npz/savez.npz:q", "testdata/npz/savez.npz"],
        &[
            "diff",
            "testdata/malformed/crc-stored.npz",
            "testdata/malformed/crc-stored.npz"
        ],
        &[
            "diff",
            "testdata/npz/savez.npz",
            "testdata/npz/savez.npz",
            "--rtol",
            "-1"
        ],
    ]));
    let ran = folder.run(&["diff", "--json", "no.npy", "testdata/npy/object.npy"]);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.exit, &document["equal"]), (Exit::Usage, &Value::Null));
}

#[test]
fn every_archive_equals_itself_however_it_is_compressed() {
    let folder = Folder::new();
    let mut converted = 0;
    for entry in std::fs::read_dir("testdata/npz").unwrap() {
        let from = entry.unwrap().path().to_str().unwrap().to_owned();
        for compression in ["deflate", "zstd", "stored"] {
            let args = [
                "convert",
                &from,
                "DIR/x.npz",
                "-f",
                "--compression",
                compression,
            ];
            // Some are cut off, or have two members of a name.
            if folder.run(&args).exit != Exit::Success {
                continue;
            }
            converted += 1;
            let same = folder.run(&["diff", &from, "DIR/x.npz"]);
            let told = (same.exit, same.err.as_str());
            assert_eq!(told, (Exit::Success, ""), "{from}: {}", same.out);
        }
    }
    assert!(converted > 150, "{converted}");
}
