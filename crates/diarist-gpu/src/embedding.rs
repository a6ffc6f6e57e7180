//! The embedding network.
