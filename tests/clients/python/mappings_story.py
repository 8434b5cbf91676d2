"""An unmodified boto3 with event source mappings of streams.

usage: mappings_story.py ENDPOINT FOLDER BUCKETS RECORDED

RECORDED holds AWS's answers, with placeholders for what differs from run to run.
"""
import base64
import glob
import io
import json
import os
import re
import sys
import time
import zipfile

import boto3

ROLE = "arn:aws:iam::000000000000:role/lambda"
STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/"

# Writes each event, a line each, and does what the records say.
HANDLER = """
const fs = require('node:fs');
exports.handler = async (event) => {
  fs.appendFileSync(process.env.EVENTS, JSON.stringify(event) + '\\n');
  const texts = event.Records.map((one) => Buffer.from(one.kinesis.data, 'base64').toString());
  if (texts.some((text) => text.startsWith('throw'))) throw new Error('asked for');
  const failed = event.Records.filter((_, at) => texts[at].startsWith('report'));
  if (failed.length > 0) return { batchItemFailures: failed.map((one) => ({ itemIdentifier: one.kinesis.sequenceNumber })) };
  if (event.window) return { state: { count: (event.state.count || 0) + texts.length } };
  return process.env.ANSWER === undefined ? null : JSON.parse(process.env.ANSWER);
};
"""


def client(service, endpoint):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=False,
    )


def until(condition, what):
    deadline = time.time() + 60
    while not condition():
        assert time.time() < deadline, what
        time.sleep(0.05)


