"""An unmodified boto3 with functions: made, called, changed, deleted.

usage: functions_story.py ENDPOINT
"""
import base64
import io
import json
import sys
import time
import zipfile

import boto3
from botocore.config import Config

ROLE = "arn:aws:iam::000000000000:role/lambda"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return out.getvalue()


def until(condition, what):
    deadline = time.time() + 60
    while not condition():
        assert time.time() < deadline, what
        time.sleep(0.1)


def create(client, name, code, **more):
    made = client.create_function(
        FunctionName=name,
        Runtime="nodejs24.x",
        Role=ROLE,
        Handler="index.handler",
        Code={"ZipFile": code},
        **more,
    )
    assert made["State"] == "Pending" and made["FunctionArn"] == ARN + name, made
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return made


def invoke(client, name, event, **more):
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), **more)
    return answer, json.loads(answer["Payload"].read())


def refused(code, status, call, **arguments):
    try:
        call(**arguments)
    except call.__self__.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error
        assert error.response.get("Type", "User") == "User", error.response
        return error.response["Error"]["Message"]
    raise AssertionError(f"not refused: {arguments}")


COMMON = """
const half = require('./lib/half');
let calls = 0;
exports.handler = async (event, context) => {
  calls += 1;
  console.log('half of', event.number);
  return { half: half(event.number), calls, name: context.functionName, greeting: process.env.GREETING,
    isMine: context.invokedFunctionArn.endsWith(context.functionName), left: context.getRemainingTimeInMillis() > 0 };
};
"""


def lifecycle(client):
    code = zipped(**{"index__js": COMMON, "lib/half__js": "module.exports = (number) => number / 2;"})
    made = create(client, "halves", code, Environment={"Variables": {"GREETING": "hello"}}, Tags={"team": "a"})
    assert made["CodeSize"] == len(code)
    answer, result = invoke(client, "halves", {"number": 5}, LogType="Tail")
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST" and "FunctionError" not in answer
    expected = {"half": 2.5, "calls": 1, "name": "halves", "greeting": "hello", "isMine": True, "left": True}
    assert result == expected, result
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "START RequestId: " in log and "\tINFO\thalf of 5\n" in log and "REPORT RequestId: " in log, log
    # A warm worker, by each form of the name.
    for name in (ARN + "halves", "000000000000:function:halves", "halves:$LATEST", ARN + "halves:$LATEST"):
        assert invoke(client, name, {"number": 8})[1]["half"] == 4
    assert invoke(client, "halves", {"number": 5})[1]["calls"] == 6
    assert client.invoke(FunctionName="halves", InvocationType="DryRun")["StatusCode"] == 204
    got = client.get_function(FunctionName="halves")
    assert got["Configuration"]["State"] == "Active" and got["Tags"] == {"team": "a"}
    assert got["Configuration"]["LastUpdateStatus"] == "Successful"

    module = zipped(**{"index__mjs": "export const handler = async (event) => ({ third: event.number / 3 });"})
    updated = client.update_function_code(FunctionName="halves", ZipFile=module)
    assert updated["CodeSha256"] != made["CodeSha256"] and updated["LastUpdateStatus"] in ("InProgress", "Successful")
    client.get_waiter("function_updated_v2").wait(FunctionName="halves", WaiterConfig={"Delay": 1})
    assert invoke(client, "halves", {"number": 9})[1] == {"third": 3}
    client.update_function_configuration(FunctionName="halves", Timeout=7, MemorySize=256, Description="thirds")
    client.get_waiter("function_updated_v2").wait(FunctionName="halves", WaiterConfig={"Delay": 1})
    shown = client.get_function_configuration(FunctionName="halves")
    assert (shown["Timeout"], shown["MemorySize"], shown["Description"]) == (7, 256, "thirds")
    assert shown["Environment"]["Variables"] == {"GREETING": "hello"}
    refused("PreconditionFailedException", 412, client.update_function_code, FunctionName="halves", ZipFile=module, RevisionId="old")

    for name in ("b-function", "a-function"):
        create(client, name, module)
    pages = client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    names = [one["FunctionName"] for page in pages for one in page["Functions"]]
    assert names == ["a-function", "b-function", "halves"], names
    refused("ResourceConflictException", 409, client.create_function, FunctionName="halves", Runtime="nodejs24.x",
            Role=ROLE, Handler="index.handler", Code={"ZipFile": module})
    client.delete_function(FunctionName="halves")
    message = refused("ResourceNotFoundException", 404, client.get_function, FunctionName="halves")
    assert message == "Function not found: " + ARN + "halves", message


FAILING = """
const kept = [];
exports.handler = async (event) => {
  if (event === 'throw') throw new TypeError('not that');
  if (event === 'hang') for (;;);
  if (event === 'wait') await new Promise(() => setTimeout(() => {}, 1e6));
  if (event === 'exit') process.exit(3);
  if (event === 'heap') for (;;) kept.push(new Array(1e5).fill(Math.random()));
  if (event === 'buffers') { for (let n = 0; n < 40; n++) { kept.push(Buffer.alloc(16 << 20, 1)); await new Promise((r) => setTimeout(r, 20)); } }
  if (event === 'large') return 'x'.repeat(7e6);
  return 'fine';
};
"""


