//! Kafka record batches, version 2: read, verify, patch, build and walk.
