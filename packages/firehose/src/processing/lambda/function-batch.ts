import type { RecordPart } from '../processed-record.ts';

/** AWS's limit for a call that waits; the rest of the event takes its part. */
const requestBytes = 6_291_456 - 4096;

/** Whether a call can have the record at all: of one that is decompressed to much more no text is made. */
export function fitsCall({ data }: RecordPart): boolean {
  return Math.ceil(data.length / 3) * 4 <= requestBytes;
}

/** Records that are given to a function in one call. */
export class FunctionBatch {
  readonly parts: RecordPart[] = [];
  readonly #texts: string[] = [];
  readonly #bufferBytes: number;
  #bytes = 0;
  #textBytes = 0;

  constructor(bufferBytes: number) {
    this.#bufferBytes = bufferBytes;
  }

  /** Takes a part in, with a copy of its data, and says whether it did: the first always fits. */
  add(part: RecordPart): boolean {
    const { length } = part.data;
    if (this.parts.length > 0 && this.#bytes + length > this.#bufferBytes) return false;
    const text = recordText(part, this.idOf(part));
    const textBytes = Buffer.byteLength(text) + 1;
    if (this.parts.length > 0 && this.#textBytes + textBytes > requestBytes) return false;
    const data = Buffer.from(part.data);
    const source = { ...part.source, data: part.data === part.source.data ? data : Buffer.from(part.source.data) };
    this.parts.push({ ...part, data, source });
    this.#texts.push(text);
    this.#bytes += length;
    this.#textBytes += textBytes;
    return true;
  }

  /** The same with every call for the same records. */
  idOf({ logId, index, piece }: RecordPart): string {
    return `${logId}.${index}.${piece}`;
  }

  /** The event of a call; members are AWS's. */
  event(envelope: {
    readonly invocationId: string;
    readonly deliveryStreamArn: string;
    readonly sourceKinesisStreamArn: string | undefined;
    readonly region: string;
  }): Buffer {
    const head = JSON.stringify(envelope);
    return Buffer.from(`${head.slice(0, -1)},"records":[${this.#texts.join(',')}]}`);
  }
}

function recordText({ data, arrivalMs, source }: RecordPart, recordId: string): string {
  const { part, index, origin } = source;
  return JSON.stringify({
    recordId,
    approximateArrivalTimestamp: arrivalMs,
    data: data.toString('base64'),
    ...(part !== undefined &&
      origin.shard !== undefined && {
        kinesisRecordMetadata: {
          sequenceNumber: origin.shard.sequenceNumber(index, arrivalMs),
          subsequenceNumber: part.subSequenceNumber,
          partitionKey: part.partitionKey,
          shardId: origin.shard.shardId,
          approximateArrivalTimestamp: arrivalMs,
        },
      }),
  });
}
