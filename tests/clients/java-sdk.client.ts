/**
 * The AWS SDKs for Java: version 2 with each of its HTTP clients, synchronous and not, and version 1; each with CBOR and JSON,
 * plain and over TLS. Plain, Netty speaks HTTP/2 with prior knowledge.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { startServer } from '../../tools/server-process.ts';
import type { ServerProcess } from '../../tools/server-process.ts';
import { javaClassPath, javaSdk1, javaSdk2 } from './environments.ts';
import { javaTrust } from './java-trust.ts';
import type { JavaTrust } from './java-trust.ts';

const run = promisify(execFile);
let server: ServerProcess;
let trust: JavaTrust;
before(async () => {
  server = await startServer(['--transition-ms', '50']);
  trust = await javaTrust(Number(new URL(server.endpoint).port));
});
after(async () => {
  await trust.remove();
  assert.equal(await server.stop(), 0, server.log());
});

const stories = [
  ...['apache5', 'url-connection', 'crt-sync', 'netty', 'crt'].map((http) => ({
    name: `Java SDK ${javaSdk2.version} with ${http}`,
    program: javaSdk2,
    main: ['SdkStory', http],
    withoutCbor: '-Daws.cborEnabled=false',
  })),
  {
    name: `Java SDK ${javaSdk1.version}`,
    program: javaSdk1,
    main: ['Sdk1Story'],
    withoutCbor: '-Dcom.amazonaws.sdk.disableCbor=true',
  },
];

for (const { name, program, main, withoutCbor } of stories)
  for (const scheme of ['http', 'https'])
    for (const isCbor of [true, false])
      test(`${name}, ${isCbor ? 'CBOR' : 'JSON'}, ${scheme}`, { timeout: 120_000 }, async () => {
        const classPath = await javaClassPath(program);
        const [type, ...words] = main;
        const stream = [...words, type, scheme, isCbor ? 'cbor' : 'json'].join('-');
        const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
        const properties = [...trust.properties, log, ...(isCbor ? [] : [withoutCbor])];
        const endpoint = server.endpoint.replace('http', scheme);
        const parameters = ['-Xmx256m', ...properties, '-cp', classPath, type!, endpoint, ...words, stream];
        const { stdout } = await run('java', parameters, { timeout: 90_000 });
        assert.match(stdout, /Java story passed/);
      });
