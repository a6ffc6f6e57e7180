//! Every operation on every instruction set of this machine, at the sizes around lanes, tiles and
//! blocks, against `naive`.

#![expect(clippy::print_stdout, reason = "a test log says which instruction sets ran and how close they are")]

mod columns;
mod common;
mod dense;
mod dense_bf16;
mod dense_u8;
mod f16;
mod frames;
mod lstm;
mod winograd;
mod winograd_narrow;
