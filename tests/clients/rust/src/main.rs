//! An unmodified AWS SDK for Rust against a server: usage kinesis-story ENDPOINT CERTIFICATES.
//!
//! CERTIFICATES is a PEM file that vouches for the server. Exits non-zero, saying which step failed.
use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kinesis::error::ProvideErrorMetadata;
use aws_sdk_kinesis::operation::get_shard_iterator::builders::GetShardIteratorFluentBuilder;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{
    ConsumerStatus, PutRecordsRequestEntry, Record, Shard, ShardIteratorType, StartingPosition, StreamStatus,
    SubscribeToShardEventStream,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

type Outcome<Value = ()> = Result<Value, Box<dyn std::error::Error>>;

const MIDDLE: &str = "shardId-000000000001";
const MIDDLE_HASH_KEY: &str = "170141183460469231731687303715884105728";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().collect();
    let (endpoint, certificates) = (&arguments[1], std::fs::read(&arguments[2])?);
    let trust = TrustStore::empty().with_pem_certificate(certificates);
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(TlsContext::builder().with_trust_store(trust).build()?)
        .build_https();
    let config = aws_sdk_kinesis::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-south-1"))
        .credentials_provider(Credentials::new("123456789012", "secret", None, None, "story"))
        .endpoint_url(endpoint)
        // A shard is read five times a second and the story more often: the SDK waits and asks again.
        .retry_config(RetryConfig::standard().with_max_attempts(20).with_max_backoff(Duration::from_millis(500)))
        .http_client(http)
        .build();
    let story =
        Story { client: Client::from_conf(config), name: format!("rust-{}", endpoint.split(':').next().unwrap()) };
    tokio::time::timeout(Duration::from_secs(60), story.tell()).await??;
    println!("rust story passed");
    Ok(())
}

struct Story {
    client: Client,
    name: String,
}

impl Story {
    async fn tell(&self) -> Outcome {
        let arn = self.create_and_list().await?;
        self.put_and_get(&arn).await?;
        self.subscribe(&arn).await?;
        self.reshard().await?;
        self.errors().await?;
        self.client.delete_stream().stream_name(&self.name).enforce_consumer_deletion(true).send().await?;
        loop {
            match self.client.describe_stream_summary().stream_name(&self.name).send().await {
                Ok(_) => pause().await,
                Err(error) => break assert!(error.into_service_error().is_resource_not_found_exception()),
            }
        }
        Ok(())
    }

    async fn until_active(&self) -> Outcome<String> {
        loop {
            let found = self.client.describe_stream_summary().stream_name(&self.name).send().await?;
            let summary = found.stream_description_summary.unwrap();
            if summary.stream_status == StreamStatus::Active {
                let age = SystemTime::now().duration_since(SystemTime::try_from(summary.stream_creation_timestamp)?)?;
                assert!(age < Duration::from_secs(60), "created {age:?} ago");
                return Ok(summary.stream_arn);
            }
            pause().await;
        }
    }

    async fn create_and_list(&self) -> Outcome<String> {
        self.client.create_stream().stream_name(&self.name).shard_count(3).tags("team", "ingest").send().await?;
        let arn = self.until_active().await?;
        assert_eq!(arn, format!("arn:aws:kinesis:ap-south-1:123456789012:stream/{}", self.name));
        let tags = self.client.list_tags_for_resource().resource_arn(&arn).send().await?;
        assert_eq!((tags.tags()[0].key(), tags.tags()[0].value()), ("team", Some("ingest")));

        // Pages of one: the SDK's paginator puts them together again.
        let other = format!("{}-other", self.name);
        self.client.create_stream().stream_name(&other).shard_count(1).send().await?;
        let mut names = Vec::new();
        let mut pages = self.client.list_streams().into_paginator().page_size(1).send();
        while let Some(page) = pages.next().await.transpose()? {
            assert!(page.stream_names.len() <= 1);
            names.extend(page.stream_names);
        }
        for name in [&self.name, &other] {
            assert_eq!(names.iter().filter(|one| *one == name).count(), 1, "{names:?}");
        }
        assert_eq!(self.shards().await?.len(), 3);
        Ok(arn)
    }

