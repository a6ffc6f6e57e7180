//! The microphone as an audio source.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{Device, FromSample, Sample, SampleFormat, SizedSample, StreamConfig};
use diarist::audio::{AudioSource, Resampler};
use diarist::segmentation::SAMPLE_RATE;
use diarist::{Error, ErrorKind, Result};

use super::feed::Input;

/// Blocks of the device that may wait: a minute of the usual 10 ms.
const MAX_WAITING: usize = 6000;

/// What the device's thread tells.
enum Message {
    /// Mono samples at the device's rate.
    Samples(Vec<f32>),
    /// The device is gone.
    Fault(cpal::Error),
}

struct Microphone {
    messages: Receiver<Message>,
    resampler: Resampler,
}

impl AudioSource for Microphone {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        match self.messages.recv() {
            Ok(Message::Samples(samples)) => {
                self.resampler.push(&samples, out);
                Ok(true)
            }
            Ok(Message::Fault(error)) => {
                Err(Error::input("the microphone has stopped").caused_by(error).hint("plug it in again and restart"))
            }
            Err(_) => Ok(false),
        }
    }

    fn duration_hint_s(&self) -> Option<f64> {
        None
    }
}

/// Opens the microphone with this name, or the usual one, and starts it.
pub(super) fn open(name: Option<&str>) -> Result<Input> {
    let device = find(name)?;
    let config = device.default_input_config().map_err(|error| unusable("cannot be used", error))?;
    let (sender, messages) = sync_channel(MAX_WAITING);
    let lost = Arc::new(AtomicUsize::new(0));
    let rate = config.sample_rate();
    let capture = Capture { sender, lost: Arc::clone(&lost), rate, num_channels: usize::from(config.channels()) };
    let format = config.sample_format();
    let config = config.config();
    let stream = match format {
        SampleFormat::I8 => build::<i8>(&device, config, capture),
        SampleFormat::I16 => build::<i16>(&device, config, capture),
        SampleFormat::I32 => build::<i32>(&device, config, capture),
        SampleFormat::U8 => build::<u8>(&device, config, capture),
        SampleFormat::U16 => build::<u16>(&device, config, capture),
        SampleFormat::F32 => build::<f32>(&device, config, capture),
        SampleFormat::F64 => build::<f64>(&device, config, capture),
        other => return Err(Error::input(format!("the microphone gives {other} samples, which are not supported"))),
    }?;
    stream.play().map_err(|error| unusable("cannot be started", error))?;
    let source = Box::new(Microphone { messages, resampler: Resampler::new(rate)? });
    Ok(Input { name: "microphone".to_owned(), source, lost, keep: Some(Box::new(stream)) })
}

/// Writes the names of the microphones, one per line.
pub(super) fn list(out: &mut impl Write) -> Result<()> {
    for device in devices()? {
        writeln!(out, "{}", name_of(&device))
            .map_err(|error| Error::new(ErrorKind::Output, "stdout cannot be written").caused_by(error))?;
    }
    Ok(())
}

fn devices() -> Result<Vec<Device>> {
    let devices = cpal::default_host().input_devices();
    Ok(devices.map_err(|error| unusable("cannot be listed", error))?.collect())
}

fn find(name: Option<&str>) -> Result<Device> {
    let found = match name {
        None => cpal::default_host().default_input_device(),
        Some(name) => devices()?.into_iter().find(|device| name_of(device) == name),
    };
    found.ok_or_else(|| {
        let what = name.map_or("there is no microphone".to_owned(), |name| format!("there is no microphone {name:?}"));
        Error::input(what).hint("`diarist live --list-devices` lists them")
    })
}

fn name_of(device: &Device) -> String {
    device.description().map_or_else(|_| "unknown".to_owned(), |description| description.name().to_owned())
}

fn unusable(what: &str, error: cpal::Error) -> Error {
    Error::input(format!("the microphone {what}")).caused_by(error).hint("`diarist live --list-devices` lists others")
}

/// What the device's thread needs.
struct Capture {
    sender: SyncSender<Message>,
    lost: Arc<AtomicUsize>,
    rate: u32,
    num_channels: usize,
}

fn build<T: SizedSample>(device: &Device, config: StreamConfig, capture: Capture) -> Result<cpal::Stream>
where
    f32: FromSample<T>,
{
    let faults = capture.sender.clone();
    let on_samples = move |frames: &[T], _: &cpal::InputCallbackInfo| {
        let num_channels = capture.num_channels.max(1);
        let mono: Vec<f32> = frames
            .chunks_exact(num_channels)
            .map(|frame| frame.iter().map(|&value| f32::from_sample(value)).sum::<f32>() / num_channels as f32)
            .collect();
        let num_samples = mono.len() * SAMPLE_RATE as usize / capture.rate.max(1) as usize;
        // The device cannot wait: what finds no place is counted.
        if let Err(TrySendError::Full(_)) = capture.sender.try_send(Message::Samples(mono)) {
            capture.lost.fetch_add(num_samples, Ordering::Relaxed);
        }
    };
    let on_error = move |error: cpal::Error| {
        // An overrun loses a few samples and goes on.
        if !matches!(
            error.kind(),
            cpal::ErrorKind::Xrun | cpal::ErrorKind::RealtimeDenied | cpal::ErrorKind::DeviceChanged
        ) {
            let _ = faults.try_send(Message::Fault(error));
        }
    };
    device.build_input_stream(config, on_samples, on_error, None).map_err(|error| unusable("cannot be opened", error))
}
