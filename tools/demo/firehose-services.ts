import { setTimeout as sleep } from 'node:timers/promises';
import { Kinesis } from '@aws-sdk/client-kinesis';
import { streamActive } from '../stream-active.ts';
import { until } from './until.ts';
import type { FlightEvent } from './flights.ts';

const account = '000000000000';
const region = 'us-east-1';
const role = `arn:aws:iam::${account}:role/demo`;
const stream = 'flights';
const credentials = { accessKeyId: 'demo', secretAccessKey: 'demo' };

export interface Figures {
  readonly stored: number;
  readonly objects: number;
  readonly s3Freshness: number;
  readonly searchFreshness: number;
}

/** What the demo asks Millrace for, as any client of AWS would. */
export class Services {
  readonly #endpoint: string;
  readonly #kinesis: Kinesis;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
    this.#kinesis = new Kinesis({ endpoint, region, credentials });
  }

  async create(to: { readonly bucket: string; readonly index: string; readonly domain: string }): Promise<void> {
    await this.#kinesis.createStream({ StreamName: stream, ShardCount: 4 });
    await streamActive(this.#kinesis, stream);
    await this.#createTable();
    await this.#deliver('flights-to-s3', { ExtendedS3DestinationConfiguration: this.#parquet(to.bucket) });
    await this.#deliver('flights-to-search', {
      AmazonopensearchserviceDestinationConfiguration: {
        RoleARN: role,
        DomainARN: `arn:aws:es:${region}:${account}:domain/${to.domain}`,
        IndexName: to.index,
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 2 },
        ProcessingConfiguration: { Enabled: true, Processors: [this.#transformation()] },
        S3Configuration: { RoleARN: role, BucketARN: `arn:aws:s3:::${to.bucket}`, Prefix: 'refused/' },
      },
    });
  }

  /** What a shard has no room for is put again. */
  async put(flights: readonly FlightEvent[]): Promise<void> {
    let records = flights.map((flight) => ({ PartitionKey: flight.origin, Data: Buffer.from(JSON.stringify(flight)) }));
    while (records.length > 0) {
      const { Records: answers = [] } = await this.#kinesis.putRecords({ StreamName: stream, Records: records });
      records = records.filter((_, index) => answers[index]!.ErrorCode !== undefined);
      if (records.length > 0) await sleep(100);
    }
  }

  /** From the server's own metrics. */
  async figures(): Promise<Figures> {
    const text = await (await fetch(`${this.#endpoint}/metrics`)).text();
    const figure = (name: string, deliveryStream: string): number => {
      const [, value] =
        new RegExp(`^firehose_${name}\\{.*delivery_stream="${deliveryStream}"\\} (.*)$`, 'm').exec(text) ?? [];
      return Number(value ?? 0);
    };
    return {
      stored: figure('DeliveryToS3_Records_total', 'flights-to-s3'),
      objects: figure('DeliveryToS3_ObjectCount_total', 'flights-to-s3'),
      s3Freshness: figure('DeliveryToS3_DataFreshness', 'flights-to-s3'),
      searchFreshness: figure('DeliveryToAmazonOpenSearchService_DataFreshness', 'flights-to-search'),
    };
  }

  async #createTable(): Promise<void> {
    await this.#call('AWSGlue.CreateDatabase', { DatabaseInput: { Name: 'demo' } });
    const columns = {
      date: 'string',
      origin: 'string',
      destination: 'string',
      delay: 'int',
      distance: 'int',
      ordinal: 'int',
      kind: 'string',
    };
    await this.#call('AWSGlue.CreateTable', {
      DatabaseName: 'demo',
      TableInput: {
        Name: 'flights',
        StorageDescriptor: { Columns: Object.entries(columns).map(([Name, Type]) => ({ Name, Type })) },
      },
    });
  }

  async #deliver(DeliveryStreamName: string, destination: object): Promise<void> {
    await this.#call('Firehose_20150804.CreateDeliveryStream', {
      DeliveryStreamName,
      DeliveryStreamType: 'KinesisStreamAsSource',
      KinesisStreamSourceConfiguration: {
        KinesisStreamARN: `arn:aws:kinesis:${region}:${account}:stream/${stream}`,
        RoleARN: role,
      },
      ...destination,
    });
    await until(async () => {
      const answer = await this.#call('Firehose_20150804.DescribeDeliveryStream', { DeliveryStreamName });
      const { DeliveryStreamDescription: description } = answer as {
        DeliveryStreamDescription: { DeliveryStreamStatus: string };
      };
      return description.DeliveryStreamStatus === 'ACTIVE';
    });
  }

  #parquet(bucket: string): object {
    const schema = { RoleARN: role, DatabaseName: 'demo', TableName: 'flights', Region: region, VersionId: 'LATEST' };
    return {
      RoleARN: role,
      BucketARN: `arn:aws:s3:::${bucket}`,
      Prefix: 'by-month/month=!{partitionKeyFromLambda:month}/',
      ErrorOutputPrefix: 'failed/!{firehose:error-output-type}/',
      BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 5 },
      DynamicPartitioningConfiguration: { Enabled: true },
      ProcessingConfiguration: { Enabled: true, Processors: [this.#transformation()] },
      DataFormatConversionConfiguration: {
        Enabled: true,
        SchemaConfiguration: schema,
        InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
        OutputFormatConfiguration: { Serializer: { ParquetSerDe: {} } },
      },
    };
  }

  #transformation(): object {
    const arn = `arn:aws:lambda:${region}:${account}:function:enrich`;
    return { Type: 'Lambda', Parameters: [{ ParameterName: 'LambdaArn', ParameterValue: arn }] };
  }

  async #call(target: string, input: object): Promise<object> {
    const answer = await fetch(this.#endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
      body: JSON.stringify(input),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${target}: ${text}`);
    return text === '' ? {} : (JSON.parse(text) as object);
  }
}
