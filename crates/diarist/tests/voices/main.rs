//! The memory for voices: scores against their reference, and a database whose writers are killed or many.

mod crash;
mod scores;
