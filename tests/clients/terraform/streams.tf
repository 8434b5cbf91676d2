# A stream for each of the acceptance tests of aws_kinesis_stream; `step` chooses what the test has at that time.

locals {
  all_metrics = [
    "IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords",
    "WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds",
  ]
}

resource "aws_kinesis_stream" "basic" {
  name        = "basic"
  shard_count = 2
}

resource "aws_kinesis_stream" "concurrent" {
  count       = 4
  name        = "concurrent-${count.index}"
  shard_count = 2
  tags        = { Name = "tf-test" }
}

resource "aws_kinesis_stream" "encryption" {
  name            = "encryption"
  shard_count     = 2
  encryption_type = var.step == 2 ? "NONE" : "KMS"
  kms_key_id      = var.step == 2 ? null : "alias/aws/kinesis"
}

resource "aws_kinesis_stream" "key" {
  name            = "key"
  shard_count     = 1
  encryption_type = "KMS"
  kms_key_id      = "1234abcd-12ab-34cd-56ef-1234567890a${var.step}"
}

resource "aws_kinesis_stream" "shards" {
  name        = "shards"
  shard_count = [2, 4, 3][var.step - 1]
}

resource "aws_kinesis_stream" "retention" {
  name             = "retention"
  shard_count      = 2
  retention_period = [24, 8760, 28][var.step - 1]
}

resource "aws_kinesis_stream" "metrics" {
  name                = "metrics"
  shard_count         = 2
  shard_level_metrics = var.step == 2 ? local.all_metrics : ["IncomingBytes"]
}

resource "aws_kinesis_stream" "tags" {
  name        = "tags"
  shard_count = 2
  tags = [
    { key1 = "value1" },
    { key1 = "value1updated", key2 = "value2" },
    { key2 = "value2" },
  ][var.step - 1]
}

resource "aws_kinesis_stream" "on_demand" {
  name = "on-demand"
  stream_mode_details {
    stream_mode = "ON_DEMAND"
  }
}

resource "aws_kinesis_stream" "switched" {
  name        = "switched"
  shard_count = [1, null, 2][var.step - 1]
  stream_mode_details {
    stream_mode = var.step == 2 ? "ON_DEMAND" : "PROVISIONED"
  }
}

# Its consumer is registered from outside: only with this may the stream be deleted.
resource "aws_kinesis_stream" "consumed" {
  name                      = "consumed"
  shard_count               = 2
  enforce_consumer_deletion = true
  tags                      = { Name = "tf-test" }
}
