"""Reads ORC and Parquet files by pyarrow: a request a line, as `rows` TAB path; a line of JSON for each, rows as arrays of printed values."""

import json
import struct
import sys

import pyarrow as pa
from pyarrow import orc, parquet


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
        unit = {"us": 1000, "ns": 1}[kind.unit]
        return [None if value is None else str(value * unit) for value in array.cast(pa.int64()).to_pylist()]
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
    return rows_of(orc.ORCFile(path).read())


def read_parquet(path):
    return rows_of(parquet.ParquetFile(path).read())


def rows_of(table):
    table = table.combine_chunks()
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


def describe_parquet(path):
    """The schema as Arrow has it, and of each row group its rows and of each column chunk compression and encodings."""
    file = parquet.ParquetFile(path)
    groups = [file.metadata.row_group(index) for index in range(file.metadata.num_row_groups)]
    chunks = [group.column(index) for group in groups for index in range(group.num_columns)]
    return {
        "schema": [f"{field.name} {field.type}" for field in file.schema_arrow],
        "groups": [group.num_rows for group in groups],
        "compression": sorted({chunk.compression for chunk in chunks}),
        "encodings": sorted({encoding for chunk in chunks for encoding in chunk.encodings}),
        "writer": file.metadata.created_by,
    }


commands = {
    "rows": read_rows,
    "describe": describe,
    "parquet-rows": read_parquet,
    "describe-parquet": describe_parquet,
}

for line in sys.stdin:
    command, path = line.rstrip("\n").split("\t")
    try:
        answer = commands[command](path)
    except (OSError, pa.ArrowException) as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
