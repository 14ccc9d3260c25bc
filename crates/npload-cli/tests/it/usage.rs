//! Arguments: help, mistakes, completions.

use insta::assert_snapshot;
use npload_cli::Exit;

use crate::command::{npload, page, pages};

#[test]
fn help_fits_on_a_page() {
    assert_snapshot!(page(&["--help"]));
}

#[test]
fn mistakes_are_explained() {
    assert_snapshot!(pages(&[
        &["info"],
        &["shwo", "x.npy"],
        &["show", "x.npy", "--precison", "3"],
        &["show", "x.npy", "--precision", "many"],
    ]));
    let nothing = npload(&[]);
    assert_eq!((nothing.exit, nothing.out.as_str()), (Exit::Usage, ""));
    assert!(nothing.err.contains("Usage: npload"), "{}", nothing.err);
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = npload(&["completions", shell]);
        assert_eq!((ran.exit, ran.err.as_str()), (Exit::Success, ""));
        for word in ["max-header-size", "scan", "allow", "disasm"] {
            assert!(ran.out.contains(word), "{shell}");
        }
    }
}

#[test]
fn the_version_is_the_packages() {
    let version = format!("npload {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(npload(&["--version"]).out, version);
}
