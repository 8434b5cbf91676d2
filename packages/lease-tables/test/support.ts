import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leaseTableOperations, leaseTablesMachine, openLeaseTables } from '@millrace/lease-tables';
import type { LeaseTables } from '@millrace/lease-tables';
import { openRegistry } from '@millrace/log';
import { AwsError, loadService } from '@millrace/model';
import { movableWorld } from '@millrace/world';
import type { MovableWorld } from '@millrace/world';

const model = loadService('dynamodb');
const caller = { account: '000000000000', region: 'us-east-1' };

type Json = Record<string, unknown>;

/** Lease tables on a real registry in a directory of their own, called as a client would call them. */
export class TestTables {
  readonly world: MovableWorld;
  readonly #directory: string;
  readonly #registry: { stop(): Promise<void> };
  readonly #service: LeaseTables;

  private constructor(
    world: MovableWorld,
    directory: string,
    registry: { stop(): Promise<void> },
    service: LeaseTables,
  ) {
    this.world = world;
    this.#directory = directory;
    this.#registry = registry;
    this.#service = service;
  }

  static async open(directory?: string): Promise<TestTables> {
    const world = movableWorld();
    const folder = directory ?? (await mkdtemp(join(tmpdir(), 'millrace-tables-')));
    const registry = await openRegistry({ world, directory: folder, machine: leaseTablesMachine });
    return new TestTables(world, folder, registry, openLeaseTables({ world, registry, transitionMs: 1000 }));
  }

  async call(operation: string, input: object): Promise<Json> {
    const { decode, check, encodeJson } = model.operations.get(operation)!;
    const decoded = decode(JSON.parse(JSON.stringify(input)), 'base64');
    check(decoded);
    const handler = leaseTableOperations[operation as 'GetItem'] as (...all: unknown[]) => unknown;
    return JSON.parse(encodeJson(await handler(this.#service, decoded, caller))) as Json;
  }

  /** The code and message that a call fails with, and what the error has beside them. */
  async refusal(operation: string, input: object): Promise<string> {
    try {
      await this.call(operation, input);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const members = error.members === undefined ? '' : ` ${JSON.stringify(error.members)}`;
      return `${error.code}: ${error.message}${members}`;
    }
    return 'nothing';
  }

  async restart(): Promise<TestTables> {
    await this.#registry.stop();
    return TestTables.open(this.#directory);
  }

  async stop(): Promise<void> {
    await this.#registry.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** A table as KCL makes it. */
  async createLeases(): Promise<void> {
    await this.call('CreateTable', {
      TableName: 'leases',
      AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
  }

  async put(leaseKey: string, more: object = {}): Promise<void> {
    await this.call('PutItem', { TableName: 'leases', Item: { leaseKey: { S: leaseKey }, ...more } });
  }

  async get(leaseKey: string): Promise<Json | undefined> {
    const answer = await this.call('GetItem', { TableName: 'leases', Key: { leaseKey: { S: leaseKey } } });
    return answer['Item'] as Json | undefined;
  }
}
