//! `npload devices`, with the plugin that `PJRT_PLUGIN_PATH` names; without one, what it says then.

use npload_cli::Exit;

use crate::command::npload;

fn plugin() -> Option<String> {
    let path = std::env::var("PJRT_PLUGIN_PATH")
        .ok()
        .filter(|path| !path.is_empty());
    if path.is_none() {
        println!("skipped: PJRT_PLUGIN_PATH names no plugin (scripts/test has two)");
    }
    path
}

#[test]
fn every_device_is_a_row() {
    let Some(path) = plugin() else { return };
    let ran = npload(&[
        "devices",
        "--plugin",
        &path,
        "--option",
        "cpu_device_count=3",
    ]);
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Success, ""));
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 5, "{}", ran.out);
    assert!(
        lines[0].contains(": cpu, 3 devices, PJRT C API 0."),
        "{}",
        lines[0]
    );
    assert!(lines[1].starts_with("id  kind  device"), "{}", lines[1]);
    assert!(lines[4].starts_with(" 2  cpu   "), "{}", lines[4]);
}

#[test]
fn json_has_the_plugin_and_its_devices() {
    if plugin().is_none() {
        return;
    }
    let ran = npload(&["devices", "--json", "--option", "cpu_device_count=2"]);
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Success, ""));
    let said: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (said["platform"].as_str(), said["api"][0].as_i64()),
        (Some("cpu"), Some(0))
    );
    let devices = said["devices"].as_array().unwrap();
    assert_eq!(devices.len(), 2);
    assert_eq!(
        (devices[1]["id"].as_i64(), devices[1]["kind"].as_str()),
        (Some(1), Some("cpu"))
    );
    assert_eq!(devices[1]["process_index"].as_i64(), Some(0));
}

#[test]
fn what_is_no_plugin_is_said() {
    let ran = npload(&["devices", "--plugin", "README.md"]);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Wrong, ""));
    let says =
        "npload: README.md: this is no PJRT plugin, a shared library that exports GetPjrtApi: ";
    assert!(ran.err.starts_with(says), "{}", ran.err);

    let ran = npload(&["devices", "--plugin", "no/such.so", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (ran.exit, said["error"]["kind"].as_str()),
        (Exit::Wrong, Some("Plugin"))
    );

    let ran = npload(&["devices", "--option", "x"]);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Usage, ""));
    assert_eq!(
        ran.err,
        "npload: devices: --option x: an option is NAME=VALUE\n"
    );
}

#[test]
fn without_a_plugin_it_says_how_to_name_one() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_npload"));
    let output = command
        .arg("devices")
        .env_remove("PJRT_PLUGIN_PATH")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(
        err.contains("set PJRT_PLUGIN_PATH to the path of one") && err.contains("--plugin"),
        "{err}"
    );
}
