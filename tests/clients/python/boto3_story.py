"""An unmodified boto3 against a server: usage boto3_story.py ENDPOINT. Exits non-zero with a traceback when a step fails."""
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def expect_error(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response["Error"]["Message"]
    raise AssertionError(f"{code} expected")


def main(endpoint):
    kinesis = boto3.client("kinesis", endpoint_url=endpoint, region_name="eu-west-1", verify=False,
                           aws_access_key_id="123456789012", aws_secret_access_key="secret",
                           config=Config(retries={"max_attempts": 0}))
    kinesis.create_stream(StreamName="story", ShardCount=2, Tags={"team": "ingest"})
    kinesis.get_waiter("stream_exists").wait(StreamName="story", WaiterConfig={"Delay": 1})
    summary = kinesis.describe_stream_summary(StreamName="story")["StreamDescriptionSummary"]
    arn = summary["StreamARN"]
    # An access key id of 12 digits names the account; the signature's scope names the region.
    assert arn == "arn:aws:kinesis:eu-west-1:123456789012:stream/story", arn
    assert summary["OpenShardCount"] == 2 and summary["RetentionPeriodHours"] == 24, summary
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "ingest"}]

    before = time.time()
    answer = kinesis.put_records(StreamARN=arn, Records=[
        {"PartitionKey": f"key-{n}", "Data": bytes([n, 255 - n]) * 100} for n in range(200)])
    assert answer["FailedRecordCount"] == 0 and len(answer["Records"]) == 200, answer

    records = []
    for shard in kinesis.list_shards(StreamName="story")["Shards"]:
        iterator = kinesis.get_shard_iterator(StreamName="story", ShardId=shard["ShardId"],
                                              ShardIteratorType="AT_TIMESTAMP", Timestamp=before - 5)["ShardIterator"]
        page = kinesis.get_records(ShardIterator=iterator, Limit=10000)
        assert page["MillisBehindLatest"] == 0 and "NextShardIterator" in page, page
        records += page["Records"]
    assert sorted(r["PartitionKey"] for r in records) == sorted(f"key-{n}" for n in range(200))
    for record in records:
        n = int(record["PartitionKey"][4:])
        assert record["Data"] == bytes([n, 255 - n]) * 100
        assert abs(record["ApproximateArrivalTimestamp"].timestamp() - before) < 60, record

    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="reader")["Consumer"]
    kinesis.get_waiter("stream_exists")
    while kinesis.describe_stream_consumer(ConsumerARN=consumer["ConsumerARN"])["ConsumerDescription"]["ConsumerStatus"] != "ACTIVE":
        time.sleep(0.05)
    pushed = 0
    for shard in kinesis.list_shards(StreamName="story")["Shards"]:
        stream = kinesis.subscribe_to_shard(ConsumerARN=consumer["ConsumerARN"], ShardId=shard["ShardId"],
                                            StartingPosition={"Type": "TRIM_HORIZON"})["EventStream"]
        expected = sum(1 for r in answer["Records"] if r["ShardId"] == shard["ShardId"])
        got = 0
        for event in stream:
            got += len(event["SubscribeToShardEvent"]["Records"])
            assert event["SubscribeToShardEvent"]["ContinuationSequenceNumber"]
            if got == expected:
                break
        stream.close()
        pushed += got
    assert pushed == 200, pushed

    message = expect_error("ResourceNotFoundException", kinesis.describe_stream, StreamName="absent")
    assert message == "Stream absent under account 123456789012 not found.", message
    expect_error("ResourceInUseException", kinesis.create_stream, StreamName="story", ShardCount=1)
    expect_error("InvalidArgumentException", kinesis.get_records, ShardIterator="bad")

    kinesis.start_stream_encryption(StreamName="story", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    kinesis.get_waiter("stream_exists").wait(StreamName="story", WaiterConfig={"Delay": 1})
    answer = kinesis.put_record(StreamName="story", PartitionKey="secret", Data=b"sealed")
    assert answer["EncryptionType"] == "KMS", answer
    iterator = kinesis.get_shard_iterator(StreamName="story", ShardId=answer["ShardId"], ShardIteratorType="AT_SEQUENCE_NUMBER",
                                          StartingSequenceNumber=answer["SequenceNumber"])["ShardIterator"]
    record = kinesis.get_records(ShardIterator=iterator)["Records"][0]
    assert record["Data"] == b"sealed" and record["EncryptionType"] == "KMS", record

    kinesis.update_shard_count(StreamName="story", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    kinesis.get_waiter("stream_exists").wait(StreamName="story", WaiterConfig={"Delay": 1})
    assert kinesis.describe_stream_summary(StreamName="story")["StreamDescriptionSummary"]["OpenShardCount"] == 4
    kinesis.delete_stream(StreamName="story", EnforceConsumerDeletion=True)
    kinesis.get_waiter("stream_not_exists").wait(StreamName="story", WaiterConfig={"Delay": 1})
    print("boto3 story passed")


if __name__ == "__main__":
    main(sys.argv[1])
