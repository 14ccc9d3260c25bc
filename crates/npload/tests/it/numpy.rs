//! Every file of the test data against what real NumPy says of it.

use std::io::Read;
use std::path::Path;

use npload::{Error, ErrorKind, LoadOptions, Loaded, Member, Npz, load};
use serde_json::Value;

use crate::files::{differences, manifest, sha256, testdata};

#[test]
fn every_file_loads_as_numpy_loads_it_or_is_refused_as_numpy_refuses_it() {
    check_folder(&testdata(), &testdata(), 1000);
}

/// Holds the files of a folder against the manifest in another, which tells of so many at least.
pub(crate) fn check_folder(folder: &Path, told: &Path, least: usize) {
    let lines = manifest(&told.join("manifest.jsonl"));
    assert!(lines.len() >= least, "{} files", lines.len());
    let failures: Vec<String> = lines
        .iter()
        .flat_map(|line| check_file(folder, line))
        .collect();
    assert!(
        failures.is_empty(),
        "{} differences:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Where we differ from NumPy on purpose, or do not follow it, beyond what the manifest tells.
const DIFFERENCES: &[(&str, &str)] = &[
    (
        "malformed/descr-f1.npy",
        "'<f1' is float8_e5m2, as ml_dtypes writes it",
    ),
    (
        "malformed/descr-field-of-chars.npy",
        "NumPy unpacks 'ab' as a field: an accident",
    ),
    (
        "malformed/descr-tuple-dict.npy",
        "a tuple with a dict is a dtype with metadata, as h5py's",
    ),
    (
        "malformed/zstd-cut.npz",
        "zstd is read, so that damage in it is found",
    ),
    (
        "malformed/zstd-flipped.npz",
        "zstd is read, so that damage in it is found",
    ),
    (
        "npy/header-escapes.npy",
        "names of characters (\\N{…}) would need a table of all of Unicode",
    ),
    (
        "npy/timedelta-generic-be.npy",
        "NumPy takes NaT for a number when it pads unit-less timedeltas of the other byte order",
    ),
];

/// How a file differs from its line in a manifest.
fn check_file(folder: &Path, line: &Value) -> Vec<String> {
    let name = line["file"].as_str().unwrap();
    let path = folder.join(name);
    let found = match (line["kind"].as_str().unwrap(), &line["npload"]) {
        ("error", Value::Array(arrays)) => check_arrays(&path, arrays),
        ("error", _) => check_refused(load(&path).map(drop), &line["error"], is_better(line)),
        ("npy", _) => check_arrays(&path, line["arrays"].as_array().unwrap()),
        ("npz", _) => check_archive(&path, line),
        (other, _) => panic!("{name}: kind {other}"),
    };
    if DIFFERENCES.iter().any(|(file, _)| *file == name) {
        let stale = found
            .is_empty()
            .then(|| format!("{name}: differs no longer"));
        return stale.into_iter().collect();
    }
    found
        .into_iter()
        .map(|text| format!("{name}: {text}"))
        .collect()
}

fn is_better(line: &Value) -> bool {
    !line["better"].is_null()
}

/// Arrays that follow each other in one file, loaded one after the other.
fn check_arrays(path: &Path, told: &[Value]) -> Vec<String> {
    let mut file = std::fs::File::open(path).unwrap();
    let options = LoadOptions::new();
    let mut found = Vec::new();
    for (i, told) in told.iter().enumerate() {
        match options
            .load_seekable(&mut file)
            .and_then(Loaded::into_array)
        {
            Ok(array) => found.extend(differences(&array, told)),
            Err(e) => found.push(format!("array {i} is refused: {e}")),
        }
    }
    // The first once more by its path, which takes another way to the bytes.
    match load(path).and_then(Loaded::into_array) {
        Ok(array) => found.extend(differences(&array, &told[0])),
        Err(e) => found.push(format!("refused by its path: {e}")),
    }
    let mut rest = Vec::new();
    file.read_to_end(&mut rest).unwrap();
    if told.len() > 1 && !rest.is_empty() {
        found.push(format!(
            "{} bytes are left after the last array",
            rest.len()
        ));
    }
    found
}

fn check_archive(path: &Path, line: &Value) -> Vec<String> {
    let npz = match Npz::open(path) {
        Ok(npz) => npz,
        Err(e) => return vec![format!("refused: {e}")],
    };
    let mut found = Vec::new();
    let keys: Vec<&str> = npz.keys().collect();
    let told: Vec<&str> = line["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key.as_str().unwrap())
        .collect();
    if keys != told {
        found.push(format!("keys: ours {keys:?}, NumPy's {told:?}"));
    }
    let mut all_load = true;
    for told in line["members"].as_array().unwrap() {
        let key = told["key"].as_str().unwrap();
        let better = is_better(line) || is_better(told);
        let member = npz.member(key);
        all_load &= member.is_ok();
        let texts = match (&member, &told["npload"]) {
            (Ok(Member::Array(array)), Value::Object(_)) if told["array"].is_null() => {
                differences(array, &told["npload"])
            }
            _ => check_member(&member, told, better),
        };
        found.extend(texts.into_iter().map(|text| format!("{key}: {text}")));
    }
    match npz.load_all() {
        Err(e) if all_load => found.push(format!("load_all fails alone: {e}")),
        Ok(all) if all.iter().map(|(key, _)| key).ne(&keys) => {
            found.push("load_all: other keys".to_owned());
        }
        _ => {}
    }
    found
}

fn check_member(member: &npload::Result<Member>, told: &Value, better: bool) -> Vec<String> {
    match member {
        Ok(Member::Array(array)) if !told["array"].is_null() => differences(array, &told["array"]),
        Ok(Member::Bytes(bytes)) if !told["raw"].is_null() => {
            let (len, hash) = (
                told["raw"]["len"].as_u64().unwrap(),
                told["raw"]["sha256"].as_str(),
            );
            let same = bytes.len() as u64 == len && Some(sha256(bytes).as_str()) == hash;
            if same {
                vec![]
            } else {
                vec![format!("{} bytes, other ones", bytes.len())]
            }
        }
        // Where NumPy fails to read zstd or restores no ml_dtypes, we do better.
        Ok(_) if better => vec![],
        Ok(_) => vec![format!("loads otherwise than NumPy says: {told}")],
        Err(e) if told["error"].is_null() && better => {
            let kinds = [ErrorKind::Archive, ErrorKind::Checksum, ErrorKind::Limit];
            if kinds.contains(&e.kind()) {
                vec![]
            } else {
                vec![format!("refused by {e:?}")]
            }
        }
        Err(e) if told["error"].is_null() => vec![format!("refused: {e}")],
        Err(_) => check_refused(member.as_ref().map(drop), &told["error"], better),
    }
}

/// A refusal has NumPy's exception class; where both refuse for the same reason, its message too.
fn check_refused<E: std::borrow::Borrow<Error>>(
    ours: Result<(), E>,
    told: &Value,
    better: bool,
) -> Vec<String> {
    let (class, message) = (
        told["class"].as_str().unwrap(),
        told["message"].as_str().unwrap(),
    );
    let Err(err) = ours else {
        return if better {
            vec![]
        } else {
            vec![format!("loads, NumPy refuses: {message}")]
        };
    };
    let err = err.borrow();
    let mut found = Vec::new();
    if !classes(err.kind()).contains(&class) && !better {
        found.push(format!("class: ours {err:?}, NumPy's {class}: {message}"));
    }
    if !says(err, message) && !better {
        found.push(format!(
            "message: ours {:?}, NumPy's {message:?}",
            err.message()
        ));
    }
    found
}

/// The exceptions of NumPy's that a kind stands for.
fn classes(kind: ErrorKind) -> &'static [&'static str] {
    match kind {
        ErrorKind::Io => &["OSError", "FileNotFoundError"],
        ErrorKind::Empty => &["EOFError"],
        ErrorKind::Encoding => &["UnicodeDecodeError"],
        // Python's decoders have exceptions of their own; here a damaged stream is a damaged archive.
        ErrorKind::Archive | ErrorKind::Checksum => {
            &["BadZipFile", "error", "OSError", "LZMAError", "EOFError"]
        }
        ErrorKind::Encrypted => &["RuntimeError"],
        ErrorKind::Method => &["NotImplementedError"],
        ErrorKind::NoSuchMember => &["KeyError"],
        ErrorKind::OutOfMemory => &["MemoryError"],
        _ => &["ValueError"],
    }
}

/// Whether our text has the part of NumPy's that its tests and users match on.
fn says(err: &Error, numpys: &str) -> bool {
    /// What such a message begins with, in both.
    const BEGINNINGS: &[&str] = &[
        "EOF: reading ",
        "Failed to read all data for array. ",
        "This file contains pickled (object) data.",
        "Object arrays cannot be loaded when allow_pickle=False",
        "we only support format version",
        "Header is not a dictionary",
        "Header does not contain the correct keys",
        "shape is not valid",
        "fortran_order is not a valid bool",
        "descr is not a valid dtype descriptor",
        "Cannot parse header",
        "Header info length (",
        "File is not a zip file",
        "Overlapped entries",
        "File name in directory",
        "No data left in file",
        "maximum supported dimension for an ndarray is currently 64",
    ];
    let ours = err.message();
    match BEGINNINGS.iter().find(|text| numpys.starts_with(**text)) {
        Some(beginning) => {
            ours.starts_with(beginning) || is_same_refusal_by_another_name(err, numpys)
        }
        None => true,
    }
}

/// Refusals that we give earlier, or under the name of what is really wrong.
fn is_same_refusal_by_another_name(err: &Error, numpys: &str) -> bool {
    match err.kind() {
        // NumPy finds out by reading; sizes that no memory holds are refused before.
        ErrorKind::Shape => numpys.starts_with("Failed to read all data"),
        // A claimed header of gigabytes is over the limit before it is cut off.
        ErrorKind::Limit => numpys.starts_with("EOF: reading array header"),
        ErrorKind::DType => true,
        _ => false,
    }
}