    /// Asks for pages of two until there are no more.
    async fn shards(&self) -> Outcome<Vec<Shard>> {
        let mut all = Vec::new();
        let mut page = self.client.list_shards().stream_name(&self.name).max_results(2).send().await?;
        loop {
            all.extend(page.shards.unwrap_or_default());
            let Some(token) = page.next_token else { return Ok(all) };
            page = self.client.list_shards().next_token(token).max_results(2).send().await?;
        }
    }

    fn from(&self, kind: ShardIteratorType) -> GetShardIteratorFluentBuilder {
        self.client.get_shard_iterator().stream_name(&self.name).shard_id(MIDDLE).shard_iterator_type(kind)
    }

    /// Reads until `wanted` records are there.
    async fn read(&self, position: GetShardIteratorFluentBuilder, wanted: usize) -> Outcome<Vec<Record>> {
        let mut next = position.send().await?.shard_iterator;
        let mut records = Vec::new();
        while records.len() < wanted {
            let page = self.client.get_records().set_shard_iterator(next).limit(60).send().await?;
            assert!(page.records.len() <= 60 && page.millis_behind_latest.is_some());
            records.extend(page.records);
            next = page.next_shard_iterator;
        }
        assert_eq!(records.len(), wanted);
        Ok(records)
    }

    async fn put_and_get(&self, arn: &str) -> Outcome {
        let latest = self.from(ShardIteratorType::Latest).send().await?.shard_iterator;
        let before = SystemTime::now();
        let mut put = self.client.put_records().stream_arn(arn);
        for number in 0..100u8 {
            let entry = PutRecordsRequestEntry::builder()
                .data(Blob::new([number, 255 - number, 0]))
                .partition_key(format!("key-{number}"));
            // Hash keys of the second of three shards.
            put = put.records(entry.explicit_hash_key(MIDDLE_HASH_KEY).build()?);
        }
        let put = put.send().await?;
        assert_eq!((put.failed_record_count, put.records.len()), (Some(0), 100));
        assert_eq!(put.records[0].shard_id(), Some(MIDDLE));
        let tenth = put.records[10].sequence_number().unwrap();

        let all = self.read(self.from(ShardIteratorType::TrimHorizon), 100).await?;
        for (number, record) in all.iter().enumerate() {
            assert_eq!(record.data.as_ref(), [number as u8, 255 - number as u8, 0]);
            assert_eq!(Some(record.sequence_number()), put.records[number].sequence_number());
            let arrived = SystemTime::try_from(record.approximate_arrival_timestamp.unwrap())?;
            assert!(
                arrived.duration_since(before - Duration::from_secs(1))? < Duration::from_secs(60),
                "arrived {arrived:?}"
            );
        }
        let at = self.read(self.from(ShardIteratorType::AtSequenceNumber).starting_sequence_number(tenth), 90).await?;
        assert_eq!(at[0].partition_key(), Some("key-10"));
        let after =
            self.read(self.from(ShardIteratorType::AfterSequenceNumber).starting_sequence_number(tenth), 89).await?;
        assert_eq!(after[0].partition_key(), Some("key-11"));
        self.read(self.from(ShardIteratorType::AtTimestamp).timestamp((before - Duration::from_secs(1)).into()), 100)
            .await?;
        assert_eq!(self.client.get_records().set_shard_iterator(latest).send().await?.records.len(), 100);
        Ok(())
    }

