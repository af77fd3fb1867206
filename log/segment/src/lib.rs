//! The object that holds record batches of many partitions: build and open.
