//! From an archive to a result on a device: `PJRT_PLUGIN_PATH=PLUGIN cargo run --example pjrt [FILE KEY]`.

use std::error::Error;

use npload::Npz;
use npload_pjrt::Plugin;

fn main() -> Result<(), Box<dyn Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/npz/savez.npz");
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_else(|| default.to_owned());
    let key = args.next().unwrap_or_else(|| "x".to_owned());

    let plugin = Plugin::find()?; // the library that PJRT_PLUGIN_PATH names
    let client = plugin.client()?;
    for device in client.devices() {
        println!("{device}: {}", device.kind());
    }

    // Read straight into memory that a CPU's device uses as it is.
    let device = client.device(0)?;
    let npz = Npz::open(&path)?;
    let array = device.put((&npz, key.as_str()))?;
    let (dtype, shape) = (array.dtype().to_string(), array.shape());
    println!(
        "{key}: {dtype} {shape:?}, zero-copy: {}",
        array.is_zero_copy()
    );

    // A program in StableHLO, which knows the array's type and shape.
    let element = match dtype.as_str() {
        "int32" => "i32",
        "int64" => "i64",
        "float32" => "f32",
        "float64" => "f64",
        other => return Err(format!("this example has no program for {other}").into()),
    };
    let lengths: String = shape.iter().map(|len| format!("{len}x")).collect();
    let axes: Vec<String> = (0..shape.len()).map(|axis| axis.to_string()).collect();
    let (array_type, zero) = (
        format!("tensor<{lengths}{element}>"),
        format!("tensor<{element}>"),
    );
    let program = device.compile(format!(
        "func.func @main(%x: {array_type}) -> {zero} {{
           %zero = stablehlo.constant dense<0{point}> : {zero}
           %squares = stablehlo.multiply %x, %x : {array_type}
           %sum = stablehlo.reduce(%squares init: %zero) applies stablehlo.add across dimensions = [{axes}]
             : ({array_type}, {zero}) -> {zero}
           return %sum : {zero}
         }}",
        point = if element.starts_with('f') { ".0" } else { "" },
        axes = axes.join(", "),
    ))?;
    for output in program.run(&[&array])? {
        println!("the sum of squares of {key}: {}", output.to_host()?);
    }
    Ok(())
}