def failures(client):
    create(client, "failing", zipped(**{"index__js": FAILING}), Timeout=2)
    answer, error = invoke(client, "failing", "throw")
    assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "TypeError" and error["errorMessage"] == "not that"
    assert error["trace"][0] == "TypeError: not that"
    for event in ("hang", "wait"):
        answer, error = invoke(client, "failing", event, LogType="Tail")
        assert answer["FunctionError"] == "Unhandled" and error["errorType"] == "Sandbox.Timedout"
        assert error["errorMessage"].endswith("Error: Task timed out after 2.00 seconds"), error
        assert "Task timed out after 2.00 seconds" in base64.b64decode(answer["LogResult"]).decode()
    assert invoke(client, "failing", "fine")[1] == "fine"
    _, error = invoke(client, "failing", "exit")
    assert error["errorMessage"].endswith("Error: Runtime exited with error: exit status 3"), error
    for event in ("heap", "buffers"):
        _, error = invoke(client, "failing", event)
        assert error["errorType"] == "Runtime.ExitError", (event, error)
    _, error = invoke(client, "failing", "large")
    assert error["errorType"] == "Function.ResponseSizeTooLarge", error
    assert invoke(client, "failing", "fine")[1] == "fine"

    for name, files, kind in (
        ("syntax", {"index__js": "exports.handler = ("}, "Runtime.UserCodeSyntaxError"),
        ("missing", {"other__js": ""}, "Runtime.ImportModuleError"),
        ("unexported", {"index__js": "exports.other = 1"}, "Runtime.HandlerNotFound"),
        ("callbacks", {"index__js": "exports.handler = (event, context, done) => setTimeout(() => done(null, event + 1), 5)"}, 2),
        ("silent", {"index__js": "exports.handler = () => { setTimeout(() => {}, 5); }"}, None),
    ):
        create(client, name, zipped(**files))
        _, result = invoke(client, name, 1)
        assert (result["errorType"] if isinstance(result, dict) else result) == kind, (name, result)


def refusals(client):
    good = zipped(**{"index__js": "exports.handler = async () => 1"})
    base = {"FunctionName": "bad", "Role": ROLE, "Handler": "index.handler", "Runtime": "nodejs24.x"}
    invalid = "InvalidParameterValueException"
    for code in (b"no zip", good[: len(good) // 2], zipped()):
        refused(invalid, 400, client.create_function, **base, Code={"ZipFile": code})
    for evil in ("../outside.js", "/etc/outside.js"):
        refused(invalid, 400, client.create_function, **base, Code={"ZipFile": zipped(**{evil.replace(".js", "__js"): "x"})})
    bomb = zipped(bomb=b"\0" * 300_000_000)
    message = refused(invalid, 400, client.create_function, **base, Code={"ZipFile": bomb})
    assert message == "Unzipped size must be smaller than 262144000 bytes", message
    message = refused(invalid, 400, client.create_function, **{**base, "Runtime": "python3.13"}, Code={"ZipFile": good})
    assert "nodejs" in message
    refused(invalid, 400, client.create_function, **base, Code={"S3Bucket": "code", "S3Key": "k"})
    refused(invalid, 400, client.create_function, **base, Code={"ZipFile": good}, Environment={"Variables": {"AWS_REGION": "x"}})
    refused("ResourceNotFoundException", 404, client.invoke, FunctionName="bad", Payload="{}")
    create(client, "good", good)
    refused("InvalidRequestContentException", 400, client.invoke, FunctionName="good", Payload="{")
    refused("ResourceNotFoundException", 404, client.invoke, FunctionName="good", Qualifier="7", Payload="{}")
    large = json.dumps("x" * 6_300_000)
    refused("RequestTooLargeException", 413, client.invoke, FunctionName="good", Payload=large)
    refused("RequestTooLargeException", 413, client.invoke, FunctionName="good", InvocationType="Event", Payload=large[:1_048_600] + '"')


def events(client, folder):
    writes = "const fs = require('node:fs'); exports.handler = async (event) => fs.appendFileSync(event.path, event.text);"
    create(client, "writes", zipped(**{"index__js": writes}))
    for number in range(50):
        event = json.dumps({"path": f"{folder}/written", "text": f"{number}\n"})
        answer = client.invoke(FunctionName="writes", InvocationType="Event", Payload=event)
        assert answer["StatusCode"] == 202

    def written():
        try:
            with open(f"{folder}/written") as file:
                return sorted(map(int, file))
        except FileNotFoundError:
            return []

    until(lambda: len(written()) >= 50, "the events")
    assert written() == list(range(50)), written()


def main(endpoint, folder):
    client = boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=False,
        config=Config(retries={"max_attempts": 1}),
    )
    lifecycle(client)
    failures(client)
    refusals(client)
    events(client, folder)
    print("functions story passed")


main(*sys.argv[1:])
