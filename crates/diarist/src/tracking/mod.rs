//! Speakers known so far and how a chunk's local speakers relate to them.
