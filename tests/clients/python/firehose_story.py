"""An unmodified boto3 with Firehose, and with the S3 that it delivers to.

usage: firehose_story.py ENDPOINT S3_ENDPOINT
"""
import base64
import gzip
import io
import json
import sys
import time
import zipfile

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


def zipped(code):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.js", code)
    return out.getvalue()


ADD = """
exports.handler = async ({ records }) => ({
  records: records.map(({ recordId, data }) => {
    const record = JSON.parse(Buffer.from(data, 'base64'));
    if (record.number === 13) return { recordId, result: 'ProcessingFailed', data };
    const made = { ...record, double: record.number * 2 };
    return { recordId, result: 'Ok', data: Buffer.from(JSON.stringify(made)).toString('base64') };
  }),
});
"""


def partition(endpoint, firehose, s3):
    """A function adds a member, jq partitions, what came in is kept."""
    function = client("lambda", endpoint)
    arn = function.create_function(
        FunctionName="add",
        Role="arn:aws:iam::000000000000:role/function",
        Runtime="nodejs24.x",
        Handler="index.handler",
        Code={"ZipFile": zipped(ADD)},
    )["FunctionArn"]
    s3.create_bucket(Bucket="kept")

    def processor(kind, **parameters):
        given = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
        return {"Type": kind, "Parameters": given}

    role = "arn:aws:iam::000000000000:role/firehose"
    query = '{third: (.double % 3), size: (if .number < 50 then "small" else "large" end)}'
    destination = {
        "RoleARN": role,
        "BucketARN": "arn:aws:s3:::logs",
        "Prefix": "parts/!{partitionKeyFromQuery:size}/third=!{partitionKeyFromQuery:third}/",
        "ErrorOutputPrefix": "parts-bad/!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 1},
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "S3BackupMode": "Enabled",
        "S3BackupConfiguration": {"RoleARN": role, "BucketARN": "arn:aws:s3:::kept", "CompressionFormat": "GZIP"},
        "ProcessingConfiguration": {
            "Enabled": True,
            "Processors": [
                processor("AppendDelimiterToRecord", Delimiter="\\n"),
                processor("MetadataExtraction", MetadataExtractionQuery=query, JsonParsingEngine="JQ-1.6"),
                processor("Lambda", LambdaArn=arn),
            ],
        },
    }
    wrong = {**destination, "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 60}}
    try:
        firehose.create_delivery_stream(DeliveryStreamName="parts", ExtendedS3DestinationConfiguration=wrong)
        raise AssertionError("partitions of 5 MiB were taken")
    except firehose.exceptions.InvalidArgumentException as error:
        assert "at least 64" in str(error)
    firehose.create_delivery_stream(DeliveryStreamName="parts", ExtendedS3DestinationConfiguration=destination)

    def is_active():
        described = firehose.describe_delivery_stream(DeliveryStreamName="parts")["DeliveryStreamDescription"]
        return described["DeliveryStreamStatus"] == "ACTIVE"

    until(is_active, "the delivery stream with partitions")
    sent = [json.dumps({"number": number}).encode() for number in range(100)]
    firehose.put_record_batch(DeliveryStreamName="parts", Records=[{"Data": data} for data in sent])

    def numbers(prefix):
        return [json.loads(line)["number"] for body in objects(s3, prefix).values() for line in body.splitlines()]

    until(lambda: len(numbers("parts/")) == 99 and objects(s3, "parts-bad/"), "the partitions")
    for size, those in (("small", range(50)), ("large", range(50, 100))):
        for third in range(3):
            expected = [number for number in those if number * 2 % 3 == third and number != 13]
            assert numbers(f"parts/{size}/third={third}/") == expected
    [(key, body)] = objects(s3, "parts-bad/").items()
    line = json.loads(body)
    assert key.startswith("parts-bad/processing-failed/"), key
    assert line["errorCode"] == "Lambda.ProcessingFailedStatus" and line["lambdaARN"] == arn, line
    assert base64.b64decode(line["rawData"]) == sent[13]
    kept = [each["Key"] for each in s3.list_objects_v2(Bucket="kept")["Contents"]]
    bodies = [gzip.decompress(s3.get_object(Bucket="kept", Key=each)["Body"].read()) for each in sorted(kept)]
    assert b"".join(bodies) == b"".join(sent)


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
    partition(endpoint, firehose, s3)
    print("firehose story passed")


main(sys.argv[1], sys.argv[2])
