"""An unmodified boto3 with Firehose, and with the S3 that it delivers to.

usage: firehose_story.py ENDPOINT S3_ENDPOINT
"""
import base64
import gzip
import io
import json
import re
import struct
import sys
import time
import zipfile

import boto3
import pyarrow
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


def unzipped(body):
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert archive.testzip() is None
    [entry] = archive.infolist()
    assert entry.compress_type == zipfile.ZIP_DEFLATED and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", entry.filename)
    return archive.read(entry)


def unsnapped(body, at, has_plain_length):
    """Snappy's blocks, each behind its length, by the C++ library in Arrow; its length before compression stands in Snappy itself."""
    found = []
    while at < len(body):
        at += 4 if has_plain_length else 0
        (length,) = struct.unpack_from(">I", body, at)
        block = body[at + 4 : at + 4 + length]
        plain = sum((byte & 127) << (7 * place) for place, byte in enumerate(block[: next(i for i in range(5) if block[i] < 128) + 1]))
        if has_plain_length:
            assert struct.unpack_from(">I", body, at - 4) == (plain,)
        found.append(pyarrow.decompress(block, decompressed_size=plain, codec="snappy", asbytes=True))
        at += 4 + length
    return b"".join(found)


FORMATS = {
    "UNCOMPRESSED": ("", None, bytes),
    "GZIP": (".gz", "gzip", gzip.decompress),
    "ZIP": (".zip", "zip", unzipped),
    "Snappy": (".snappy", "snappy-java", lambda body: unsnapped(body, 16, False)),
    "HADOOP_SNAPPY": (".snappy", "hadoop-snappy", lambda body: unsnapped(body, 0, True)),
}


def compress(firehose, s3):
    """Each compression, read by other programs than wrote it; the key of S3's encryption, on objects of records that failed too."""
    key = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
    lines = [b'{"number": %d, "text": "%s"}\n' % (number, b"some words " * (number % 9)) for number in range(20_000)]
    for name, (extension, encoding, read) in FORMATS.items():
        firehose.create_delivery_stream(
            DeliveryStreamName=name,
            ExtendedS3DestinationConfiguration={
                "RoleARN": "arn:aws:iam::000000000000:role/firehose",
                "BucketARN": "arn:aws:s3:::logs",
                "Prefix": f"{name}/",
                "ErrorOutputPrefix": f"bad-{name}/",
                "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 1},
                "CompressionFormat": name,
                "EncryptionConfiguration": {"KMSEncryptionConfig": {"AWSKMSKeyARN": key}},
                "ProcessingConfiguration": {
                    "Enabled": True,
                    "Processors": [{"Type": "Decompression", "Parameters": [{"ParameterName": "CompressionFormat", "ParameterValue": "GZIP"}]}],
                },
            },
        )
        until(lambda: firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]["DeliveryStreamStatus"] == "ACTIVE", name)
        packed = [gzip.compress(b"".join(lines[start : start + 100]), 1) for start in range(0, len(lines), 100)]
        firehose.put_record_batch(DeliveryStreamName=name, Records=[{"Data": data} for data in [*packed, b"no gzip"]])
    for name, (extension, encoding, read) in FORMATS.items():
        until(lambda: sum(len(read(body)) for body in objects(s3, f"{name}/").values()) == sum(map(len, lines)), name)
        found = objects(s3, f"{name}/")
        assert b"".join(read(found[each]) for each in sorted(found)) == b"".join(lines), name
        until(lambda: objects(s3, f"bad-{name}/"), f"the record of {name} that failed")
        for each in [*found, *objects(s3, f"bad-{name}/")]:
            head = s3.head_object(Bucket="logs", Key=each)
            assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key), head
            is_failed = each.startswith("bad-")
            assert is_failed or re.search(r"[0-9a-f]{12}" + re.escape(extension) + "$", each), each
            assert head.get("ContentEncoding") == (None if is_failed else encoding), head


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
    compress(firehose, s3)
    print("firehose story passed")


main(sys.argv[1], sys.argv[2])
