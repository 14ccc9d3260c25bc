//! The test data, and the manifests that say what is in it.

use std::path::{Path, PathBuf};

use npload::{Array, Order};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The test data of the repository.
pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// The lines of a manifest.
pub(crate) fn manifest(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Every file of a folder of the test data.
pub(crate) fn all_files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(testdata().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    assert!(files.len() > 20, "the test data is there");
    files
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// How `array` differs from what NumPy says of it; nothing if it does not. Of arrays that NumPy
/// does not read, or not so, `told` has npload's dtype and NumPy's void.
pub(crate) fn differences(array: &Array, told: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, ours: String, numpys: String| {
        // NumPy has no text for a few arrays: it raises.
        if ours != numpys && !(numpys.is_empty() && ["str", "repr"].contains(&what)) {
            found.push(format!("{what}: ours {ours}, NumPy's {numpys}"));
        }
    };
    let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
    // What npload restores of ml_dtypes is told apart from what NumPy sees.
    let restored = &told["npload"];
    let named = |key: &str, plain: &str| {
        restored
            .get(key)
            .and_then(Value::as_str)
            .map_or_else(|| text(plain), str::to_owned)
    };
    compare("dtype", array.dtype().to_string(), named("dtype", "dtype"));
    compare(
        "itemsize",
        array.dtype().itemsize().to_string(),
        told["itemsize"].to_string(),
    );
    let shape: Vec<u64> = told["shape"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_u64().unwrap())
        .collect();
    compare(
        "shape",
        format!("{:?}", array.shape()),
        format!("{shape:?}"),
    );
    let fortran = array.order() == Some(Order::F);
    compare(
        "Fortran order",
        fortran.to_string(),
        told["fortran"].to_string(),
    );
    compare("bytes", sha256(&array.to_bytes().unwrap()), text("sha256"));
    compare("str", array.to_string(), named("str", "str"));
    compare("repr", array.repr(), named("array_repr", "array_repr"));
    let plain = |key: &str| text(key).replace('|', "");
    if restored.is_null() && plain("repr").contains(&plain("dtype")) {
        compare("dtype's repr", array.dtype().repr(), text("repr"));
        compare(
            "descr",
            array.dtype().descr().unwrap_or_default(),
            text("descr"),
        );
    }
    found
}
