//! Readers and writers of RTTM, UEM and JSON.
