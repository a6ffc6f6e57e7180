//! `diarist devices`: the machines that the networks can run on.

use std::io::{self, Write};

use diarist::parts::inference::{self, Device, DeviceInfo, GpuInfo, SelfTest};
use serde::Serialize;

use crate::exit;

const EXAMPLES: &str = "\
Examples:
  diarist devices                          the CPU and all GPUs, each compared with the CPU
  diarist devices --no-test --json         what they are and offer, for programs
  diarist diarize --device gpu:1 talk.wav  on the second GPU of the list";

/// Lists the CPU and the GPUs, and compares each GPU with the CPU
///
/// The comparison runs both networks over 12 s of sound in f32. It takes minutes on a program that
/// only acts as a GPU.
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct DevicesArgs {
    /// Lists only, without the comparison
    #[arg(long)]
    no_test: bool,

    /// Writes JSON
    #[arg(long)]
    json: bool,
}

/// A device with the result of its comparison.
#[derive(Debug, Serialize)]
struct Entry {
    #[serde(flatten)]
    device: DeviceInfo,
    /// Whether the GPU gives the results of the CPU; `None` if this was not tested.
    passed: Option<bool>,
    self_test: Option<SelfTest>,
    error: Option<String>,
}

pub(crate) fn run(args: &DevicesArgs) -> anyhow::Result<()> {
    let entries: Vec<Entry> = inference::devices().into_iter().map(|device| entry(device, args.no_test)).collect();
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &entries)?;
        writeln!(out)?;
        return Ok(());
    }
    for entry in &entries {
        write_entry(&mut out, entry)?;
    }
    if cfg!(not(feature = "gpu")) {
        writeln!(out, "This build has no GPU support; a build with `--features gpu` has.")?;
    } else if entries.len() == 1 {
        writeln!(out, "No GPU was found. On Linux, a GPU needs a Vulkan driver.")?;
    }
    Ok(())
}

fn entry(device: DeviceInfo, no_test: bool) -> Entry {
    let mut entry = Entry { device, passed: None, self_test: None, error: None };
    if no_test || entry.device.gpu.is_none() {
        return entry;
    }
    let tested = entry.device.device.parse::<Device>().and_then(inference::self_test);
    entry.passed = Some(tested.as_ref().is_ok_and(SelfTest::passed));
    match tested {
        Ok(test) => entry.self_test = Some(test),
        Err(error) => entry.error = Some(error.to_string()),
    }
    entry
}

fn write_entry(out: &mut impl Write, Entry { device, passed, self_test, error }: &Entry) -> io::Result<()> {
    writeln!(out, "{}: {}", device.device, device.name)?;
    let Some(gpu) = &device.gpu else { return Ok(()) };
    let GpuInfo { kind, backend, driver, has_f16, cooperative_matrices, .. } = gpu;
    writeln!(out, "  {kind}, {backend}, {driver}")?;
    let matrices = match cooperative_matrices.as_slice() {
        [] => "none".to_owned(),
        some => some.join(", "),
    };
    writeln!(out, "  16-bit floats: {}; cooperative matrices: {matrices}", if *has_f16 { "yes" } else { "no" })?;
    let mib = |bytes: u64| bytes >> 20;
    writeln!(
        out,
        "  largest buffer {} MiB, binding {} MiB; groups of {} threads with {} KiB",
        mib(gpu.max_buffer_bytes),
        mib(gpu.max_binding_bytes),
        gpu.workgroup_threads,
        gpu.workgroup_bytes >> 10
    )?;
    if let Some(test) = self_test {
        let verdict = if *passed == Some(true) { "passed" } else { "FAILED" };
        writeln!(
            out,
            "  self-test {verdict}: {} of {} mask frames differ, probabilities by up to {}/255; \
             lowest cosine of {} embeddings {:.7}",
            test.different_frames, test.num_frames, test.largest_difference, test.num_embeddings, test.lowest_cosine
        )?;
    }
    if let Some(error) = error {
        writeln!(out, "  self-test failed: {error}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_listed_first_and_needs_no_test() {
        let first = inference::devices().swap_remove(0);
        assert_eq!(first.device, "cpu");
        let mut out = Vec::new();
        write_entry(&mut out, &entry(first, false)).unwrap();
        assert!(String::from_utf8(out).unwrap().starts_with("cpu: "));
    }
}
