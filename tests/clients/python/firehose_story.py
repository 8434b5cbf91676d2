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
    print("firehose story passed")


main(sys.argv[1], sys.argv[2])
