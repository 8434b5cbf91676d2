/** One call; throws with the answer's text when it is an error, or when the server is gone. */
export type Call = (operation: string, input: object) => Promise<Record<string, unknown>>;

/** Calls Kinesis over plain HTTP as a shell script would: no SDK, no retries. */
export function kinesisCaller(endpoint: string): Call {
  return callerOf(endpoint, 'Kinesis_20131202');
}

export function firehoseCaller(endpoint: string): Call {
  return callerOf(endpoint, 'Firehose_20150804');
}

export function glueCaller(endpoint: string): Call {
  return callerOf(endpoint, 'AWSGlue');
}

function callerOf(endpoint: string, service: string): Call {
  return async (operation, input) => {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${service}.${operation}` },
      body: JSON.stringify(input),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  };
}

export async function untilActive(call: Call, stream: string): Promise<void> {
  for (;;) {
    const { StreamDescriptionSummary: summary } = await call('DescribeStreamSummary', { StreamName: stream });
    if ((summary as { StreamStatus: string }).StreamStatus === 'ACTIVE') return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function untilDelivering(call: Call, deliveryStream: string): Promise<void> {
  for (;;) {
    const { DeliveryStreamDescription: description } = await call('DescribeDeliveryStream', {
      DeliveryStreamName: deliveryStream,
    });
    if ((description as { DeliveryStreamStatus: string }).DeliveryStreamStatus === 'ACTIVE') return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
