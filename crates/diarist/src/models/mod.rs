//! The two networks, from weights to forward pass.