class Story:
    def __init__(self, endpoint, folder):
        self.lambdas, self.kinesis = client("lambda", endpoint), client("kinesis", endpoint)
        self.folder = folder
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("index.js", HANDLER)
        self.code = out.getvalue()

    def function(self, name, **environment):
        self.lambdas.create_function(
            FunctionName=name,
            Runtime="nodejs24.x",
            Role=ROLE,
            Handler="index.handler",
            Code={"ZipFile": self.code},
            Environment={"Variables": {"EVENTS": f"{self.folder}/{name}", **environment}},
            Timeout=30,
        )
        self.lambdas.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    def stream(self, name, shards=1):
        self.kinesis.create_stream(StreamName=name, ShardCount=shards)
        self.kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})

    def put(self, stream, *texts, key=None):
        records = [{"Data": text.encode(), "PartitionKey": key or f"key-{text}"} for text in texts]
        answer = self.kinesis.put_records(StreamName=stream, Records=records)
        assert answer["FailedRecordCount"] == 0
        return [one["SequenceNumber"] for one in answer["Records"]]

    def map(self, stream, function, **settings):
        settings = {"StartingPosition": "TRIM_HORIZON", **settings}
        made = self.lambdas.create_event_source_mapping(EventSourceArn=STREAM + stream, FunctionName=function, **settings)
        until(lambda: self.state(made["UUID"]) in ("Enabled", "Disabled"), "the mapping")
        return made

    def state(self, uuid):
        return self.lambdas.get_event_source_mapping(UUID=uuid)["State"]

    def result(self, uuid):
        return self.lambdas.get_event_source_mapping(UUID=uuid)["LastProcessingResult"]

    def events(self, function):
        try:
            with open(f"{self.folder}/{function}") as file:
                return [json.loads(line) for line in file if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def texts(self, function):
        return [[base64.b64decode(one["kinesis"]["data"]).decode() for one in event["Records"]] for event in self.events(function)]

    def flat(self, function):
        return [text for texts in self.texts(function) for text in texts]

    def told(self, stream):
        """What a failure destination has got."""
        shard = self.kinesis.list_shards(StreamName=stream)["Shards"][0]["ShardId"]
        iterator = self.kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        records = self.kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
        return [json.loads(one["Data"]) for one in records]


def same_shape(ours, recorded, path="answer"):
    """What AWS answered is what we answer, but for the placeholders."""
    if isinstance(recorded, dict):
        missing = set(recorded) ^ set(ours) - {"ResponseMetadata"}
        assert missing <= {"ResponseMetadata"}, f"{path}: {missing}"
        for key in set(recorded) - {"ResponseMetadata"}:
            same_shape(ours[key], recorded[key], f"{path}.{key}")
    elif isinstance(recorded, list):
        assert len(ours) == len(recorded), path
        for at, (one, other) in enumerate(zip(ours, recorded)):
            same_shape(one, other, f"{path}[{at}]")
    elif isinstance(recorded, str) and "<" in recorded:
        assert re.fullmatch(re.sub(r"<[^>]*>", ".+", recorded), str(ours)), f"{path}: {ours} is not {recorded}"
    else:
        assert ours == recorded, f"{path}: {ours} is not {recorded}"


def api(story, recorded):
    lambdas = story.lambdas
    story.function("api")
    story.stream("api")
    made = lambdas.create_event_source_mapping(EventSourceArn=STREAM + "api", FunctionName="api", StartingPosition="LATEST")
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    plain = json.loads(json.dumps(made, default=str))
    same_shape(plain, json.loads(json.dumps(recorded["create"]).replace("<partition>", "aws").replace("111111111111", "000000000000")))
    uuid = made["UUID"]
    refused = (
        ("ResourceConflictException", 409, dict(EventSourceArn=STREAM + "api", FunctionName="api", StartingPosition="LATEST"),
         f'The event source arn (" {STREAM}api ") and function (" api ") provided mapping already exists. '
         f"Please update or delete the existing mapping with UUID {uuid}"),
        ("InvalidParameterValueException", 400, dict(EventSourceArn=STREAM + "none", FunctionName="api", StartingPosition="LATEST"),
         f"Stream not found: {STREAM}none"),
        ("InvalidParameterValueException", 400, dict(EventSourceArn=STREAM + "api", FunctionName="none", StartingPosition="LATEST"),
         "Function does not exist"),
        ("InvalidParameterValueException", 400, dict(EventSourceArn=STREAM + "api", FunctionName="api", StartingPosition="LATEST",
         FilterCriteria={"Filters": [{"Pattern": "{"}]}), "Invalid filter pattern definition."),
        ("InvalidParameterValueException", 400, dict(EventSourceArn=STREAM + "api", FunctionName="api", StartingPosition="LATEST",
         DestinationConfig={"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:q"}}), None),
    )
    for code, status, arguments, message in refused:
        try:
            lambdas.create_event_source_mapping(**arguments)
            raise AssertionError(arguments)
        except lambdas.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == code, error
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status
            assert message is None or error.response["Error"]["Message"] == message, error
            assert error.response["Type"] == "User"
    until(lambda: story.state(uuid) == "Enabled", "Enabled")
    listed = lambdas.list_event_source_mappings(FunctionName="api")["EventSourceMappings"]
    assert [one["UUID"] for one in listed] == [uuid]
    assert lambdas.update_event_source_mapping(UUID=uuid, BatchSize=7)["State"] == "Updating"
    try:
        # Refused while it is Updating, which on a slow machine is over by now.
        lambdas.update_event_source_mapping(UUID=uuid, BatchSize=7)
    except lambdas.exceptions.ResourceInUseException:
        pass
    until(lambda: story.state(uuid) == "Enabled", "Enabled again")
    # Disabled: what comes waits; enabled: it goes on there.
    story.put("api", "a")
    until(lambda: story.flat("api") == ["a"], "the first")
    until(lambda: story.result(uuid) == "OK", "OK")
    assert lambdas.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    until(lambda: story.state(uuid) == "Disabled", "Disabled")
    story.put("api", *"bcdefghijk")
    time.sleep(0.5)
    assert story.flat("api") == ["a"]
    assert lambdas.update_event_source_mapping(UUID=uuid, Enabled=True)["State"] == "Enabling"
    until(lambda: len(story.flat("api")) == 11, "the others")
    assert story.texts("api")[1:] == [list("bcdefgh"), list("ijk")], story.texts("api")
    assert lambdas.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    until(lambda: lambdas.list_event_source_mappings()["EventSourceMappings"] == [], "gone")
    try:
        lambdas.get_event_source_mapping(UUID=uuid)
        raise AssertionError("found")
    except lambdas.exceptions.ResourceNotFoundException as error:
        assert error.response["Error"]["Message"] == "The resource you requested does not exist."


