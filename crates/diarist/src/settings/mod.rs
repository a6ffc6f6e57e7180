//! Settings of a diarization, by value and by name.
//!
//! [`Settings`] holds the value of every setting. Users choose options by name: on the command
//! line, in a configuration file, in JSON or as Python keywords. All of these go through
//! [`Choices`]. [`OPTIONS`] is the only definition of every option's name, values, default and
//! help.

mod choices;
mod groups;
mod options;
mod profile;
mod python;
mod values;

pub use choices::Choices;
pub use groups::Settings;
pub use options::{OPTIONS, OptionInfo, OptionKind, options_in_force};
pub use profile::Profile;
pub use python::python_keywords;
pub use values::{Choice, Group, Value};
