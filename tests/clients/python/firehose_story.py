"""An unmodified boto3 with Firehose, and with the S3 that it delivers to.

usage: firehose_story.py ENDPOINT S3_ENDPOINT
"""
import gzip
import sys
import time

import boto3
from botocore.exceptions import ClientError

NAME = "deliveries"


def client(service, endpoint):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=False,
    )


def status(firehose):
    return firehose.describe_delivery_stream(DeliveryStreamName=NAME)["DeliveryStreamDescription"]["DeliveryStreamStatus"]


def objects(s3, prefix):
    listed = s3.list_objects_v2(Bucket="logs", Prefix=prefix).get("Contents", [])
    return {each["Key"]: s3.get_object(Bucket="logs", Key=each["Key"])["Body"].read() for each in listed}


def until(condition, what):
    deadline = time.time() + 60
    while not condition():
        assert time.time() < deadline, what
        time.sleep(0.1)


def read_stream(endpoint, firehose, s3):
    """A Kinesis stream as the source, from LATEST on, through a split."""
    kinesis = client("kinesis", endpoint)
    kinesis.create_stream(StreamName="source", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="source", WaiterConfig={"Delay": 1})
    arn = kinesis.describe_stream_summary(StreamName="source")["StreamDescriptionSummary"]["StreamARN"]

    def put(start, end):
        records = [{"Data": b"%d\n" % number, "PartitionKey": str(number % 7)} for number in range(start, end)]
        assert kinesis.put_records(StreamName="source", Records=records)["FailedRecordCount"] == 0

    put(0, 100)
    destination = {
        "RoleARN": "arn:aws:iam::000000000000:role/firehose",
        "BucketARN": "arn:aws:s3:::logs",
        "Prefix": "source/",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 1},
    }
    for name in ("first", "second"):
        firehose.create_delivery_stream(
            DeliveryStreamName=name,
            DeliveryStreamType="KinesisStreamAsSource",
            KinesisStreamSourceConfiguration={"KinesisStreamARN": arn, "RoleARN": destination["RoleARN"]},
            ExtendedS3DestinationConfiguration={**destination, "Prefix": f"{name}/"},
        )
    put(100, 400)
    half = str(2**126)
    kinesis.split_shard(StreamName="source", ShardToSplit="shardId-000000000000", NewStartingHashKey=half)
    put(400, 800)

    def numbers(name):
        found = objects(s3, f"{name}/")
        ordered = sorted(found, key=lambda key: s3.head_object(Bucket="logs", Key=key)["LastModified"])
        return [int(line) for key in ordered for line in found[key].split()]

    for name in ("first", "second"):
        until(lambda: len(numbers(name)) >= 700, f"the records of {name}")
        assert sorted(numbers(name)) == list(range(100, 800)), numbers(name)
        described = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
        assert described["Source"]["KinesisStreamSourceDescription"]["KinesisStreamARN"] == arn
    try:
        firehose.put_record(DeliveryStreamName="first", Record={"Data": b"x"})
        raise AssertionError("a record went in beside the stream")
    except firehose.exceptions.InvalidArgumentException as error:
        assert "not permitted on KinesisStreamAsSource" in str(error)


def main(endpoint, s3_endpoint):
    firehose, s3 = client("firehose", endpoint), client("s3", s3_endpoint)
    s3.create_bucket(Bucket="logs")
    destination = {
        "RoleARN": "arn:aws:iam::000000000000:role/firehose",
        "BucketARN": "arn:aws:s3:::logs",
        "Prefix": "in/!{timestamp:yyyy}/",
        "ErrorOutputPrefix": "bad/!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 1},
        "CompressionFormat": "GZIP",
    }
    created = firehose.create_delivery_stream(DeliveryStreamName=NAME, ExtendedS3DestinationConfiguration=destination)
    assert created["DeliveryStreamARN"].endswith(f":deliverystream/{NAME}")
    until(lambda: status(firehose) == "ACTIVE", "the delivery stream")

    lines = [b"line %d\n" % number for number in range(2000)]
    for start in range(0, 2000, 500):
        answer = firehose.put_record_batch(
            DeliveryStreamName=NAME, Records=[{"Data": line} for line in lines[start : start + 500]]
        )
        assert answer["FailedPutCount"] == 0
        assert len({each["RecordId"] for each in answer["RequestResponses"]}) == 500

    def delivered():
        found = objects(s3, "in/")
        return b"".join(gzip.decompress(found[key]) for key in sorted(found, key=lambda key: key.split("/")[-1]))

    until(lambda: len(delivered()) >= sum(map(len, lines)), "the objects")
    assert sorted(delivered().splitlines(True)) == sorted(lines)

    firehose.update_destination(
        DeliveryStreamName=NAME,
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"CompressionFormat": "UNCOMPRESSED", "Prefix": "plain/"},
    )
    firehose.put_record(DeliveryStreamName=NAME, Record={"Data": b"after"})
    until(lambda: list(objects(s3, "plain/").values()) == [b"after"], "the object of the new prefix")
    assert list(objects(s3, "plain/"))[0].split("/")[-1].startswith(f"{NAME}-2-")

    try:
        firehose.put_record(DeliveryStreamName="nothing", Record={"Data": b"x"})
        raise AssertionError("a record went nowhere")
    except firehose.exceptions.ResourceNotFoundException:
        pass
    try:
        firehose.create_delivery_stream(DeliveryStreamName=NAME, ExtendedS3DestinationConfiguration=destination)
        raise AssertionError("a name was given twice")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ResourceInUseException"
    firehose.delete_delivery_stream(DeliveryStreamName=NAME)
    until(lambda: NAME not in firehose.list_delivery_streams()["DeliveryStreamNames"], "the end")
    read_stream(endpoint, firehose, s3)
    print("firehose story passed")


main(sys.argv[1], sys.argv[2])
