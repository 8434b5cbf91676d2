package main

import (
	"context"
	"fmt"
	"sort"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

type story struct {
	ctx    context.Context
	client *kinesis.Client
	stream string
	arn    *string
}

func (s *story) untilActive() *types.StreamDescriptionSummary {
	waiter := kinesis.NewStreamExistsWaiter(s.client, func(options *kinesis.StreamExistsWaiterOptions) {
		options.MinDelay, options.MaxDelay = 20*time.Millisecond, 100*time.Millisecond
	})
	must(waiter.Wait(s.ctx, &kinesis.DescribeStreamInput{StreamName: &s.stream}, patience))
	found, err := s.client.DescribeStreamSummary(s.ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &s.stream})
	must(err)
	return found.StreamDescriptionSummary
}

func (s *story) createAndList() {
	_, err := s.client.CreateStream(s.ctx, &kinesis.CreateStreamInput{StreamName: &s.stream, ShardCount: aws.Int32(3), Tags: map[string]string{"team": "ingest"}})
	must(err)
	summary := s.untilActive()
	s.arn = summary.StreamARN
	check(*s.arn == "arn:aws:kinesis:eu-central-1:123456789012:stream/"+s.stream, "ARN %s", *s.arn)
	check(*summary.OpenShardCount == 3 && *summary.RetentionPeriodHours == 24, "summary %+v", summary)
	check(time.Since(*summary.StreamCreationTimestamp).Abs() < patience, "created %v", summary.StreamCreationTimestamp)

	// Pages of one: the SDK's paginators put them together again.
	other := s.stream + "-other"
	_, err = s.client.CreateStream(s.ctx, &kinesis.CreateStreamInput{StreamName: &other, StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}})
	must(err)
	names := map[string]int{}
	for pages := kinesis.NewListStreamsPaginator(s.client, &kinesis.ListStreamsInput{Limit: aws.Int32(1)}); pages.HasMorePages(); {
		page, err := pages.NextPage(s.ctx)
		must(err)
		check(len(page.StreamNames) <= 1, "%d streams in a page of one", len(page.StreamNames))
		for _, name := range page.StreamNames {
			names[name]++
		}
	}
	check(names[s.stream] == 1 && names[other] == 1, "streams %v", names)
	shards := 0
	for pages := kinesis.NewDescribeStreamPaginator(s.client, &kinesis.DescribeStreamInput{StreamName: &s.stream, Limit: aws.Int32(1)}); pages.HasMorePages(); shards++ {
		page, err := pages.NextPage(s.ctx)
		must(err)
		check(len(page.StreamDescription.Shards) == 1, "%d shards in a page of one", len(page.StreamDescription.Shards))
	}
	check(shards == 3, "%d shards in all pages", shards)
	listed := s.shards()
	check(len(listed) == 3, "ListShards: %d", len(listed))
}

// shards asks for pages of two until there are no more.
func (s *story) shards() []types.Shard {
	var all []types.Shard
	input := &kinesis.ListShardsInput{StreamName: &s.stream, MaxResults: aws.Int32(2)}
	for {
		page, err := s.client.ListShards(s.ctx, input)
		must(err)
		all = append(all, page.Shards...)
		if page.NextToken == nil {
			return all
		}
		input = &kinesis.ListShardsInput{NextToken: page.NextToken, MaxResults: aws.Int32(2)}
	}
}

// get reads once from a position, as far as `wanted` records.
func (s *story) get(input *kinesis.GetShardIteratorInput, wanted int) []types.Record {
	input.StreamName = &s.stream
	iterator, err := s.client.GetShardIterator(s.ctx, input)
	must(err)
	var records []types.Record
	next := iterator.ShardIterator
	until(s.ctx, fmt.Sprintf("%d records by %s", wanted, input.ShardIteratorType), func() bool {
		page, err := s.client.GetRecords(s.ctx, &kinesis.GetRecordsInput{ShardIterator: next, Limit: aws.Int32(40)})
		must(err)
		check(len(page.Records) <= 40 && page.MillisBehindLatest != nil, "page %+v", page)
		records = append(records, page.Records...)
		next = page.NextShardIterator
		return len(records) >= wanted
	})
	check(len(records) == wanted, "%d records by %s, not %d", len(records), input.ShardIteratorType, wanted)
	return records
}

