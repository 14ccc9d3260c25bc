//! Plugins, clients and devices.

use std::io::Write;

use npload_pjrt::{ClientOptions, Code, ErrorKind, Plugin, Value};

use crate::here::{client, plugin};

#[test]
fn what_is_no_plugin_is_refused_with_its_path() {
    let missing = Plugin::load("no/such/plugin.so").unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Plugin);
    let text = missing.to_string();
    assert!(
        text.starts_with("no/such/plugin.so: ") && text.contains("No such file"),
        "{text}"
    );

    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"this is a text").unwrap();
    let text_file = Plugin::load(file.path()).unwrap_err();
    assert_eq!(text_file.kind(), ErrorKind::Plugin);
    let text = text_file.to_string();
    assert!(
        text.contains("this is no PJRT plugin, a shared library that exports GetPjrtApi: "),
        "{text}"
    );
    assert!(text.starts_with(file.path().to_str().unwrap()), "{text}");

    let folder = Plugin::load(std::env::temp_dir()).unwrap_err();
    assert_eq!(folder.kind(), ErrorKind::Plugin);
}

#[test]
#[cfg(target_os = "linux")]
fn a_library_without_the_function_is_no_plugin() {
    // A library that is loaded already.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let libc = maps
        .split_whitespace()
        .find(|word| word.contains("/libc.so"));
    let err = Plugin::load(libc.unwrap()).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Plugin);
    assert!(err.to_string().contains("GetPjrtApi"), "{err}");
}

#[test]
fn a_plugin_is_loaded_once_and_says_what_it_is() {
    let Some(plugin) = plugin() else { return };
    let (major, minor) = plugin.version();
    assert!(major == 0 && (81..=115).contains(&minor), "{major}.{minor}");
    let again = Plugin::load(plugin.path()).unwrap();
    assert_eq!(
        (again.version(), again.path()),
        (plugin.version(), plugin.path())
    );
    let attributes = plugin.attributes().unwrap();
    let version = attributes
        .iter()
        .find(|(name, _)| name == "stablehlo_current_version");
    assert!(
        matches!(version, Some((_, Value::Ints(numbers))) if numbers.len() == 3),
        "{attributes:?}"
    );
}

#[test]
fn a_client_has_the_devices_that_it_is_told_to_have() {
    let Some(client) = client() else { return };
    assert_eq!(client.platform(), "cpu");
    assert_eq!(client.process_index().unwrap(), 0);
    assert!(!client.platform_version().unwrap().is_empty());
    let devices = client.devices();
    assert_eq!(devices.len(), 8);
    for (at, device) in devices.iter().enumerate() {
        assert_eq!(device.id(), at as i32);
        assert_eq!(device.process_index(), 0);
        assert_eq!(device.kind(), "cpu");
        assert_eq!(device, &client.device(at).unwrap());
        assert!(device.to_string().contains(&at.to_string()), "{device}");
        assert!(
            device.memories().iter().any(|kind| kind.contains("host")),
            "{:?}",
            device.memories()
        );
        assert_eq!(device.client(), &client);
    }
    assert_ne!(devices[0], devices[1]);
    let err = client.device(8).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Argument);
    assert!(err.to_string().contains("no device 8: cpu has 8"), "{err}");
}

#[test]
fn an_option_of_the_wrong_type_is_the_plugins_error() {
    let Some(plugin) = plugin() else { return };
    if plugin.version().1 < 100 {
        println!("skipped: old plugins throw an exception, which ends the process");
        return;
    }
    let options = ClientOptions::new().set("cpu_device_count", "eight");
    let err = plugin.client_with(&options).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Device(Code::InvalidArgument));
    assert!(err.to_string().starts_with("PJRT_Client_Create: "), "{err}");
}
