//! What fuzzing found, replayed.

use std::path::Path;

#[test]
fn inputs_that_once_failed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/regressions/pickle");
    let mut replayed = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        npload_pickle::fuzz(&std::fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0);
}
