//! The segmentation network.
