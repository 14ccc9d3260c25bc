//! `npload show x.npy -3:` and `npload convert -:a x.npy`: arguments of some commands that begin with a
//! minus and are no options.
//!
//! No option begins with `-3` or `-:`, but clap takes them for options. (Its `allow_hyphen_values`
//! takes misspelt options for the slice.)

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};

use clap::CommandFactory;

use crate::args::Args;

/// The arguments, with what is no option behind `--` if a command that takes a slice, or a key, has one such.
pub(crate) fn behind_options(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let args: Vec<OsString> = args.into_iter().collect();
    if !args.iter().skip(1).any(|arg| is_place_or_slice(arg)) {
        return args;
    }
    let valued = options_with_values();
    let (mut options, mut others) = (Vec::new(), Vec::new());
    let mut rest = args.iter().skip(1);
    let mut named = false;
    while let Some(arg) = rest.next() {
        let bytes = arg.as_encoded_bytes();
        if bytes == b"--" {
            others.extend(rest.by_ref().cloned());
        } else if !bytes.starts_with(b"-") || bytes == b"-" || is_place_or_slice(arg) {
            if others.is_empty() && !std::mem::replace(&mut named, true) {
                // The name of the subcommand.
                if ![&b"show"[..], b"stats", b"convert", b"diff"].contains(&bytes) {
                    return args;
                }
                options.push(arg.clone());
            } else {
                others.push(arg.clone());
            }
        } else {
            options.push(arg.clone());
            if arg.to_str().is_some_and(|name| valued.contains(name)) {
                options.extend(rest.next().cloned());
            }
        }
    }
    let program = args.first().cloned();
    let all = program.into_iter().chain(options);
    all.chain([OsString::from("--")]).chain(others).collect()
}

/// Whether an argument begins as a negative number, or as an array on standard input.
fn is_place_or_slice(arg: &OsStr) -> bool {
    match arg.as_encoded_bytes() {
        [b'-', second, ..] => second.is_ascii_digit() || *second == b':',
        _ => false,
    }
}

/// `--precision` and the like: the argument behind them is theirs.
fn options_with_values() -> HashSet<String> {
    let command = Args::command();
    let all = command.get_subcommands().chain([&command]);
    let options = all.flat_map(clap::Command::get_arguments);
    let valued = options.filter(|arg| arg.get_action().takes_values());
    valued
        .filter_map(|arg| arg.get_long())
        .map(|name| format!("--{name}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(line: &str) -> String {
        let args = format!("npload {line}");
        let args = behind_options(args.split(' ').map(OsString::from));
        let words: Vec<_> = args
            .iter()
            .skip(1)
            .map(|arg| arg.to_str().unwrap())
            .collect();
        words.join(" ")
    }

    #[test]
    fn only_what_show_is_to_show_goes_behind_the_options() {
        for (line, same) in [
            ("show x.npy -3:", "show -- x.npy -3:"),
            ("show x.npy -1 --json", "show --json -- x.npy -1"),
            ("--json show -:a -1", "--json show -- -:a -1"),
            ("show -1.npy", "show -- -1.npy"),
            ("show x.npy -- -1", "show -- x.npy -1"),
            ("show --precision -1 x.npy", "show --precision -1 -- x.npy"),
            (
                "show --precision=3 x.npy -1",
                "show --precision=3 -- x.npy -1",
            ),
            (
                "--max-header-size 9 show - -1",
                "--max-header-size 9 show -- - -1",
            ),
            ("stats x.npy -1 --axis -1", "stats --axis -1 -- x.npy -1"),
            ("show x.npy --precison 3", "show x.npy --precison 3"),
            ("show x.npy -1 --precison", "show --precison -- x.npy -1"),
            ("convert -:a x.npy --force", "convert --force -- -:a x.npy"),
            ("info -- -1.npy", "info -- -1.npy"),
            ("verify -1.npy", "verify -1.npy"),
            ("-1", "-1"),
        ] {
            assert_eq!(moved(line), same, "{line}");
        }
    }
}
