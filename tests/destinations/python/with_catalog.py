"""Runs a script that has an Iceberg catalog, opened by pyiceberg, as `catalog`, and what it was given as `argument`.

usage: with_catalog.py SCRIPT '{"properties": {...}, "argument": ...}'
"""
import json
import sys

import pyarrow
from pyiceberg.catalog import load_catalog

given = json.loads(sys.argv[2])


def print_rows(table):
    """An Arrow table as a list of JSON objects; what JSON has no form for is text."""
    print(json.dumps(table.to_pylist(), default=str))


catalog = load_catalog("tests", **given["properties"])
exec(sys.argv[1], {"catalog": catalog, "argument": given["argument"], "json": json, "pyarrow": pyarrow, "print_rows": print_rows})
