//! The library against golden files, interruptions and other processes.
//!
//! All integration tests are modules of one program, which links once. Allocations are counted for
//! each thread, so tests that run side by side do not disturb the count.

#![expect(clippy::print_stdout, reason = "logs of tests hold distances, and child processes report on stdout")]

mod allocations;
mod checkpoint;
mod corrections;
mod killed_writer;
mod live;
mod networks;
mod pipeline_golden;
mod samples;
mod shared_trunk;
mod subsegments;
mod voices;