func (s *story) putAndGet() {
	latest, err := s.client.GetShardIterator(s.ctx, &kinesis.GetShardIteratorInput{StreamName: &s.stream, ShardId: aws.String("shardId-000000000001"), ShardIteratorType: types.ShardIteratorTypeLatest})
	must(err)
	before := time.Now()
	var entries []types.PutRecordsRequestEntry
	for n := range 100 {
		// Hash keys of the second of three shards.
		entries = append(entries, types.PutRecordsRequestEntry{
			Data: []byte{byte(n), byte(255 - n), 0}, PartitionKey: aws.String(fmt.Sprintf("key-%d", n)), ExplicitHashKey: aws.String("170141183460469231731687303715884105728"),
		})
	}
	put, err := s.client.PutRecords(s.ctx, &kinesis.PutRecordsInput{StreamARN: s.arn, Records: entries})
	must(err)
	check(*put.FailedRecordCount == 0 && len(put.Records) == 100, "PutRecords %+v", put)
	shard := put.Records[0].ShardId
	check(*shard == "shardId-000000000001", "put into %s", *shard)

	tenth := put.Records[10].SequenceNumber
	all := s.get(&kinesis.GetShardIteratorInput{ShardId: shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon}, 100)
	for n, record := range all {
		check(record.Data[0] == byte(n) && len(record.Data) == 3, "record %d: %v", n, record.Data)
		check(*record.SequenceNumber == *put.Records[n].SequenceNumber, "sequence number %d", n)
		check(record.ApproximateArrivalTimestamp.Sub(before).Abs() < patience, "arrived %v", record.ApproximateArrivalTimestamp)
	}
	at := s.get(&kinesis.GetShardIteratorInput{ShardId: shard, ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: tenth}, 90)
	check(*at[0].PartitionKey == "key-10", "AT_SEQUENCE_NUMBER began with %s", *at[0].PartitionKey)
	after := s.get(&kinesis.GetShardIteratorInput{ShardId: shard, ShardIteratorType: types.ShardIteratorTypeAfterSequenceNumber, StartingSequenceNumber: tenth}, 89)
	check(*after[0].PartitionKey == "key-11", "AFTER_SEQUENCE_NUMBER began with %s", *after[0].PartitionKey)
	s.get(&kinesis.GetShardIteratorInput{ShardId: shard, ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: aws.Time(before.Add(-time.Second))}, 100)
	page, err := s.client.GetRecords(s.ctx, &kinesis.GetRecordsInput{ShardIterator: latest.ShardIterator})
	must(err)
	check(len(page.Records) == 100, "%d records since LATEST", len(page.Records))
}

func (s *story) subscribe() {
	registered, err := s.client.RegisterStreamConsumer(s.ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: s.arn, ConsumerName: aws.String("reader")})
	must(err)
	consumer := registered.Consumer.ConsumerARN
	until(s.ctx, "an active consumer", func() bool {
		found, err := s.client.DescribeStreamConsumer(s.ctx, &kinesis.DescribeStreamConsumerInput{ConsumerARN: consumer})
		must(err)
		return found.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive
	})
	output, err := s.client.SubscribeToShard(s.ctx, &kinesis.SubscribeToShardInput{ConsumerARN: consumer, ShardId: aws.String("shardId-000000000001"), StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}})
	must(err)
	events := output.GetStream()
	defer events.Close()
	got, children, split := 0, []string{}, false
	for event := range events.Events() {
		pushed := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
		for _, record := range pushed.Records {
			check(record.Data[0] == byte(got), "pushed %v as number %d", record.Data, got)
			got++
		}
		if got == 100 && !split {
			split = true
			_, err := s.client.SplitShard(s.ctx, &kinesis.SplitShardInput{StreamName: &s.stream, ShardToSplit: aws.String("shardId-000000000001"), NewStartingHashKey: aws.String("170141183460469231731687303715884105728")})
			must(err)
		}
		if len(pushed.ChildShards) == 0 {
			check(pushed.ContinuationSequenceNumber != nil, "an event that cannot be gone on from")
			continue
		}
		check(pushed.ContinuationSequenceNumber == nil, "the last event has a continuation")
		for _, child := range pushed.ChildShards {
			children = append(children, *child.ShardId)
			check(child.ParentShards[0] == "shardId-000000000001" && child.HashKeyRange != nil, "child %+v", child)
		}
	}
	must(events.Err())
	sort.Strings(children)
	check(got == 100 && fmt.Sprint(children) == "[shardId-000000000003 shardId-000000000004]", "pushed %d, children %v", got, children)
}

