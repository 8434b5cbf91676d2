"""An unmodified boto3 with the neighbours that Kinesis clients need: DynamoDB's lease tables, CloudWatch, Glue's catalog, STS.

usage: neighbours_story.py ENDPOINT
"""
import datetime
import sys

import boto3
from botocore.exceptions import ClientError


def code(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def leases(dynamodb):
    dynamodb.create_table(
        TableName="leases",
        AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName="leases", WaiterConfig={"Delay": 1})
    assert code(dynamodb.describe_table, TableName="nothing") == "ResourceNotFoundException"
    item = {"leaseKey": {"S": "shardId-000000000000"}, "leaseCounter": {"N": "1"}, "raw": {"B": b"\x00\xff"}}
    dynamodb.put_item(TableName="leases", Item=item)
    key = {"leaseKey": item["leaseKey"]}
    take = {
        "TableName": "leases",
        "Key": key,
        "UpdateExpression": "SET leaseOwner = :me, leaseCounter = leaseCounter + :one",
        "ConditionExpression": "leaseCounter = :seen",
        "ExpressionAttributeValues": {":me": {"S": "w"}, ":one": {"N": "1"}, ":seen": {"N": "1"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    assert dynamodb.update_item(**take, ReturnValues="ALL_NEW")["Attributes"]["leaseCounter"] == {"N": "2"}
    try:
        dynamodb.update_item(**take)
        raise AssertionError("a lease was taken twice")
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        assert error.response["Item"]["leaseOwner"] == {"S": "w"}, error.response
    assert dynamodb.get_item(TableName="leases", Key=key, ConsistentRead=True)["Item"]["raw"] == {"B": b"\x00\xff"}
    pages = dynamodb.get_paginator("scan").paginate(TableName="leases", PaginationConfig={"PageSize": 1})
    assert sum(page["Count"] for page in pages) == 1
    assert code(dynamodb.describe_limits) == "UnknownOperationException"
    dynamodb.delete_table(TableName="leases")


def catalog(glue):
    glue.create_database(DatabaseInput={"Name": "Sales", "Description": "what was sold"})
    assert [one["Name"] for one in glue.get_databases()["DatabaseList"]] == ["sales"]
    columns = [{"Name": "id", "Type": "bigint"}, {"Name": "tags", "Type": "array<string>", "Comment": "free text"}]
    described = {
        "Name": "orders",
        "StorageDescriptor": {"Columns": columns, "Location": "s3://bucket/orders/", "SerdeInfo": {"Parameters": {"a": "b"}}},
        "PartitionKeys": [{"Name": "day", "Type": "date"}],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet"},
    }
    glue.create_table(DatabaseName="sales", TableInput=described)
    assert code(glue.create_table, DatabaseName="sales", TableInput=described) == "AlreadyExistsException"
    table = glue.get_table(DatabaseName="sales", Name="orders")["Table"]
    assert {name: table[name] for name in described} == described, table
    assert isinstance(table["CreateTime"], datetime.datetime), table
    columns.append({"Name": "total", "Type": "decimal(10,2)"})
    glue.update_table(DatabaseName="sales", TableInput=described)
    pages = glue.get_paginator("get_table_versions").paginate(
        DatabaseName="sales", TableName="orders", PaginationConfig={"PageSize": 1}
    )
    assert [one["VersionId"] for page in pages for one in page["TableVersions"]] == ["1", "0"]
    first = glue.get_table_version(DatabaseName="sales", TableName="orders", VersionId="0")["TableVersion"]
    assert len(first["Table"]["StorageDescriptor"]["Columns"]) == 2, first
    assert code(glue.get_table, DatabaseName="sales", Name="nothing") == "EntityNotFoundException"
    assert code(glue.get_crawlers) == "UnknownOperationException"
    glue.delete_table(DatabaseName="sales", Name="orders")
    glue.delete_database(Name="sales")


def metrics(cloudwatch):
    now = datetime.datetime.now(datetime.timezone.utc)
    span = {"StartTime": now - datetime.timedelta(minutes=5), "EndTime": now + datetime.timedelta(minutes=5)}
    lag = {"MetricName": "lag", "Dimensions": [{"Name": "Stream", "Value": "s"}]}
    values = [{**lag, "Value": value, "Unit": "Milliseconds", "Timestamp": now} for value in (1, 2, 6)]
    cloudwatch.put_metric_data(Namespace="App", MetricData=values)
    # Large enough to be compressed.
    cloudwatch.put_metric_data(Namespace="App", MetricData=[{"MetricName": "big", "Values": [1.5, 2], "Counts": [2, 1]}] * 300)
    points = cloudwatch.get_metric_statistics(Namespace="App", **lag, **span, Period=60, Statistics=["Average", "Maximum", "SampleCount"])["Datapoints"]
    assert [(point["Average"], point["Maximum"], point["SampleCount"], point["Unit"]) for point in points] == [(3, 6, 3, "Milliseconds")], points
    points = cloudwatch.get_metric_statistics(Namespace="App", **lag, **span, Period=60, ExtendedStatistics=["p50", "p99"])["Datapoints"]
    assert [point["ExtendedStatistics"] for point in points] == [{"p50": 2.0, "p99": 6.0}], points
    assert {metric["MetricName"] for metric in cloudwatch.list_metrics(Namespace="App")["Metrics"]} == {"lag", "big"}
    stat = {"Metric": {"Namespace": "App", "MetricName": "big"}, "Period": 60, "Stat": "Sum"}
    (result,) = cloudwatch.get_metric_data(MetricDataQueries=[{"Id": "a", "MetricStat": stat}], **span)["MetricDataResults"]
    assert result["Values"] == [1500.0] and len(result["Timestamps"]) == 1, result
    both = [{"MetricName": "x", "Value": 1, "Values": [1.0]}]
    assert code(cloudwatch.put_metric_data, Namespace="App", MetricData=both).startswith("InvalidParameterCombination")


def main(endpoint):
    settings = {"endpoint_url": endpoint, "region_name": "eu-west-1", "aws_access_key_id": "111122223333", "aws_secret_access_key": "s"}
    identity = boto3.client("sts", **settings).get_caller_identity()
    assert identity["Account"] == "111122223333" and identity["Arn"] == "arn:aws:iam::111122223333:root", identity
    leases(boto3.client("dynamodb", **settings))
    metrics(boto3.client("cloudwatch", **settings))
    catalog(boto3.client("glue", **settings))
    print("neighbours story passed")


if __name__ == "__main__":
    main(sys.argv[1])
