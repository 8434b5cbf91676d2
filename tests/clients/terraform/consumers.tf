# Consumers, policies and data sources, as in their acceptance tests.

resource "aws_kinesis_stream_consumer" "one" {
  name       = "one"
  stream_arn = aws_kinesis_stream.basic.arn
}

resource "aws_kinesis_stream_consumer" "many" {
  count      = 3
  name       = "many-${count.index}"
  stream_arn = aws_kinesis_stream.concurrent[0].arn
}

data "aws_caller_identity" "target" {}

resource "aws_kinesis_resource_policy" "writers" {
  resource_arn = aws_kinesis_stream.basic.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Id      = "writePolicy"
    Statement = [{
      Sid       = "writestatement"
      Effect    = "Allow"
      Principal = { AWS = data.aws_caller_identity.target.account_id }
      Action    = concat(["kinesis:DescribeStreamSummary", "kinesis:PutRecord"], var.step == 1 ? [] : ["kinesis:PutRecords"])
      Resource  = aws_kinesis_stream.basic.arn
    }]
  })
}

resource "aws_kinesis_resource_policy" "readers" {
  resource_arn = aws_kinesis_stream_consumer.one.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.target.account_id}:root" }
      Action    = ["kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"]
      Resource  = aws_kinesis_stream_consumer.one.arn
    }]
  })
}

data "aws_kinesis_stream" "shards" {
  name = aws_kinesis_stream.shards.name
}

data "aws_kinesis_stream_consumer" "by_name" {
  name       = aws_kinesis_stream_consumer.one.name
  stream_arn = aws_kinesis_stream_consumer.one.stream_arn
}

data "aws_kinesis_stream_consumer" "by_arn" {
  arn        = aws_kinesis_stream_consumer.one.arn
  stream_arn = aws_kinesis_stream_consumer.one.stream_arn
}

output "shards" {
  value = {
    status = data.aws_kinesis_stream.shards.status
    open   = length(data.aws_kinesis_stream.shards.open_shards)
    closed = length(data.aws_kinesis_stream.shards.closed_shards)
  }
}

output "consumer" {
  value = {
    same    = data.aws_kinesis_stream_consumer.by_name.arn == data.aws_kinesis_stream_consumer.by_arn.arn
    status  = data.aws_kinesis_stream_consumer.by_name.status
    created = data.aws_kinesis_stream_consumer.by_name.creation_timestamp
  }
}