// reshard reads the split shard to its end, merges its children again and reads them to theirs.
func (s *story) reshard() {
	s.untilActive()
	_, err := s.client.MergeShards(s.ctx, &kinesis.MergeShardsInput{StreamName: &s.stream, ShardToMerge: aws.String("shardId-000000000003"), AdjacentShardToMerge: aws.String("shardId-000000000004")})
	must(err)
	s.untilActive()
	for shard, wanted := range map[string]int{"shardId-000000000001": 2, "shardId-000000000003": 1} {
		iterator, err := s.client.GetShardIterator(s.ctx, &kinesis.GetShardIteratorInput{StreamARN: s.arn, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
		must(err)
		next, children := iterator.ShardIterator, []types.ChildShard(nil)
		until(s.ctx, "the end of "+shard, func() bool {
			page, err := s.client.GetRecords(s.ctx, &kinesis.GetRecordsInput{ShardIterator: next, StreamARN: s.arn})
			must(err)
			next, children = page.NextShardIterator, page.ChildShards
			return next == nil
		})
		check(len(children) == wanted, "%d children of %s", len(children), shard)
	}
	shards := s.shards()
	merged := shards[len(shards)-1]
	check(len(shards) == 6 && *merged.ParentShardId == "shardId-000000000003" && *merged.AdjacentParentShardId == "shardId-000000000004", "shards %+v", shards)
}

func (s *story) errors() {
	absent := aws.String("absent")
	_, err := s.client.DescribeStream(s.ctx, &kinesis.DescribeStreamInput{StreamName: absent})
	refused[*types.ResourceNotFoundException](err, "Stream absent under account 123456789012 not found.")
	_, err = s.client.CreateStream(s.ctx, &kinesis.CreateStreamInput{StreamName: &s.stream, ShardCount: aws.Int32(1)})
	refused[*types.ResourceInUseException](err, "Stream "+s.stream+" under account 123456789012 already exists.")
	_, err = s.client.GetRecords(s.ctx, &kinesis.GetRecordsInput{ShardIterator: absent})
	refused[*types.InvalidArgumentException](err, "Invalid ShardIterator.")
	_, err = s.client.SubscribeToShard(s.ctx, &kinesis.SubscribeToShardInput{ConsumerARN: aws.String(*s.arn + "/consumer/none:1"), ShardId: aws.String("shardId-000000000000"), StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeLatest}})
	refused[*types.ResourceNotFoundException](err, "none")
	iterator, err := s.client.GetShardIterator(s.ctx, &kinesis.GetShardIteratorInput{StreamName: &s.stream, ShardId: aws.String("shardId-000000000000"), ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	must(err)
	once := func(options *kinesis.Options) { options.Retryer = aws.NopRetryer{} }
	for range 6 {
		if _, err = s.client.GetRecords(s.ctx, &kinesis.GetRecordsInput{ShardIterator: iterator.ShardIterator}, once); err != nil {
			break
		}
	}
	refused[*types.ProvisionedThroughputExceededException](err, "Rate exceeded for shard shardId-000000000000")
}

func (s *story) delete() {
	_, err := s.client.DeleteStream(s.ctx, &kinesis.DeleteStreamInput{StreamName: &s.stream, EnforceConsumerDeletion: aws.Bool(true)})
	must(err)
	waiter := kinesis.NewStreamNotExistsWaiter(s.client, func(options *kinesis.StreamNotExistsWaiterOptions) {
		options.MinDelay, options.MaxDelay = 20*time.Millisecond, 100*time.Millisecond
	})
	must(waiter.Wait(s.ctx, &kinesis.DescribeStreamInput{StreamName: &s.stream}, patience))
}
