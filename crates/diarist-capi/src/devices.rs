//! The machines that the networks can run on.

use std::ffi::c_char;

use diarist::parts::inference;
use diarist::{Error, ErrorKind};

use crate::fault::{Status, guard, place};
use crate::text::without_zeros;

/// The machines that the networks can run on, as one line of JSON: a list of objects with `device`
/// (a value of the setting of that name), `name`, and `gpu`, which is null for the CPU. A library
/// that was built without the feature `gpu` knows the CPU only. Free `devices` with
/// diarist_string_free.
///
/// # Safety
/// `devices` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_devices(devices: *mut *mut c_char) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let place = unsafe { place(devices, "devices")? };
        let devices = serde_json::to_string(&inference::devices())
            .map_err(|error| Error::new(ErrorKind::Internal, "devices have no JSON form").caused_by(error))?;
        place.put(without_zeros(&devices).into_raw());
        Ok(())
    })
}
