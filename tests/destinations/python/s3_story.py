"""An unmodified boto3 that puts records into a delivery stream of S3 by its extended configuration.

usage: s3_story.py ENDPOINT

Prints the delivery stream's description, as JSON.
"""
import gzip
import json
import sys
import time

import boto3

NAME = "readings"

firehose = boto3.client(
    "firehose",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
firehose.create_delivery_stream(
    DeliveryStreamName=NAME,
    ExtendedS3DestinationConfiguration={
        "RoleARN": "arn:aws:iam::000000000000:role/firehose",
        "BucketARN": "arn:aws:s3:::logs",
        "Prefix": "in/year=!{timestamp:yyyy}/!{firehose:random-string}/",
        "ErrorOutputPrefix": "bad/!{firehose:error-output-type}/!{timestamp:yyyy}/",
        "FileExtension": ".json.gz",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 1},
        "CompressionFormat": "GZIP",
        "ProcessingConfiguration": {
            "Enabled": True,
            "Processors": [
                {"Type": "Decompression", "Parameters": [{"ParameterName": "CompressionFormat", "ParameterValue": "GZIP"}]},
                {"Type": "RecordDeAggregation", "Parameters": [{"ParameterName": "SubRecordType", "ParameterValue": "JSON"}]},
                {"Type": "AppendDelimiterToRecord"},
            ],
        },
    },
)


def describe():
    return firehose.describe_delivery_stream(DeliveryStreamName=NAME)["DeliveryStreamDescription"]


deadline = time.time() + 30
while describe()["DeliveryStreamStatus"] != "ACTIVE":
    assert time.time() < deadline, "the delivery stream"
    time.sleep(0.05)

for start in range(0, 3000, 500):
    # Three objects a record, compressed: they are taken apart.
    texts = [
        "".join(json.dumps({"id": number * 3 + part}) for part in range(3)) for number in range(start, start + 500)
    ]
    answer = firehose.put_record_batch(
        DeliveryStreamName=NAME, Records=[{"Data": gzip.compress(text.encode())} for text in texts]
    )
    assert answer["FailedPutCount"] == 0, answer
firehose.put_record(DeliveryStreamName=NAME, Record={"Data": b"no GZIP"})
print(json.dumps(describe(), default=str))
