//! StableHLO on arrays, and when things are ready.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use npload_pjrt::npload::{Array, Order};
use npload_pjrt::{Code, Device, DeviceArray, ErrorKind, Program};

use crate::here::{array, client, device, floats, new_client, wait_until_nothing_lives};

fn sum_and_product(device: &Device) -> Program {
    let program = "
        func.func @main(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
          %sum = stablehlo.add %x, %y : tensor<2x3xf32>
          %product = stablehlo.multiply %x, %y : tensor<2x3xf32>
          return %sum, %product : tensor<2x3xf32>, tensor<2x3xf32>
        }";
    device.compile(program).unwrap()
}

fn numbers(array: &Array) -> Vec<f32> {
    array
        .to_ndarray::<f32>()
        .unwrap()
        .into_raw_vec_and_offset()
        .0
}

/// Waits for a future, without a runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn a_program_gives_what_it_computes() {
    let Some(device) = device() else { return };
    let program = sum_and_product(&device);
    assert_eq!((program.num_outputs(), program.device()), (2, &device));
    let x = device.put(&floats(&[2, 3])).unwrap();
    let outputs = program.run(&[&x, &x]).unwrap();
    assert_eq!(outputs.len(), 2);
    for output in &outputs {
        assert_eq!(
            (output.shape(), output.dtype().to_string().as_str()),
            (&[2, 3][..], "float32")
        );
        assert!(!output.is_zero_copy());
        assert_eq!(output.device(), &device);
    }
    assert_eq!(
        numbers(&outputs[0].to_host().unwrap()),
        [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    );
    assert_eq!(
        numbers(&outputs[1].to_host().unwrap()),
        [0.0, 1.0, 4.0, 9.0, 16.0, 25.0]
    );
    // What comes out goes in again, and what went in is still there.
    let again = program.run(&[&outputs[0], &x]).unwrap();
    assert_eq!(numbers(&again[0].to_host().unwrap())[5], 15.0);
    assert_eq!(numbers(&x.to_host().unwrap())[5], 5.0);
}

