"""Makes the golden files beside it. Needs kafka-python, lz4, python-snappy and zstandard."""

import gzip
import pathlib

import lz4.frame as frame
import snappy
import zstandard
from kafka.codec import snappy_encode
from kafka.record.default_records import DefaultRecordBatchBuilder

HERE = pathlib.Path(__file__).parent
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
TEXT = b"".join(b"line %d of a text that repeats itself, and again %d\n" % (i, i * i) for i in range(1500))


def batch(codec):
    producer = (4711, 3, 100) if codec else (-1, -1, -1)
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=codec, is_transactional=0, batch_size=1 << 20,
        producer_id=producer[0], producer_epoch=producer[1], base_sequence=producer[2])
    for i in range(50):
        key = None if i % 7 == 0 else b"key-%d" % i
        value = None if i % 11 == 5 else b"value-%d " % i * (i % 5) * 3
        headers = [("h%d" % j, None if j == 2 else b"hv%d" % (i * j)) for j in range(i % 4)]
        assert builder.append(i, 1700000000000 + (i * 37) % 101, key, value, headers) is not None
    return bytes(builder.build())


def texts():
    small, large = frame.BLOCKSIZE_MAX64KB, frame.BLOCKSIZE_MAX4MB
    stream = zstandard.ZstdCompressor(level=3).compressobj()
    yield "gzip", gzip.compress(TEXT[:70000], mtime=0) + gzip.compress(TEXT[70000:], mtime=0)
    yield "snappy-raw", bytes(snappy.compress(TEXT))
    yield "snappy-xerial", snappy_encode(TEXT)
    yield "lz4-independent", frame.compress(TEXT, block_size=small, block_linked=False, store_size=False)
    yield "lz4-linked", frame.compress(
        TEXT, block_size=small, block_linked=True, content_checksum=True, block_checksum=True, store_size=True)
    yield "lz4-4m", frame.compress(TEXT, block_size=large, block_linked=False, store_size=False)
    yield "lz4-two-frames", frame.compress(TEXT[:1000]) + frame.compress(TEXT[1000:])
    yield "zstd-sized", zstandard.ZstdCompressor(level=3).compress(TEXT)
    yield "zstd-stream", stream.compress(TEXT) + stream.flush()


for number, name in enumerate(CODECS):
    (HERE / f"batch-{name}.bin").write_bytes(batch(number))
for name, compressed in texts():
    (HERE / f"text.{name}").write_bytes(compressed)
