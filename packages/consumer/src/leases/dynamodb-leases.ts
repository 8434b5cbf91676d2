import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  PutItemCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { AttributeValue, DynamoDBClient, ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { realWorld } from '@millrace/world';
import type { Clock } from '@millrace/world';
import type { Lease, LeaseChange, LeaseStore } from './lease.ts';

type Item = Record<string, AttributeValue>;

const betweenLooksMs = 200;
const mostLooks = 150;

/**
 * Leases in a DynamoDB table as KCL 2 and 3 have them (software.amazon.kinesis.leases.dynamodb.DynamoDBLeaseSerializer): workers
 * in Java and in Node may share an application. Attributes that KCL writes beside these stay as they are.
 */
export class DynamoDBLeases implements LeaseStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #clock: Clock;

  /** `table` is the application's name, as for KCL. */
  constructor(client: DynamoDBClient, table: string, clock: Clock = realWorld().clock) {
    this.#client = client;
    this.#table = table;
    this.#clock = clock;
  }

  async prepare(): Promise<void> {
    for (let look = 0; look < mostLooks; look += 1) {
      try {
        const { Table: table } = await this.#client.send(new DescribeTableCommand({ TableName: this.#table }));
        if (table?.TableStatus === 'ACTIVE' || table?.TableStatus === 'UPDATING') return;
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
        await this.#create();
      }
      await new Promise<void>((resolve) => void this.#clock.setTimer(betweenLooksMs, resolve));
    }
    throw new Error(`the table ${this.#table} does not become active`);
  }

  async #create(): Promise<void> {
    try {
      await this.#client.send(
        new CreateTableCommand({
          TableName: this.#table,
          AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
        }),
      );
    } catch (error) {
      // Another worker was first.
      if (!(error instanceof ResourceInUseException)) throw error;
    }
  }

  async list(): Promise<Lease[]> {
    const leases: Lease[] = [];
    let start: Item | undefined;
    do {
      const page: ScanCommandOutput = await this.#client.send(
        new ScanCommand({ TableName: this.#table, ConsistentRead: true, ...(start && { ExclusiveStartKey: start }) }),
      );
      // Other rows than leases may stand here: KCL 3 keeps its workers' metrics in tables of their own, but not for ever so.
      leases.push(...(page.Items ?? []).filter(({ leaseCounter }) => leaseCounter !== undefined).map(leaseOf));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return leases;
  }

  async create(lease: Lease): Promise<void> {
    await this.#unlessBehind(
      this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: itemOf(lease),
          ConditionExpression: 'attribute_not_exists(leaseKey)',
        }),
      ),
    );
  }

  async update(lease: Lease, change: LeaseChange): Promise<Lease | undefined> {
    const sets = ['leaseCounter = :next'];
    const values: Item = { ':seen': { N: String(lease.counter) }, ':next': { N: String(lease.counter + 1) } };
    let removes = '';
    if ('owner' in change) {
      if (change.owner === undefined) removes = ' REMOVE leaseOwner';
      else {
        sets.push('leaseOwner = :owner');
        values[':owner'] = { S: change.owner };
      }
      if (change.owner !== lease.owner) {
        sets.push('ownerSwitchesSinceCheckpoint = if_not_exists(ownerSwitchesSinceCheckpoint, :zero) + :one');
        Object.assign(values, { ':zero': { N: '0' }, ':one': { N: '1' } });
      }
    }
    if (change.checkpoint !== undefined) {
      sets.push('checkpoint = :checkpoint', 'checkpointSubSequenceNumber = :sub');
      values[':checkpoint'] = { S: change.checkpoint.sequenceNumber };
      values[':sub'] = { N: String(change.checkpoint.subSequenceNumber) };
      if (!('owner' in change)) {
        sets.push('ownerSwitchesSinceCheckpoint = :zero');
        values[':zero'] = { N: '0' };
      }
    }
    const answer = await this.#unlessBehind(
      this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: { leaseKey: { S: lease.shardId } },
          UpdateExpression: `SET ${sets.join(', ')}${removes}`,
          ConditionExpression: 'leaseCounter = :seen',
          ExpressionAttributeValues: values,
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    return answer === undefined ? undefined : leaseOf(answer.Attributes!);
  }

  async remove(lease: Lease): Promise<void> {
    await this.#unlessBehind(
      this.#client.send(
        new DeleteItemCommand({
          TableName: this.#table,
          Key: { leaseKey: { S: lease.shardId } },
          ConditionExpression: 'leaseCounter = :seen',
          ExpressionAttributeValues: { ':seen': { N: String(lease.counter) } },
        }),
      ),
    );
  }

  async #unlessBehind<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw error;
    }
  }
}

function itemOf({ shardId, owner, counter, checkpoint, parentShardIds, hashKeyRange }: Lease): Item {
  return {
    leaseKey: { S: shardId },
    leaseCounter: { N: String(counter) },
    ownerSwitchesSinceCheckpoint: { N: '0' },
    checkpoint: { S: checkpoint.sequenceNumber },
    checkpointSubSequenceNumber: { N: String(checkpoint.subSequenceNumber) },
    ...(owner !== undefined && { leaseOwner: { S: owner } }),
    ...(parentShardIds.length > 0 && { parentShardId: { SS: [...parentShardIds] } }),
    ...(hashKeyRange && { startingHashKey: { S: hashKeyRange.start }, endingHashKey: { S: hashKeyRange.end } }),
  };
}

function leaseOf(item: Item): Lease {
  const { startingHashKey: start, endingHashKey: end } = item;
  return {
    shardId: item['leaseKey']!.S!,
    owner: item['leaseOwner']?.S,
    counter: Number(item['leaseCounter']!.N),
    checkpoint: {
      sequenceNumber: item['checkpoint']!.S!,
      subSequenceNumber: Number(item['checkpointSubSequenceNumber']?.N ?? 0),
    },
    parentShardIds: item['parentShardId']?.SS ?? [],
    hashKeyRange: start?.S === undefined || end?.S === undefined ? undefined : { start: start.S, end: end.S },
  };
}