#[test]
fn a_program_that_would_overwrite_its_input_leaves_it_alone() {
    let Some(device) = device() else { return };
    let program = "
        func.func @main(%x: tensor<4xf32> {tf.aliasing_output = 0 : i32}) -> tensor<4xf32> {
          %y = stablehlo.add %x, %x : tensor<4xf32>
          return %y : tensor<4xf32>
        }";
    let program = device.compile(program).unwrap();
    let floats = floats(&[4]);
    let x = device.put(&floats).unwrap();
    let y = program.run(&[&x]).unwrap();
    assert_eq!(numbers(&y[0].to_host().unwrap()), [0.0, 2.0, 4.0, 6.0]);
    assert_eq!(numbers(&x.to_host().unwrap()), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(numbers(&floats), [0.0, 1.0, 2.0, 3.0]);
}

#[test]
fn outputs_of_other_types_and_orders_are_what_they_say() {
    let Some(device) = device() else { return };
    let program = "
        func.func @main(%x: tensor<2x3xf32>) -> (tensor<3x2xf32>, tensor<2x3xi1>, tensor<f64>, tensor<2x0xi8>) {
          %turned = stablehlo.transpose %x, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
          %two = stablehlo.constant dense<2.0> : tensor<2x3xf32>
          %less = stablehlo.compare LT, %x, %two : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xi1>
          %pi = stablehlo.constant dense<3.25> : tensor<f64>
          %none = stablehlo.constant dense<> : tensor<2x0xi8>
          return %turned, %less, %pi, %none : tensor<3x2xf32>, tensor<2x3xi1>, tensor<f64>, tensor<2x0xi8>
        }";
    let program = device.compile(program).unwrap();
    let outputs = program
        .run(&[&device.put(&floats(&[2, 3])).unwrap()])
        .unwrap();
    let hosts: Vec<Array> = outputs
        .iter()
        .map(|output| output.to_host().unwrap())
        .collect();
    assert_eq!(hosts[0].shape(), [3, 2]);
    assert_eq!(numbers(&hosts[0]), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!(hosts[1].dtype().to_string(), "bool");
    assert_eq!(hosts[1].to_bytes().unwrap(), [1, 1, 0, 0, 0, 0]);
    assert_eq!(
        (hosts[2].shape(), hosts[2].get(&[]).unwrap().as_f64()),
        (&[][..], Some(3.25))
    );
    assert_eq!(
        (hosts[3].shape(), hosts[3].dtype().to_string().as_str()),
        (&[2, 0][..], "int8")
    );
}

#[test]
fn packed_elements_are_computed_with() {
    let Some(device) = device() else { return };
    let program = "
        func.func @main(%x: tensor<16xi4>) -> tensor<16xi32> {
          %y = stablehlo.convert %x : (tensor<16xi4>) -> tensor<16xi32>
          return %y : tensor<16xi32>
        }";
    let program = device.compile(program).unwrap();
    let x = device.put(&array("int4", &[16], Order::C)).unwrap();
    let y = program.run(&[&x]).unwrap()[0].to_host().unwrap();
    let expected: Vec<i32> = (0..8).chain(-8..0).collect();
    assert_eq!(y.to_ndarray::<i32>().unwrap().as_slice().unwrap(), expected);
}

#[test]
fn a_program_runs_on_the_device_that_it_was_compiled_for() {
    let Some(client) = client() else { return };
    let device = client.device(6).unwrap();
    let program = sum_and_product(&device);
    let x = device.put(&floats(&[2, 3])).unwrap();
    let outputs = program.run(&[&x, &x]).unwrap();
    assert_eq!(outputs[0].device(), &device);
    assert_eq!(numbers(&outputs[0].to_host().unwrap())[5], 10.0);
    let elsewhere = client.device(1).unwrap().put(&floats(&[2, 3])).unwrap();
    let err = program.run(&[&x, &elsewhere]).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Argument);
    assert!(err.to_string().contains("input 1 is on "), "{err}");
    let other = new_client().unwrap();
    let of_another = other.device(6).unwrap().put(&floats(&[2, 3])).unwrap();
    assert_eq!(
        program.run(&[&x, &of_another]).unwrap_err().kind(),
        ErrorKind::Argument
    );
}

#[test]
fn what_is_no_program_is_the_plugins_error() {
    let Some(device) = device() else { return };
    for (program, says) in [
        (
            "func.func @main() -> tensor<f32> { stablehlo.nonsense }",
            "nonsense",
        ),
        ("", ""),
    ] {
        let err = device.compile(program).unwrap_err();
        assert!(matches!(err.kind(), ErrorKind::Device(_)), "{err:?}");
        let text = err.to_string();
        assert!(
            text.starts_with("PJRT_Client_Compile: ") && text.contains(says),
            "{text}"
        );
    }
    let program = sum_and_product(&device);
    let x = device.put(&floats(&[2, 3])).unwrap();
    let err = program.run(&[&x]).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Device(Code::InvalidArgument));
    assert!(
        err.to_string()
            .starts_with("PJRT_LoadedExecutable_Execute: "),
        "{err}"
    );
}

#[test]
fn readiness_is_asked_for_waited_for_and_awaited() {
    let Some(device) = device() else { return };
    let program = sum_and_product(&device);
    let x = device.put(&floats(&[2, 3])).unwrap();
    x.wait().unwrap();
    assert!(x.is_ready().unwrap());
    block_on(x.ready().unwrap()).unwrap();
    let outputs = program.run(&[&x, &x]).unwrap();
    let ready: Vec<_> = outputs
        .iter()
        .map(|output| output.ready().unwrap())
        .collect();
    for ready in ready {
        block_on(ready).unwrap();
    }
    assert!(outputs.iter().all(|output| output.is_ready().unwrap()));
    // A future that nobody waits for, and one that outlives its array.
    drop(outputs[0].ready().unwrap());
    let late = outputs[1].ready().unwrap();
    drop(outputs);
    block_on(late).unwrap();
}

#[test]
fn inputs_may_be_dropped_while_the_program_runs() {
    let Some(client) = new_client() else { return };
    let device = client.device(0).unwrap();
    let program = "
        func.func @main(%x: tensor<512x512xf32>) -> tensor<512x512xf32> {
          %y = stablehlo.dot_general %x, %x, contracting_dims = [1] x [0]
             : (tensor<512x512xf32>, tensor<512x512xf32>) -> tensor<512x512xf32>
          return %y : tensor<512x512xf32>
        }";
    let program = device.compile(program).unwrap();
    let mut outputs: Vec<DeviceArray> = Vec::new();
    for _ in 0..20 {
        let x = device.put(&floats(&[512, 512])).unwrap();
        assert!(x.is_zero_copy());
        outputs.append(&mut program.run(&[&x]).unwrap());
    }
    drop(program);
    let first = outputs[0].to_host().unwrap().to_bytes().unwrap();
    for output in &outputs[1..] {
        assert!(output.to_host().unwrap().to_bytes().unwrap() == first);
    }
    drop(outputs);
    wait_until_nothing_lives(&client);
}