def event_form(story, recorded):
    story.function("form")
    story.stream("form")
    numbers = story.put("form", "hello")
    story.map("form", "form")
    until(lambda: story.events("form"), "the event")
    [event] = story.events("form")
    [record] = event["Records"]
    expected = json.loads(json.dumps(recorded["record"]).replace("111111111111", "000000000000"))
    expected["kinesis"]["partitionKey"] = "key-hello"
    same_shape(record, expected, "record")
    assert record["eventID"] == "shardId-000000000000:" + numbers[0] and record["invokeIdentityArn"] == ROLE
    assert abs(record["kinesis"]["approximateArrivalTimestamp"] - time.time()) < 60


def failures(story, recorded, buckets):
    story.function("failing")
    for name in ("failing", "told"):
        story.stream(name)
    numbers = story.put("failing", "1", "2", "throw", "4", "5")
    on_failure = {"OnFailure": {"Destination": STREAM + "told"}}
    made = story.map("failing", "failing", MaximumRetryAttempts=1, BisectBatchOnFunctionError=True, DestinationConfig=on_failure)
    until(lambda: "5" in story.flat("failing") and story.told("told"), "past the poison")
    assert story.told("told")[0]["KinesisBatchInfo"]["startSequenceNumber"] == numbers[2]
    [told] = story.told("told")
    same_shape(told, json.loads(json.dumps(recorded["told"]).replace("111111111111", "000000000000")))
    until(lambda: story.result(made["UUID"]) == "OK", "OK at last")
    # The ones beside the poison have been taken in a batch without it.
    good = [text for texts in story.texts("failing") if "throw" not in texts for text in texts]
    assert sorted(good) == ["1", "2", "4", "5"], story.texts("failing")

    # Single records are reported: what is before them is done, what is behind comes again with them.
    story.function("reporting")
    for name in ("reporting", "reported"):
        story.stream(name)
    numbers = story.put("reporting", "1", "2", "report", "4")
    on_failure = {"OnFailure": {"Destination": "arn:aws:s3:::told"}}
    made = story.map("reporting", "reporting", MaximumRetryAttempts=1, FunctionResponseTypes=["ReportBatchItemFailures"],
                     DestinationConfig=on_failure)
    found = lambda: glob.glob(f"{buckets}/told/aws/lambda/{made['UUID']}/shardId-000000000000/*/*/*/*")
    until(found, "the object")
    until(lambda: story.texts("reporting") == [["1", "2", "report", "4"], ["report", "4"], ["report", "4"]], "reports")
    with open(found()[0]) as file:
        told = json.load(file)
    told["payload"] = json.loads(told["payload"])
    assert [one["kinesis"]["sequenceNumber"] for one in told["payload"]["Records"]] == numbers[2:]
    assert told["responseContext"]["functionError"] is None and told["requestContext"]["approximateInvokeCount"] == 2

    for name, answer, invocations in (
        ("empty-text", '""', 1), ("list", "[]", 1), ("null", "null", 1), ("dict", "{}", 1), ("none", '{"batchItemFailures": []}', 1),
        ("null-list", '{"batchItemFailures": null}', 1), ("empty-id", '{"batchItemFailures": [{"itemIdentifier": ""}]}', 2),
        ("null-id", '{"batchItemFailures": [{"itemIdentifier": null}]}', 2), ("foo", '{"batchItemFailures": [{"foo": "x"}]}', 2),
        ("unknown", '{"batchItemFailures": [{"itemIdentifier": "1"}]}', 2),
    ):
        function = f"answers-{name}"
        story.function(function, ANSWER=answer)
        made = story.map("form", function, MaximumRetryAttempts=1, FunctionResponseTypes=["ReportBatchItemFailures"])
        until(lambda: len(story.events(function)) >= invocations, name)
        until(lambda: story.result(made["UUID"]) == ("OK" if invocations == 1 else "PROBLEM: Function call failed"), name)
        time.sleep(0.2)
        assert len(story.events(function)) == invocations, name


