//! Programs, compiled for a device.

use std::fmt;
use std::ptr::NonNull;

use crate::api::gave_nothing;
use crate::compile_options::for_device;
use crate::counted::{Counted, What};
use crate::{Device, DeviceArray, Error, ErrorKind, Result, raw};

/// A program that was compiled for a device.
pub struct Program {
    executable: NonNull<raw::LoadedExecutable>,
    num_outputs: usize,
    /// Holds the client, which must outlive the program.
    device: Device,
    #[expect(dead_code, reason = "counts while it lives")]
    counted: Counted,
}

// SAFETY: PJRT's executables may be used by several threads at once; all else is not changed.
unsafe impl Send for Program {}
// SAFETY: as above.
unsafe impl Sync for Program {}

impl Device {
    /// Compiles a program for this device: a StableHLO module, as MLIR's text or bytecode, whose function
    /// `main` takes and gives arrays.
    ///
    /// ```no_run
    /// use npload_pjrt::Plugin;
    /// let device = Plugin::find()?.client()?.device(0)?;
    /// let npz = npload::Npz::open("x.npz")?;
    /// let x = device.put((&npz, "x"))?;
    /// let double = device.compile(
    ///     "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    ///        %sum = stablehlo.add %x, %x : tensor<4xf32>
    ///        return %sum : tensor<4xf32>
    ///      }",
    /// )?;
    /// let outputs = double.run(&[&x])?;
    /// println!("{}", outputs[0].to_host()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Device`] with what the plugin says: of a program that is none, where it is wrong.
    pub fn compile(&self, program: impl AsRef<[u8]>) -> Result<Program> {
        Program::compile(self, program.as_ref())
    }
}

impl Program {
    fn compile(device: &Device, code: &[u8]) -> Result<Program> {
        const FORMAT: &str = "mlir";
        let client = device.client();
        let api = client.api();
        let options = for_device(device.id());
        let program = raw::Program {
            code: code.as_ptr().cast(),
            code_len: code.len(),
            format: FORMAT.as_ptr().cast(),
            format_len: FORMAT.len(),
            ..raw::Program::blank()
        };
        let mut args = raw::ClientCompile {
            client: client.shared().client.as_ptr(),
            program: &raw const program,
            options: options.as_ptr().cast(),
            options_len: options.len(),
            ..raw::ClientCompile::blank()
        };
        // SAFETY: the client is alive; code and options live until the call returns, and are only read.
        unsafe { api.call(&raw::CLIENT_COMPILE, &mut args)? };
        let executable =
            NonNull::new(args.executable).ok_or_else(|| gave_nothing(raw::CLIENT_COMPILE.name))?;
        // From here on its drop destroys it.
        let mut program = Program {
            executable,
            num_outputs: 0,
            device: device.clone(),
            counted: Counted::new(&client.shared().counters, What::Program),
        };
        // SAFETY: the program is alive. What is asked here is ours to destroy, which is done.
        unsafe {
            let inner = api.part(&raw::LOADED_EXECUTABLE, executable.as_ptr())?;
            let num_outputs = api.size(&raw::EXECUTABLE_NUM_OUTPUTS, inner.as_ptr());
            api.destroy(&raw::EXECUTABLE_DESTROY, inner);
            program.num_outputs = num_outputs?;
        }
        Ok(program)
    }

    /// How many arrays it gives.
    #[must_use]
    pub fn num_outputs(&self) -> usize {
        self.num_outputs
    }

    /// The device that it runs on.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Runs it on arrays, which must be on its device, and stay as they are. Returns before it has run:
    /// what it gives is ready later, and so is an error of running.
    ///
    /// The plugin checks how many arrays there are and how many bytes each has; **that their types and
    /// shapes are those of the program is for the caller to see to**: other elements of the same size are
    /// taken for what the program expects.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] for arrays on another device, [`ErrorKind::Type`] for outputs of a type that
    /// npload has not, [`ErrorKind::Device`] with what the plugin says.
    pub fn run(&self, inputs: &[&DeviceArray]) -> Result<Vec<DeviceArray>> {
        for (at, input) in inputs.iter().enumerate() {
            if *input.device() != self.device {
                let message = format!(
                    "input {at} is on {}, and the program on {}: put it there",
                    Place(input.device()),
                    Place(&self.device)
                );
                return Err(Error::new(ErrorKind::Argument, message));
            }
        }
        let inputs: Vec<*mut raw::Buffer> =
            inputs.iter().map(|input| input.raw().as_ptr()).collect();
        let mut outputs: Vec<*mut raw::Buffer> = vec![std::ptr::null_mut(); self.num_outputs];
        let kept: Vec<i64> = (0_i64..).take(inputs.len()).collect();
        let mut options = raw::ExecuteOptions {
            kept_inputs: kept.as_ptr(),
            num_kept_inputs: kept.len(),
            ..raw::ExecuteOptions::blank()
        };
        let input_lists = [inputs.as_ptr()];
        let output_lists = [outputs.as_mut_ptr()];
        let mut args = raw::Execute {
            executable: self.executable.as_ptr(),
            options: &raw mut options,
            arguments: input_lists.as_ptr(),
            num_devices: 1,
            num_args: inputs.len(),
            outputs: output_lists.as_ptr(),
            ..raw::Execute::blank()
        };
        let api = self.device.client().api();
        // SAFETY: program and inputs are alive and of one client; the plugin keeps what it still reads. No
        // input is given away: all are listed as kept. The lists live until the call returns; that of
        // outputs has room for as many as the program gives.
        unsafe { api.call(&raw::LOADED_EXECUTE, &mut args)? };
        // All are taken, so that those behind one that fails are destroyed as well.
        let made = outputs.into_iter().map(|output| {
            let output =
                NonNull::new(output).ok_or_else(|| gave_nothing(raw::LOADED_EXECUTE.name))?;
            // SAFETY: the buffer is new, on this device, and given away by the plugin.
            unsafe { DeviceArray::from_program(&self.device, output) }
        });
        let made: Vec<Result<DeviceArray>> = made.collect();
        made.into_iter().collect()
    }
}

/// A device for people, with its client's platform, since several clients have devices of one name.
struct Place<'a>(&'a Device);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {:?}", self.0, self.0.client())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: it is this one's own, and nobody uses it any more; what it runs has a reference of the
        // plugin's.
        unsafe {
            self.device
                .client()
                .api()
                .destroy(&raw::LOADED_DESTROY, self.executable)
        };
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Program({} outputs on {})",
            self.num_outputs, self.device
        )
    }
}
