/** Orders as JSON, the table and the delivery streams that convert them, and the files that they become, read by pyarrow. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pythonEnvironment, untilTrue } from '../clients/environments.ts';
import { OrcReader } from '../clients/orc/reader.ts';
import { firehoseCaller, glueCaller } from './caller.ts';

const roleArn = 'arn:aws:iam::000000000000:role/firehose';

/** A record's JSON. */
export function order(id: number): string {
  const placed = new Date(1_772_366_400_000 + id * 1000).toISOString();
  const tags = id % 3 === 0 ? [] : [`t${id % 5}`, 'ü'];
  return JSON.stringify({ ID: id, item: `item ${id % 40}`, price: (id / 100).toFixed(2), placed, tags });
}

/** The row that an order is, as pyarrow's reader prints it. */
export function rowOf(id: number): unknown[] {
  const placedMs = 1_772_366_400_000 + id * 1000;
  const tags = id % 3 === 0 ? [] : [`t${id % 5}`, 'ü'];
  return [`${id}`, `item ${id % 40}`, `${id}`, `${placedMs}000000`, tags];
}

export async function createTable(endpoint: string): Promise<void> {
  const call = glueCaller(endpoint);
  await call('CreateDatabase', { DatabaseInput: { Name: 'shop' } });
  const columns = Object.entries({
    id: 'bigint',
    item: 'string',
    price: 'decimal(12,2)',
    placed: 'timestamp',
    tags: 'array<string>',
  }).map(([Name, Type]) => ({ Name, Type }));
  await call('CreateTable', {
    DatabaseName: 'shop',
    TableInput: { Name: 'orders', StorageDescriptor: { Columns: columns } },
  });
}

/** A delivery stream to the bucket of its name; it reads a stream where one is named. */
export async function createConverting(
  endpoint: string,
  name: string,
  of: {
    readonly serializer: object;
    readonly intervalSeconds: number;
    readonly streamArn?: string;
    /** Of the bucket, in the place of what is usual here. */
    readonly more?: object;
  },
): Promise<void> {
  const call = firehoseCaller(endpoint);
  await call('CreateDeliveryStream', {
    DeliveryStreamName: name,
    ...(of.streamArn !== undefined && {
      DeliveryStreamType: 'KinesisStreamAsSource',
      KinesisStreamSourceConfiguration: { KinesisStreamARN: of.streamArn, RoleARN: roleArn },
    }),
    ExtendedS3DestinationConfiguration: {
      RoleARN: roleArn,
      BucketARN: `arn:aws:s3:::${name}`,
      Prefix: 'data/',
      ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/',
      BufferingHints: { SizeInMBs: 64, IntervalInSeconds: of.intervalSeconds },
      DataFormatConversionConfiguration: {
        InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
        OutputFormatConfiguration: { Serializer: of.serializer },
        SchemaConfiguration: { RoleARN: roleArn, DatabaseName: 'shop', TableName: 'orders' },
      },
      ...of.more,
    },
  });
  await untilTrue(async () => {
    const { DeliveryStreamDescription: description } = await call('DescribeDeliveryStream', {
      DeliveryStreamName: name,
    });
    return (description as { DeliveryStreamStatus: string }).DeliveryStreamStatus === 'ACTIVE';
  });
}

/** Files of buckets that are folders, by pyarrow; each is read once. */
export class FileReader {
  readonly #reader: OrcReader;
  readonly #rows = new Map<string, readonly unknown[][]>();

  private constructor(reader: OrcReader) {
    this.#reader = reader;
  }

  static async start(): Promise<FileReader> {
    const script = join(import.meta.dirname, '../clients/python/columnar_reader.py');
    return new FileReader(new OrcReader(join(await pythonEnvironment(), 'python'), [script]));
  }

  /** All rows below a bucket. */
  async rows(bucket: string): Promise<unknown[][]> {
    const rows: unknown[][] = [];
    for (const path of await filesBelow(bucket, /\.(parquet|orc)$/)) {
      const command = path.endsWith('.orc') ? 'rows' : 'parquet-rows';
      const known = this.#rows.get(path) ?? ((await this.#reader.ask(command, path)) as unknown[][]);
      this.#rows.set(path, known);
      for (const row of known) rows.push(row);
    }
    return rows;
  }

  stop(): Promise<void> {
    return this.#reader.stop();
  }
}

export async function filesBelow(folder: string, name: RegExp): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch((): string[] => []);
  return names.filter((each) => name.test(each)).map((each) => join(folder, each));
}
