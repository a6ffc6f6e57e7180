//! Tests of the service over its sockets.

mod client;
mod corrections;
mod documents;
mod limits;
mod live;
mod people;
mod recordings;
mod restart;
mod security;
mod server;
mod shapes;
