//! Stand-ins for two functions of Core Audio that macOS has since 14.2.
//!
//! cpal calls them to record what other programs play, which diarist never asks it for. But a macOS
//! that lacks a function refuses to start a program that names it. With functions of these names
//! here, the program needs none of the system.

use std::ffi::c_void;

/// `kAudioHardwareUnsupportedOperationError`.
const UNSUPPORTED: i32 = i32::from_be_bytes(*b"unop");

#[unsafe(no_mangle)]
extern "C" fn AudioHardwareCreateProcessTap(_description: *const c_void, _tap: *mut u32) -> i32 {
    UNSUPPORTED
}

#[unsafe(no_mangle)]
extern "C" fn AudioHardwareDestroyProcessTap(_tap: u32) -> i32 {
    UNSUPPORTED
}
