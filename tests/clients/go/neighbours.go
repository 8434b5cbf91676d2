package main

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrics "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// neighbours tells what Kinesis clients written in Go ask of DynamoDB, CloudWatch and STS.
func neighbours(ctx context.Context, config aws.Config, name string) {
	caller, err := sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	must(err)
	check(*caller.Account == "123456789012", "account %s", *caller.Account)
	leases(ctx, dynamodb.NewFromConfig(config), name)
	measured(ctx, cloudwatch.NewFromConfig(config), name)
}

// leases does what consumers in Go do with theirs: take one, and be refused it while somebody else has it.
func leases(ctx context.Context, client *dynamodb.Client, table string) {
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("ShardID"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("ShardID"), KeyType: types.KeyTypeHash}},
	})
	must(err)
	waiter := dynamodb.NewTableExistsWaiter(client, func(options *dynamodb.TableExistsWaiterOptions) {
		options.MinDelay, options.MaxDelay = 20*time.Millisecond, 100*time.Millisecond
	})
	must(waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &table}, patience))
	take := func(owner string) error {
		_, err := client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &table,
			Item: map[string]types.AttributeValue{
				"ShardID": &types.AttributeValueMemberS{Value: "shardId-000000000000"}, "AssignedTo": &types.AttributeValueMemberS{Value: owner},
			},
			ConditionExpression:       aws.String("attribute_not_exists(ShardID) OR AssignedTo = :me"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":me": &types.AttributeValueMemberS{Value: owner}},
		})
		return err
	}
	must(take("one"))
	must(take("one"))
	refused[*types.ConditionalCheckFailedException](take("two"), "The conditional request failed")
	found, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, ConsistentRead: aws.Bool(true), Key: map[string]types.AttributeValue{
		"ShardID": &types.AttributeValueMemberS{Value: "shardId-000000000000"},
	}})
	must(err)
	owner := found.Item["AssignedTo"].(*types.AttributeValueMemberS).Value
	check(owner == "one", "the lease is %s's", owner)
}

func measured(ctx context.Context, client *cloudwatch.Client, namespace string) {
	now := time.Now().Truncate(time.Minute)
	_, err := client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: &namespace, MetricData: []metrics.MetricDatum{{
		MetricName: aws.String("Age"), Timestamp: &now, Unit: metrics.StandardUnitMilliseconds, Values: []float64{10, 20, 500}, Counts: []float64{50, 49, 1},
	}}})
	must(err)
	metric := &metrics.Metric{Namespace: &namespace, MetricName: aws.String("Age")}
	query := func(statistic string) metrics.MetricDataQuery {
		return metrics.MetricDataQuery{Id: aws.String("m" + statistic), MetricStat: &metrics.MetricStat{Metric: metric, Period: aws.Int32(60), Stat: &statistic}}
	}
	data, err := client.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-time.Minute)), EndTime: aws.Time(now.Add(time.Minute)), MetricDataQueries: []metrics.MetricDataQuery{query("Sum"), query("Maximum"), query("p99")},
	})
	must(err)
	sum, most := data.MetricDataResults[0], data.MetricDataResults[1]
	check(len(sum.Values) == 1 && sum.Values[0] == 1980 && most.Values[0] == 500, "sum %v, most %v", sum.Values, most.Values)
	tail := data.MetricDataResults[2].Values
	check(len(tail) == 1 && tail[0] == 20, "p99 %v", tail)
	check(sum.Timestamps[0].Equal(now), "at %v, not %v", sum.Timestamps[0], now)
}
