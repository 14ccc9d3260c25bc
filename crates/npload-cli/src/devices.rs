//! `npload devices`: the devices of a plugin.
//!
//! The one command that loads code: a plugin is a library, and its code runs. It is the one that the person
//! named, and nothing is looked for.

use std::io;
use std::path::Path;

use npload_pjrt::{Client, ClientOptions, Device, Plugin, Value};
use serde::Serialize;

use crate::args::Devices;
use crate::columns::{Align, Columns};
use crate::escape;
use crate::failure::Failure;
use crate::json::Refused;
use crate::run::Console;

/// What is said of a plugin.
#[derive(Serialize)]
struct Described {
    plugin: String,
    /// The version of the C API.
    api: [i32; 2],
    platform: String,
    platform_version: String,
    devices: Vec<OneDevice>,
}

#[derive(Serialize)]
struct OneDevice {
    id: i32,
    kind: String,
    name: String,
    process_index: i32,
    hardware_id: Option<i32>,
    memories: Vec<String>,
}

pub(crate) fn run(args: &Devices, console: &mut Console<'_>) -> io::Result<()> {
    let options = match options(&args.options) {
        Ok(options) => options,
        Err(failure) => return refuse(failure, console),
    };
    match describe(args.plugin.as_deref(), &options) {
        Ok(described) if console.json => console.document(&described),
        Ok(described) => write(&described, console),
        Err(err) => {
            let path = args.plugin.as_deref().unwrap_or(Path::new("devices"));
            refuse(Failure::plugin(path, &err), console)
        }
    }
}

fn refuse(failure: Failure, console: &mut Console<'_>) -> io::Result<()> {
    console.fail(&failure)?;
    if console.json {
        console.document(&Refused { error: failure })?;
    }
    Ok(())
}

/// `NAME=VALUE`: a value that is a number or a bool is one, as plugins ask for them. `NAME:TYPE=VALUE` says which.
fn options(given: &[String]) -> Result<ClientOptions, Failure> {
    let mut options = ClientOptions::new();
    for option in given {
        let Some((name, value)) = option.split_once('=') else {
            let message = format!("--option {option}: an option is NAME=VALUE");
            return Err(Failure::usage(Path::new("devices"), message));
        };
        let (name, value) = match name.split_once(':') {
            Some((name, kind)) => (name, of_kind(kind, value)),
            None => (name, Some(guessed(value))),
        };
        let value = value.ok_or_else(|| {
            let message = format!(
                "--option {option}: a type is int, float, bool, str or ints (1,2,3), and the value must be one"
            );
            Failure::usage(Path::new("devices"), message)
        })?;
        options = options.set(name, value);
    }
    Ok(options)
}

/// A value of that type.
fn of_kind(kind: &str, value: &str) -> Option<Value> {
    match kind {
        "int" => value.parse::<i64>().ok().map(Value::from),
        "float" => value.parse::<f32>().ok().map(Value::from),
        "bool" => value.parse::<bool>().ok().map(Value::from),
        "str" => Some(Value::from(value)),
        "ints" => {
            let ints: Result<Vec<i64>, _> = value.split(',').map(str::parse).collect();
            ints.ok().map(Value::from)
        }
        _ => None,
    }
}

/// What it looks like: an integer, true or false, a decimal number, or else a text.
fn guessed(value: &str) -> Value {
    let decimal = value.contains(['.', 'e']) && value.contains(|c: char| c.is_ascii_digit());
    let kinds = ["int", "bool"]
        .into_iter()
        .chain(decimal.then_some("float"));
    let mut found = kinds.filter_map(|kind| of_kind(kind, value));
    found.next().unwrap_or_else(|| Value::from(value))
}

fn describe(path: Option<&Path>, options: &ClientOptions) -> npload_pjrt::Result<Described> {
    let plugin = match path {
        Some(path) => Plugin::load(path)?,
        None => Plugin::find()?,
    };
    let client: Client = plugin.client_with(options)?;
    let (major, minor) = plugin.version();
    Ok(Described {
        plugin: escape::as_text(plugin.path()),
        api: [major, minor],
        platform: client.platform().to_owned(),
        platform_version: client.platform_version()?,
        devices: client.devices().iter().map(one).collect(),
    })
}

fn one(device: &Device) -> OneDevice {
    OneDevice {
        id: device.id(),
        kind: device.kind().to_owned(),
        name: device.to_string(),
        process_index: device.process_index(),
        hardware_id: device.hardware_id(),
        memories: device.memories().to_vec(),
    }
}

fn write(described: &Described, console: &mut Console<'_>) -> io::Result<()> {
    let count = described.devices.len();
    writeln!(
        console.out,
        "{}: {}, {count} device{}, PJRT C API {}.{}",
        escape::name(&described.plugin),
        escape::name(&described.platform),
        if count == 1 { "" } else { "s" },
        described.api[0],
        described.api[1],
    )?;
    let mut columns = Columns::new(&[
        ("id", Align::Right),
        ("kind", Align::Left),
        ("device", Align::Left),
        ("memories", Align::Left),
    ]);
    for device in &described.devices {
        columns.push(vec![
            device.id.to_string(),
            escape::name(&device.kind).into_owned(),
            escape::name(&device.name).into_owned(),
            escape::name(&device.memories.join(", ")).into_owned(),
        ]);
    }
    columns.write(console.out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_of_the_type_that_they_look_like() {
        let given = ["a=8", "b=true", "c=0.5", "d=cpu", "e=", "f=x=y"].map(str::to_owned);
        let expected = ClientOptions::new()
            .set("a", 8)
            .set("b", true)
            .set("c", 0.5_f32)
            .set("d", "cpu")
            .set("e", "")
            .set("f", "x=y");
        assert_eq!(options(&given).unwrap(), expected);
        let failure = options(&["a".to_owned()]).unwrap_err();
        assert_eq!(failure.here(), "--option a: an option is NAME=VALUE");
    }
}
