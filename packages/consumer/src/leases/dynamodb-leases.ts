import type { AttributeValue, DynamoDBClient, ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { realWorld } from '@millrace/world';
import type { Clock } from '@millrace/world';
import { KclLeadership } from './kcl-leadership.ts';
import { itemOf, leaseOf, updateOf } from './dynamodb-items.ts';
import type { Item } from './dynamodb-items.ts';
import type { Lease, LeaseChange, LeaseStore, WorkerReport } from './lease.ts';
import { loadSdk } from './load-sdk.ts';

const betweenLooksMs = 200;
const mostLooks = 150;

/**
 * Leases in a DynamoDB table as KCL 2 and 3 have them (software.amazon.kinesis.leases.dynamodb.DynamoDBLeaseSerializer, and
 * DynamoDBMultiStreamLeaseSerializer for several streams): workers in Java and in Node may share an application. Attributes that
 * KCL writes beside these stay as they are.
 */
export class DynamoDBLeases implements LeaseStore {
  readonly #client: Pick<DynamoDBClient, 'send'>;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #leadership: KclLeadership;

  /** `table` is the application's name, as for KCL. */
  constructor(client: Pick<DynamoDBClient, 'send'>, table: string, clock: Clock = realWorld().clock) {
    this.#client = client;
    this.#table = table;
    this.#clock = clock;
    this.#leadership = new KclLeadership(client, table);
  }

  async prepare(): Promise<void> {
    const { DescribeTableCommand, ResourceNotFoundException } = await loadSdk();
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
    const { CreateTableCommand, ResourceInUseException } = await loadSdk();
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
    const { ScanCommand } = await loadSdk();
    const leases: Lease[] = [];
    let start: Item | undefined;
    do {
      const page: ScanCommandOutput = await this.#client.send(
        new ScanCommand({ TableName: this.#table, ConsistentRead: true, ...(start && { ExclusiveStartKey: start }) }),
      );
      leases.push(...(page.Items ?? []).flatMap((item) => leaseOf(item) ?? []));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return leases;
  }

  async get(leaseKey: string): Promise<Lease | undefined> {
    const { GetItemCommand } = await loadSdk();
    const Key = { leaseKey: { S: leaseKey } };
    const { Item } = await this.#client.send(new GetItemCommand({ TableName: this.#table, Key, ConsistentRead: true }));
    return Item && leaseOf(Item);
  }

  async create(lease: Lease): Promise<void> {
    const { PutItemCommand } = await loadSdk();
    await unlessBehind(
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
    const { UpdateExpression, ExpressionAttributeValues } = updateOf(lease, change);
    const answer = await this.#update({
      leaseKey: lease.leaseKey,
      UpdateExpression,
      ConditionExpression: 'leaseCounter = :seen',
      ExpressionAttributeValues,
    });
    return answer && leaseOf(answer);
  }

  async requestHandOver({ leaseKey, owner }: Lease, newOwner: string): Promise<boolean> {
    if (owner === undefined) return false;
    const answer = await this.#update({
      leaseKey,
      UpdateExpression: 'SET leaseOwner = :new, checkpointOwner = :present',
      ConditionExpression: 'leaseOwner = :present AND attribute_not_exists(checkpointOwner)',
      ExpressionAttributeValues: { ':new': { S: newOwner }, ':present': { S: owner } },
    });
    return answer !== undefined;
  }

  async #update(change: {
    readonly leaseKey: string;
    readonly UpdateExpression: string;
    readonly ConditionExpression: string;
    readonly ExpressionAttributeValues: Record<string, AttributeValue>;
  }): Promise<Item | undefined> {
    const { UpdateItemCommand } = await loadSdk();
    const { leaseKey, ...rest } = change;
    const Key = { leaseKey: { S: leaseKey } };
    const answer = await unlessBehind(
      this.#client.send(new UpdateItemCommand({ TableName: this.#table, Key, ...rest, ReturnValues: 'ALL_NEW' })),
    );
    return answer?.Attributes;
  }

  async remove(lease: Lease): Promise<void> {
    const { DeleteItemCommand } = await loadSdk();
    await unlessBehind(
      this.#client.send(
        new DeleteItemCommand({
          TableName: this.#table,
          Key: { leaseKey: { S: lease.leaseKey } },
          ConditionExpression: 'leaseCounter = :seen',
          ExpressionAttributeValues: { ':seen': { N: String(lease.counter) } },
        }),
      ),
    );
  }

  report(worker: WorkerReport): Promise<{ isLed: boolean }> {
    return this.#leadership.report(worker);
  }
}

async function unlessBehind<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if ((error as Error).name === 'ConditionalCheckFailedException') return undefined;
    throw error;
  }
}
