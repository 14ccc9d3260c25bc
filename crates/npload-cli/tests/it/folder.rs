//! A folder for files that a test writes.

use std::fs;
use std::path::{Path, PathBuf};

use npload::{Loaded, Npz};

use crate::command::{Ran, anywhere, at_root, npload, page};

/// A folder that goes when the test ends.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        at_root();
        Folder(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Its path of a file, as an argument.
    pub(crate) fn arg(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.at(name), bytes).unwrap();
        self.arg(name)
    }

    /// Runs the command with arguments in which `DIR` is the folder.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let args = self.args(args);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        npload(&args)
    }

    /// The same as a page.
    pub(crate) fn page(&self, args: &[&str]) -> String {
        let args = self.args(args);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        anywhere(&page(&args), self.path())
    }

    pub(crate) fn pages(&self, runs: &[&[&str]]) -> String {
        let pages: Vec<String> = runs.iter().map(|args| self.page(args)).collect();
        pages.join("\n\n")
    }

    fn args(&self, args: &[&str]) -> Vec<String> {
        let folder = self.path().to_str().unwrap();
        args.iter().map(|arg| arg.replace("DIR", folder)).collect()
    }

    /// The names of what is in it, and below.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect(self.path(), "", &mut names);
        names.sort();
        names
    }

    /// The array of an npy file, as it prints.
    pub(crate) fn array(&self, name: &str) -> String {
        match npload::load(self.at(name)).unwrap() {
            Loaded::Array(array) => format!("{} {array}", array.dtype()),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn npz(&self, name: &str) -> Npz {
        Npz::open(self.at(name)).unwrap()
    }
}

fn collect(folder: &Path, before: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{before}{}", entry.file_name().to_str().unwrap());
        match entry.file_type().unwrap().is_dir() {
            true => collect(&entry.path(), &format!("{name}/"), names),
            false => names.push(name),
        }
    }
}