def filters_and_positions(story):
    story.stream("positions", 2)
    story.put("positions", *[json.dumps({"n": n, "kind": "even" if n % 2 == 0 else "odd"}) for n in range(10)], "no JSON")
    time.sleep(1.1)
    middle = time.time()
    story.put("positions", *[json.dumps({"n": n, "kind": "late"}) for n in range(10, 20)])
    story.function("even")
    story.map("positions", "even", FilterCriteria={"Filters": [{"Pattern": '{"data": {"kind": ["even"]}}'},
                                                               {"Pattern": '{"data": {"n": [{"numeric": [">", 17]}]}}'}]})
    story.function("later")
    story.map("positions", "later", StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=middle)
    story.function("keyed")
    story.map("positions", "keyed", FilterCriteria={"Filters": [{"Pattern": '{"partitionKey": [{"prefix": "key-no"}]}'}]})
    numbers = lambda function: sorted(json.loads(text)["n"] for text in story.flat(function))
    until(lambda: len(story.flat("even")) >= 7, "even")
    until(lambda: len(story.flat("later")) >= 10, "later")
    until(lambda: story.flat("keyed"), "keyed")
    assert numbers("even") == [0, 2, 4, 6, 8, 18, 19] and numbers("later") == list(range(10, 20))
    assert story.flat("keyed") == ["no JSON"]


def enhanced(story):
    # A registered consumer's ARN names the same records.
    story.stream("enhanced")
    story.put("enhanced", "a", "b")
    arn = story.kinesis.register_stream_consumer(StreamARN=STREAM + "enhanced", ConsumerName="c")["Consumer"]["ConsumerARN"]
    story.function("enhanced")
    story.lambdas.create_event_source_mapping(EventSourceArn=arn, FunctionName="enhanced", StartingPosition="TRIM_HORIZON")
    until(lambda: story.flat("enhanced") == ["a", "b"], "the consumer's records")
    assert story.events("enhanced")[0]["Records"][0]["eventSourceARN"] == arn


def resharding(story):
    story.stream("reshard")
    story.function("reshard")
    story.map("reshard", "reshard", ParallelizationFactor=4, BatchSize=10)
    put = lambda start: [story.put("reshard", *[f"{start + n}" for n in range(50)][lane::5], key=f"key-{lane}") for lane in range(5)]
    put(0)
    story.kinesis.split_shard(StreamName="reshard", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    put(50)
    until(lambda: story.kinesis.describe_stream_summary(StreamName="reshard")["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE", "split")
    story.kinesis.merge_shards(StreamName="reshard", ShardToMerge="shardId-000000000001", AdjacentShardToMerge="shardId-000000000002")
    put(100)
    until(lambda: len(story.flat("reshard")) >= 150, "all of them")
    records = [one["kinesis"] for event in story.events("reshard") for one in event["Records"]]
    for lane in range(5):
        texts = [int(base64.b64decode(one["data"])) for one in records if one["partitionKey"] == f"key-{lane}"]
        assert texts == list(range(lane, 150, 5)), (lane, texts)


def windows(story):
    story.stream("windows")
    story.function("windows")
    story.map("windows", "windows", TumblingWindowInSeconds=2, BatchSize=3)
    story.put("windows", *"abcdefg")
    until(lambda: any(event["isFinalInvokeForWindow"] for event in story.events("windows")), "the window's end")
    until(lambda: sum(event["state"].get("count", 0) for event in story.events("windows") if event["isFinalInvokeForWindow"]) == 7, "7")
    first = story.events("windows")[0]
    assert first["state"] == {} and first["shardId"] == "shardId-000000000000" and first["eventSourceARN"] == STREAM + "windows"
    assert first["isWindowTerminatedEarly"] is False and set(first["window"]) == {"start", "end"}


def main(endpoint, folder, buckets, recorded):
    story = Story(endpoint, folder)
    with open(recorded) as file:
        recorded = json.load(file)
    for tell in (api, event_form):
        tell(story, recorded)
    failures(story, recorded, buckets)
    filters_and_positions(story)
    enhanced(story)
    resharding(story)
    windows(story)
    print("mappings story passed")


main(*sys.argv[1:])
