"""Reads ORC files by pyarrow: a request a line, `rows` TAB path; a line of JSON for each, the rows as arrays of printed values."""

import json
import struct
import sys

import pyarrow as pa
from pyarrow import orc


def printed(array):
    """The values of an Arrow array: integers, days, nanoseconds and unscaled decimals as text, doubles as their bits."""
    kind = array.type
    valid = array.is_valid().to_pylist()
    if pa.types.is_struct(kind):
        children = [printed(child) for child in array.flatten()]
        return [list(values) if there else None for there, *values in zip(valid, *children)]
    if pa.types.is_map(kind):
        pairs = [list(pair) for pair in zip(printed(array.keys), printed(array.items))]
        return sliced(array, pairs, valid)
    if pa.types.is_list(kind):
        return sliced(array, printed(array.values), valid)
    if pa.types.is_timestamp(kind):
        assert kind.unit == "ns", kind
        array = array.cast(pa.int64())
    if pa.types.is_date(kind):
        array = array.cast(pa.int32())
    return [None if value is None else leaf(value, kind) for value in array.to_pylist()]


def sliced(array, values, valid):
    offsets = array.offsets.to_pylist()
    return [values[offsets[at] : offsets[at + 1]] if there else None for at, there in enumerate(valid)]


def leaf(value, kind):
    if pa.types.is_decimal(kind):
        sign, digits, exponent = value.as_tuple()
        assert -exponent == kind.scale
        text = "".join(map(str, digits))
        return ("-" if sign else "") + text
    if pa.types.is_floating(kind):
        return "NaN" if value != value else struct.pack(">d", value).hex()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (bool, str)):
        return value
    return str(value)


def read_rows(path):
    table = orc.ORCFile(path).read().combine_chunks()
    columns = [printed(chunk) for column in table.columns for chunk in (column.chunks or [column.combine_chunks()])]
    return [list(row) for row in zip(*columns)]


def describe(path):
    file = orc.ORCFile(path)
    return {
        "rows": file.nrows,
        "stripes": file.nstripes,
        "compression": file.compression,
        "version": file.file_version,
        "bytes": file.file_length,
        "writer": file.writer,
    }


for line in sys.stdin:
    command, path = line.rstrip("\n").split("\t")
    print(json.dumps({"rows": read_rows, "describe": describe}[command](path)), flush=True)
