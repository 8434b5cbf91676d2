import type { AttributeValue, DynamoDBClient, ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import type { Item } from './dynamodb-items.ts';
import { HostCpu } from './host-cpu.ts';
import type { WorkerReport } from './lease.ts';
import { loadSdk } from './load-sdk.ts';

const reportEveryMs = 10_000;
/** KCL averages as many, the newest first in weight. */
const mostPercents = 20;
/** The name of the lock item, and of the item that says where the others stand (LeaderLock, TableMigrationState). */
const leaderKey = 'Leader';
const migrationKey = 'TableMigration3.5';

/**
 * A worker's part beside workers of KCL 3 that are not in their mode for KCL 2. One of those is elected, by a lock that it
 * renews, and assigns all leases by the workers' load. It knows the workers by what they say of themselves every 30 seconds; one
 * that is a minute late gets nothing. Where the others tell of their machine's CPU, so does this one; without any measure workers are
 * weighed by the throughput of their leases (WorkerMetricStats.isUsingDefaultWorkerMetric). Never a leader itself: where there is
 * none, workers balance among themselves.
 */
export class KclLeadership {
  readonly #client: Pick<DynamoDBClient, 'send'>;
  readonly #table: string;
  #reportedMs = -Infinity;
  #lock: { readonly version: string | undefined; readonly sinceMs: number } | undefined;
  readonly #cpu = new HostCpu();
  readonly #percents: number[] = [];

  constructor(client: Pick<DynamoDBClient, 'send'>, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async report(worker: WorkerReport): Promise<{ isLed: boolean }> {
    const isInLeaseTable = await this.#hasMoved();
    const lock = isInLeaseTable
      ? await this.#get(this.#table, { leaseKey: { S: leaderKey } })
      : await this.#get(`${this.#table}-CoordinatorState`, { key: { S: leaderKey } });
    const isLed = this.#isAlive(lock, worker.monotonicMs);
    if (isLed && worker.monotonicMs - this.#reportedMs >= reportEveryMs) {
      await this.#tell(worker, isInLeaseTable);
      this.#reportedMs = worker.monotonicMs;
    }
    return { isLed };
  }

  /** Since 3.5 all of KCL's tables become one, in steps that a leader takes. Where its other tables never were, they are not made. */
  async #hasMoved(): Promise<boolean> {
    const states = await this.#get(`${this.#table}-CoordinatorState`, { key: { S: migrationKey } });
    if (states === 'no table') return true;
    return ['TABLE_MIGRATION_STATUS_PENDING', 'TABLE_MIGRATION_STATUS_COMPLETE'].includes(states?.['tm']?.S ?? '');
  }

  /** A lock whose version has stood still for its time is nobody's: no clock but this worker's own is asked. */
  #isAlive(lock: Item | 'no table' | undefined, nowMs: number): boolean {
    const version = lock === 'no table' ? undefined : lock?.['recordVersionNumber']?.S;
    if (lock === undefined || lock === 'no table' || version === undefined || lock['isReleased'] !== undefined) {
      this.#lock = undefined;
      return false;
    }
    if (this.#lock?.version !== version) this.#lock = { version, sinceMs: nowMs };
    return nowMs - this.#lock.sinceMs <= Number(lock['leaseDuration']?.S ?? 0);
  }

  async #tell({ workerId, nowMs }: WorkerReport, isInLeaseTable: boolean): Promise<void> {
    const { PutItemCommand } = await loadSdk();
    const second = { N: String(Math.floor(nowMs / 1000)) };
    const TableName = isInLeaseTable ? this.#table : `${this.#table}-WorkerMetricStats`;
    const range = await this.#cpuRange(TableName, workerId);
    this.#percents.push(this.#cpu.percent());
    if (this.#percents.length > mostPercents) this.#percents.shift();
    const percents = this.#percents.map((percent) => ({ N: String(percent) }));
    const Item: Item = {
      ...(isInLeaseTable ? { leaseKey: { S: workerId } } : { wid: { S: workerId } }),
      entityType: { S: 'WORKER_METRIC_STATS' },
      lut: second,
      sts: { M: range === undefined ? {} : { C: { L: percents } } },
      opr: { M: range === undefined ? {} : { C: range } },
      // Knows the tables wherever they are.
      sup: { N: '1' },
      slu: second,
    };
    await this.#client.send(new PutItemCommand({ TableName, Item }));
  }

  /** In which range the others keep their CPU, where they tell of it. */
  async #cpuRange(TableName: string, workerId: string): Promise<AttributeValue | undefined> {
    const { ScanCommand } = await loadSdk();
    let start: Item | undefined;
    do {
      const page: ScanCommandOutput = await this.#client.send(
        new ScanCommand({ TableName, ...(start && { ExclusiveStartKey: start }) }),
      );
      for (const item of page.Items ?? []) {
        const range = item['opr']?.M?.['C'];
        if (range !== undefined && (item['wid'] ?? item['leaseKey'])?.S !== workerId) return range;
      }
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return undefined;
  }

  async #get(TableName: string, Key: Item): Promise<Item | 'no table' | undefined> {
    const { GetItemCommand } = await loadSdk();
    try {
      return (await this.#client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))).Item;
    } catch (error) {
      if ((error as Error).name === 'ResourceNotFoundException') return 'no table';
      throw error;
    }
  }
}
