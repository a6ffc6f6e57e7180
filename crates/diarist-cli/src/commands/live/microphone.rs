//! The microphone as an audio source.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Instant;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{Device, FromSample, Sample, SampleFormat, SizedSample, StreamConfig};
use diarist::parts::audio::{AudioSource, Resampler};
use diarist::parts::segmentation::SAMPLE_RATE;
use diarist::{Error, ErrorKind, Result};

use super::feed::LiveInput;
use super::losses::Losses;

/// Most blocks of the device that wait: a minute at the usual 10 ms.
const MAX_WAITING: usize = 6000;

/// A message from the device's thread.
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
}

/// Opens the microphone with this name, or the default one, and starts it.
pub(super) fn open(name: Option<&str>) -> Result<LiveInput> {
    let device = find(name)?;
    let config = device.default_input_config().map_err(|error| unusable("cannot be used", error))?;
    let (sender, messages) = sync_channel(MAX_WAITING);
    let lost = Arc::new(AtomicUsize::new(0));
    let rate = config.sample_rate();
    let num_channels = usize::from(config.channels()).max(1);
    let capture = Capture {
        sender,
        lost: Arc::clone(&lost),
        overrun: Arc::default(),
        rate: rate.max(1),
        num_channels,
        losses: Losses::default(),
    };
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
        other => return Err(Error::input(format!("{other} samples of the microphone are not supported"))),
    }?;
    stream.play().map_err(|error| unusable("cannot be started", error))?;
    let source = Box::new(Microphone { messages, resampler: Resampler::new(rate)? });
    Ok(LiveInput { name: "microphone".to_owned(), source, lost, keep: Some(Box::new(stream)) })
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
        let message =
            name.map_or("there is no microphone".to_owned(), |name| format!("there is no microphone {name:?}"));
        Error::input(message).hint("`diarist live --list-devices` lists them")
    })
}

fn name_of(device: &Device) -> String {
    device.description().map_or_else(|_| "unknown".to_owned(), |description| description.name().to_owned())
}

fn unusable(fault: &str, error: cpal::Error) -> Error {
    Error::input(format!("the microphone {fault}")).caused_by(error).hint("`diarist live --list-devices` lists others")
}

/// State of the device's thread.
struct Capture {
    sender: SyncSender<Message>,
    lost: Arc<AtomicUsize>,
    /// Whether the device has reported an overrun since the last block.
    overrun: Arc<AtomicBool>,
    rate: u32,
    num_channels: usize,
    losses: Losses,
}

impl Capture {
    /// Takes a block of interleaved samples that arrived `now`.
    fn take<T: SizedSample>(&mut self, frames: &[T], now: Instant)
    where
        f32: FromSample<T>,
    {
        let mono: Vec<f32> = frames
            .chunks_exact(self.num_channels)
            .map(|frame| frame.iter().map(|&value| f32::from_sample(value)).sum::<f32>() / self.num_channels as f32)
            .collect();
        let block_s = mono.len() as f64 / f64::from(self.rate);
        let lost_s = self.losses.update(now, block_s, self.overrun.swap(false, Ordering::Relaxed));
        self.lose(lost_s);
        // The device cannot wait, so a block without a place is counted as lost.
        if let Err(TrySendError::Full(_)) = self.sender.try_send(Message::Samples(mono)) {
            self.lose(block_s);
        }
    }

    fn lose(&self, seconds: f64) {
        self.lost.fetch_add((seconds * f64::from(SAMPLE_RATE)).round() as usize, Ordering::Relaxed);
    }
}

fn build<T: SizedSample>(device: &Device, config: StreamConfig, mut capture: Capture) -> Result<cpal::Stream>
where
    f32: FromSample<T>,
{
    let faults = capture.sender.clone();
    let overrun = Arc::clone(&capture.overrun);
    let on_samples = move |frames: &[T], _: &cpal::InputCallbackInfo| capture.take(frames, Instant::now());
    let on_error = move |error: cpal::Error| match error.kind() {
        cpal::ErrorKind::Xrun => overrun.store(true, Ordering::Relaxed),
        cpal::ErrorKind::RealtimeDenied | cpal::ErrorKind::DeviceChanged => {}
        _ => {
            let _ = faults.try_send(Message::Fault(error));
        }
    };
    device.build_input_stream(config, on_samples, on_error, None).map_err(|error| unusable("cannot be opened", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_mono_and_blocks_without_a_place_are_lost() {
        let (sender, messages) = sync_channel(2);
        let (lost, overrun) = (Arc::default(), Arc::default());
        let mut capture = Capture { sender, lost, overrun, rate: 8000, num_channels: 2, losses: Losses::default() };
        for _ in 0..3 {
            capture.take(&[0.5_f32, 0.25].repeat(80), Instant::now());
        }
        for _ in 0..2 {
            assert!(matches!(messages.try_recv(), Ok(Message::Samples(mono)) if mono == [0.375; 80]));
        }
        assert_eq!(capture.lost.load(Ordering::Relaxed), 160);
    }
}
