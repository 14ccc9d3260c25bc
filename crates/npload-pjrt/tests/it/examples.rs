//! The example, run.

use std::path::PathBuf;
use std::process::Command;

use crate::here::plugin;

/// Where `cargo test` puts them: beside this test's own folder.
fn example() -> Option<Command> {
    let this = std::env::current_exe().unwrap();
    let folder: PathBuf = this.parent().unwrap().parent().unwrap().join("examples");
    let program = folder.join(format!("pjrt{}", std::env::consts::EXE_SUFFIX));
    if program.exists() {
        return Some(Command::new(program));
    }
    // `cargo test --test it` builds no examples; `scripts/test` does.
    println!("the example is not built");
    None
}

#[test]
fn the_example_goes_from_a_file_to_a_result() {
    if plugin().is_none() {
        return;
    }
    let Some(mut example) = example() else { return };
    let output = example.output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{err}");
    assert!(out.contains("the sum of squares of x: "), "{out}");
}

#[test]
fn without_a_plugin_it_says_how_to_name_one() {
    let Some(mut example) = example() else { return };
    let output = example.env_remove("PJRT_PLUGIN_PATH").output().unwrap();
    assert!(!output.status.success());
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(
        err.contains("set PJRT_PLUGIN_PATH to the path of one"),
        "{err}"
    );
}
