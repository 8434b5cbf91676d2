"""
What packages/producer has compressed and encrypted, read by the AWS Encryption SDK for Python; and what that has encrypted, put
for packages/consumer to read. usage: encryption_story.py ENDPOINT
"""
import gzip
import sys

import boto3
from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider


class Keys(RawMasterKeyProvider):
    provider_id = "millrace"

    def _get_raw_key(self, key_id):
        return WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
            wrapping_key=bytes([7] * 32),
            wrapping_key_type=EncryptionKeyType.SYMMETRIC,
        )


keys = Keys()
keys.add_master_key("k")
sdk = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
kinesis = boto3.client(
    "kinesis", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
)
shard = kinesis.list_shards(StreamName="orders")["Shards"][0]["ShardId"]
place = {"StreamName": "orders", "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
records = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**place)["ShardIterator"])["Records"]
assert len(records) == 20, len(records)
for record in records:
    plain, header = sdk.decrypt(source=record["Data"], key_provider=keys)
    context = header.encryption_context
    assert context["kinesis:stream"] == "orders", context
    assert context["kinesis:partition-key"] == record["PartitionKey"], context
    number = record["PartitionKey"].removeprefix("key-")
    assert gzip.decompress(plain).decode() == f"{number} " * 100, plain

for data in (b"plain from Python", gzip.compress(b"packed by Python")):
    context = {"kinesis:stream": "orders", "kinesis:partition-key": "python"}
    encrypted, _ = sdk.encrypt(source=data, key_provider=keys, encryption_context=context)
    kinesis.put_record(StreamName="orders", PartitionKey="python", Data=encrypted)
print("encryption story passed")
