/** The agent's other services, which a real peer plays (moto): Firehose as a destination, STS for a role. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startMoto } from '../../benchmarks/candidates.ts';
import type { Candidate } from '../../benchmarks/candidates.ts';
import { startAgent } from '../../tools/agent-process.ts';
import { agentFolder } from '../process/agent-folder.ts';

let moto: Candidate;
before(async () => {
  moto = await startMoto();
});
after(() => moto.stop());

function credential(service: string): string {
  return `AWS4-HMAC-SHA256 Credential=a/20240101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;
}

async function ask(service: string, path: string, init: RequestInit = {}): Promise<string> {
  const headers = { authorization: credential(service), ...(init.headers as Record<string, string> | undefined) };
  const answer = await fetch(`http://127.0.0.1:${moto.port}${path}`, { ...init, headers });
  const text = await answer.text();
  assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
  return text;
}

/** Passes everything on to moto and keeps who asked: the access key ids, by service. */
async function listeningProxy(): Promise<{ endpoint: string; seen: Map<string, Set<string>>; close(): void }> {
  const seen = new Map<string, Set<string>>();
  const proxy = createServer((incoming, outgoing) => {
    const [, key = '', service = ''] =
      /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)/.exec(incoming.headers.authorization ?? '') ?? [];
    seen.set(service, (seen.get(service) ?? new Set()).add(key));
    const { method, url, headers } = incoming;
    const options = { host: '127.0.0.1', port: moto.port, method, path: url, headers };
    const passed = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  const close = (): void => {
    proxy.close();
    proxy.closeAllConnections();
  };
  return { endpoint: `http://127.0.0.1:${port}`, seen, close };
}

test('lines go to a delivery stream, under an assumed role', { timeout: 90_000 }, async () => {
  await ask('s3', '/delivered', { method: 'PUT' });
  await ask('firehose', '/', {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Firehose_20150804.CreateDeliveryStream' },
    body: JSON.stringify({
      DeliveryStreamName: 'd',
      ExtendedS3DestinationConfiguration: {
        RoleARN: 'arn:aws:iam::123456789012:role/r',
        BucketARN: 'arn:aws:s3:::delivered',
      },
    }),
  });
  const proxy = await listeningProxy();
  const { config, logs, remove } = await agentFolder(
    'http://127.0.0.1:1',
    { deliveryStream: 'd', aggregatedRecordSizeBytes: 100 },
    {
      'firehose.endpoint': proxy.endpoint,
      'sts.endpoint': proxy.endpoint,
      assumeRoleARN: 'arn:aws:iam::123456789012:role/agent',
      assumeRoleExternalId: 'external',
    },
  );
  const lines = Array.from({ length: 2000 }, (_, at) => `line ${at} äöü\n`).join('');
  await writeFile(join(logs, 'app.log'), lines);
  const agent = startAgent(['--config', config]);
  await agent.logged(/agent ready/);
  const delivered = async (): Promise<string> => {
    const list = await ask('s3', '/delivered?list-type=2');
    const keys = [...list.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key!);
    const texts = await Promise.all(keys.map((key) => ask('s3', `/delivered/${key}`)));
    return texts.join('');
  };
  const sorted = (text: string): string[] => text.split('\n').toSorted();
  for (;;) {
    const text = await delivered();
    if (text.length >= lines.length) {
      assert.deepEqual(sorted(text), sorted(lines));
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal(await agent.stop(), 0, agent.log());
  assert.deepEqual([...proxy.seen.get('sts')!], ['a']);
  const [key = ''] = proxy.seen.get('firehose')!;
  assert.match(key, /^ASIA/);
  proxy.close();
  await remove();
});
