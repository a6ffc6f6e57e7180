//! Network weights of diarist, embedded in the binary.
