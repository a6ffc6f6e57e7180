//! The pages of diarist for browsers: the page of its service, made of plain ES modules, and a
//! result as one HTML file, whose script is joined from the same modules.

mod assets;
mod bundle;
pub mod drawing;
#[cfg(feature = "sound")]
mod opus;
mod page;
mod peaks;
mod sound;
mod turns;

pub use assets::{Asset, asset, index};
pub use page::{page, policy};
pub use peaks::{Waveform, waveform};
pub use sound::{Sound, address};