    async fn subscribe(&self, arn: &str) -> Outcome {
        let registered = self.client.register_stream_consumer().stream_arn(arn).consumer_name("reader").send().await?;
        let consumer = registered.consumer.unwrap().consumer_arn;
        loop {
            let found = self.client.describe_stream_consumer().consumer_arn(&consumer).send().await?;
            if found.consumer_description.unwrap().consumer_status == ConsumerStatus::Active {
                break;
            }
            pause().await;
        }
        let start = StartingPosition::builder().r#type(ShardIteratorType::TrimHorizon).build()?;
        let mut events = self
            .client
            .subscribe_to_shard()
            .consumer_arn(&consumer)
            .shard_id(MIDDLE)
            .starting_position(start)
            .send()
            .await?
            .event_stream;
        let (mut pushed, mut children, mut split) = (0u8, Vec::new(), false);
        while let Some(event) = events.recv().await? {
            let SubscribeToShardEventStream::SubscribeToShardEvent(event) = event else { panic!("{event:?}") };
            for record in event.records() {
                assert_eq!(record.data.as_ref()[0], pushed);
                pushed += 1;
            }
            if pushed == 100 && !split {
                split = true;
                self.client
                    .split_shard()
                    .stream_name(&self.name)
                    .shard_to_split(MIDDLE)
                    .new_starting_hash_key(MIDDLE_HASH_KEY)
                    .send()
                    .await?;
            }
            // Rust's SDK knows no absent sequence number here: it is the empty one at the end.
            assert_eq!(event.continuation_sequence_number().is_empty(), !event.child_shards().is_empty());
            children.extend(event.child_shards.unwrap_or_default());
        }
        let mut named: Vec<&str> = children.iter().map(|child| child.shard_id()).collect();
        named.sort_unstable();
        assert_eq!((pushed, named), (100, vec!["shardId-000000000003", "shardId-000000000004"]));
        assert!(children.iter().all(|child| child.parent_shards() == [MIDDLE] && child.hash_key_range().is_some()));
        Ok(())
    }

    /// Merges the children of the split again, and reads the closed shards to their ends.
    async fn reshard(&self) -> Outcome {
        self.until_active().await?;
        let (one, other) = ("shardId-000000000003", "shardId-000000000004");
        self.client
            .merge_shards()
            .stream_name(&self.name)
            .shard_to_merge(one)
            .adjacent_shard_to_merge(other)
            .send()
            .await?;
        self.until_active().await?;
        for (shard, wanted) in [(MIDDLE, 2), (one, 1)] {
            let mut next = self.from(ShardIteratorType::TrimHorizon).shard_id(shard).send().await?.shard_iterator;
            loop {
                let page = self.client.get_records().set_shard_iterator(next).send().await?;
                next = page.next_shard_iterator;
                if next.is_none() {
                    break assert_eq!(page.child_shards.unwrap_or_default().len(), wanted, "children of {shard}");
                }
            }
        }
        let shards = self.shards().await?;
        assert_eq!(
            (shards.len(), shards[5].parent_shard_id(), shards[5].adjacent_parent_shard_id()),
            (6, Some(one), Some(other))
        );
        Ok(())
    }

    async fn errors(&self) -> Outcome {
        let error = self.client.describe_stream().stream_name("absent").send().await.unwrap_err().into_service_error();
        assert!(error.is_resource_not_found_exception());
        assert_eq!(error.message(), Some("Stream absent under account 123456789012 not found."));
        let error = self
            .client
            .create_stream()
            .stream_name(&self.name)
            .shard_count(1)
            .send()
            .await
            .unwrap_err()
            .into_service_error();
        assert!(error.is_resource_in_use_exception(), "{error:?}");
        let error = self.client.get_records().shard_iterator("bad").send().await.unwrap_err().into_service_error();
        assert!(
            error.is_invalid_argument_exception() && error.message() == Some("Invalid ShardIterator."),
            "{error:?}"
        );
        let absent = format!("{}/consumer/none:1", self.until_active().await?);
        let start = StartingPosition::builder().r#type(ShardIteratorType::Latest).build()?;
        let refused = self
            .client
            .subscribe_to_shard()
            .consumer_arn(absent)
            .shard_id(MIDDLE)
            .starting_position(start)
            .send()
            .await;
        assert!(refused.unwrap_err().into_service_error().is_resource_not_found_exception());
        Ok(())
    }
}

/// Between two looks at a condition.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}
