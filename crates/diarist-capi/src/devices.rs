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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{diarist_string_free, text};

    #[test]
    fn the_cpu_comes_first() {
        let mut devices = std::ptr::null_mut();
        // SAFETY: the pointer is valid for a write.
        assert_eq!(unsafe { diarist_devices(&mut devices) }, Status::Ok);
        // SAFETY: the text is of this library and is freed after its last use.
        let listed: serde_json::Value = serde_json::from_str(unsafe { text(devices, "devices") }.unwrap()).unwrap();
        assert_eq!(listed[0]["device"], "cpu");
        // SAFETY: as above.
        unsafe { diarist_string_free(devices) };
        // SAFETY: NULL is refused.
        assert_eq!(unsafe { diarist_devices(std::ptr::null_mut()) }, Status::InvalidOption);
    }
}
