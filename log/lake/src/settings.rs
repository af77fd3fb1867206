//! How lake files are written.

/// How lake files are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteSettings {
    /// zstd's level: 1 while a topic is hot, 3 when its files are final; 0 for pages that are not compressed.
    pub zstd_level: i32,
    /// Bytes of a page before compression, about, in columns that a fetch decodes row by row.
    pub page_bytes_max: usize,
    /// Rows of such a page.
    pub page_rows_max: usize,
    /// Bytes of a page before compression, about, in typed columns and in those of few values.
    pub long_page_bytes_max: usize,
    /// Rows of such a page.
    pub long_page_rows_max: usize,
    /// Bytes of a row group as it lies in the file, about: it ends with the batch that passes them.
    pub group_bytes: usize,
    /// Bytes of a row group's rows in memory; it ends with the batch that passes them, too. What a reader decodes at once is
    /// bounded by it, where a row takes thousands of times less in the file.
    pub group_raw_bytes_max: usize,
    /// What a batch may inflate to; one that goes beyond is kept whole.
    pub batch_limits: records::Limits,
    /// Bytes of memory that a batch's records may take, counted as their bytes, 128 for each record and 32 for each header;
    /// one that goes beyond is kept whole.
    pub batch_memory_bytes_max: usize,
}

impl Default for WriteSettings {
    fn default() -> Self {
        Self {
            zstd_level: 3,
            page_bytes_max: 384 << 10,
            page_rows_max: 2000,
            long_page_bytes_max: 1 << 20,
            long_page_rows_max: 20_000,
            group_bytes: 8 << 20,
            group_raw_bytes_max: 128 << 20,
            batch_limits: records::Limits::default(),
            batch_memory_bytes_max: 128 << 20,
        }
    }
}
