/** What dataProcessingOptions make of records; expected values are those of AWS's agent (its DataConverterTest and sources). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfiguration } from '../src/configuration/configuration.ts';
import { InstanceFacts } from '../src/processing/instance-facts.ts';
import { createProcessing } from '../src/processing/processing.ts';
import type { ProcessingSurroundings } from '../src/processing/processing.ts';
import { realWorld } from '@millrace/world';

const { clock } = realWorld();

function factsOf(answers: Readonly<Record<string, string>> | undefined): InstanceFacts {
  return new InstanceFacts(
    (path) => (answers === undefined ? Promise.reject(new Error('no instance')) : Promise.resolve(answers[path])),
    { clock, ttlMs: 3_600_000, onAbsent: () => undefined },
  );
}

function processor(
  options: readonly object[],
  around: Partial<ProcessingSurroundings> = {},
): (line: string) => string | undefined {
  const flow = { filePattern: '/logs/app.log', kinesisStream: 's', dataProcessingOptions: options };
  const { steps } = readConfiguration(JSON.stringify({ flows: [flow] })).flows[0]!;
  const process = createProcessing(steps, { now: () => 0, instance: () => factsOf(undefined), ...around })!;
  return (line) => process(Buffer.from(line))?.toString();
}

function logOf(logFormat: string, line: string, more: object = {}): unknown {
  const json = processor([{ optionName: 'LOGTOJSON', logFormat, ...more }])(`${line}\n`);
  if (json === undefined) return undefined;
  assert.ok(json.endsWith('}\n'));
  return JSON.parse(json);
}

test('SINGLELINE joins lines, trimmed or not', () => {
  const lines = '  first \n\tsecond\n';
  assert.equal(processor([{ optionName: 'SINGLELINE' }])(lines), 'firstsecond\n');
  assert.equal(processor([{ optionName: 'SINGLELINE', parseOptions: ['NO_TRIM'] }])(lines), '  first \tsecond\n');
  assert.equal(
    processor([{ optionName: 'SINGLELINE', parseOptions: ['ESCAPE_NEW_LINE'] }])(lines),
    'first\\\\nsecond\n',
  );
  assert.equal(processor([{ optionName: 'SINGLELINE' }])('\n'), '\n');
});

test('CSVTOJSON: missing columns are null, further ones are left out, the delimiter is a pattern, quotes mean nothing', () => {
  const customFieldNames = ['one', 'two', 'three'];
  const comma = processor([{ optionName: 'CSVTOJSON', customFieldNames }]);
  assert.equal(comma('a,b,c\n'), '{"one":"a","two":"b","three":"c"}\n');
  assert.equal(comma('a,,\n'), '{"one":"a","two":null,"three":null}\n');
  assert.equal(comma(',b\n'), '{"one":"","two":"b","three":null}\n');
  assert.equal(comma('a,b,c,d\n'), '{"one":"a","two":"b","three":"c"}\n');
  assert.equal(comma('"a,b",c\n'), '{"one":"\\"a","two":"b\\"","three":"c"}\n');
  assert.equal(comma('\n'), '{"one":"","two":null,"three":null}\n');
  assert.equal(comma('ä,🎈,"\n'), '{"one":"ä","two":"🎈","three":"\\""}\n');
  for (const delimiter of ['\\t', '\t', '\\p{Cntrl}', '\\Q\t\\E'])
    assert.equal(
      processor([{ optionName: 'CSVTOJSON', customFieldNames, delimiter }])('a\tb\tc\n'),
      '{"one":"a","two":"b","three":"c"}\n',
    );
  assert.equal(
    processor([{ optionName: 'CSVTOJSON', customFieldNames, delimiter: '\\|', jsonFormat: 'PRETTYPRINT' }])('a|b\n'),
    '{\n  "one" : "a",\n  "two" : "b",\n  "three" : null\n}\n',
  );
});

test('columns stay in their order, whatever their names are', () => {
  const customFieldNames = ['b', '10', '2', '__proto__'];
  const process = processor([{ optionName: 'CSVTOJSON', customFieldNames }]);
  assert.equal(process('1,2,3,4\n'), '{"b":"1","10":"2","2":"3","__proto__":"4"}\n');
});

test('COMMONAPACHELOG', () => {
  assert.deepEqual(
    logOf(
      'COMMONAPACHELOG',
      '64.242.88.10 - frank [07/Mar/2004:16:10:02 -0800] "GET /mailman/listinfo/hsdivision HTTP/1.1" 200 6291',
    ),
    {
      host: '64.242.88.10',
      ident: null,
      authuser: 'frank',
      datetime: '07/Mar/2004:16:10:02 -0800',
      request: 'GET /mailman/listinfo/hsdivision HTTP/1.1',
      response: '200',
      bytes: '6291',
    },
  );
  const dashes = logOf(
    'COMMONAPACHELOG',
    'lj1090.inktomisearch.com - - [07/Mar/2004:17:18:36 -0800] "-" - -',
  ) as object;
  assert.deepEqual(Object.values(dashes).slice(-3), [null, null, null]);
  const v6 = logOf('COMMONAPACHELOG', '2001:db8::1 - - [07/Mar/2004:17:18:36 -0800] "GET / HTTP/1.0" 200 1 more') as {
    host: string;
  };
  assert.equal(v6.host, '2001:db8::1');
  assert.equal(logOf('COMMONAPACHELOG', 'nothing of the kind'), undefined);
  assert.equal(logOf('COMMONAPACHELOG', 'h - - [07/Mar/2004:17:18:36] "GET / HTTP/1.0" 200 1'), undefined);
});

test('COMBINEDAPACHELOG, with names of one’s own', () => {
  const line =
    '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"';
  const found = logOf('COMBINEDAPACHELOG', line) as Record<string, string>;
  assert.equal(found['referer'], 'http://www.example.com/start.html');
  assert.equal(found['agent'], 'Mozilla/4.08 [en] (Win98; I ;Nav)');
  const customFieldNames = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
  assert.deepEqual(Object.keys(logOf('COMBINEDAPACHELOG', line, { customFieldNames }) as object), customFieldNames);
});

test('APACHEERRORLOG', () => {
  assert.deepEqual(
    logOf(
      'APACHEERRORLOG',
      '[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35708:tid 4328636416] [client 72.15.99.187:80] File does not exist: /usr/favicon.ico',
    ),
    {
      timestamp: 'Fri Sep 09 10:42:29.902022 2011',
      module: 'core',
      severity: 'error',
      processid: '35708',
      threadid: '4328636416',
      client: '72.15.99.187:80',
      message: 'File does not exist: /usr/favicon.ico',
    },
  );
  const short = logOf(
    'APACHEERRORLOG',
    '[Wed Oct 11 14:32:52 2000] [error] [pid 1] [client 127.0.0.1] denied',
  ) as Record<string, unknown>;
  assert.deepEqual([short['module'], short['threadid'], short['severity']], [null, null, 'error']);
});

test('SYSLOG and RFC3339SYSLOG', () => {
  assert.deepEqual(logOf('SYSLOG', 'Mar 12 12:27:00 server3 named[32172]: lame server resolving'), {
    timestamp: 'Mar 12 12:27:00',
    hostname: 'server3',
    program: 'named',
    processid: '32172',
    message: 'lame server resolving',
  });
  const kernel = logOf('SYSLOG', 'Mar  1 06:25:43 host <0.6> kernel: -') as Record<string, unknown> | undefined;
  assert.equal(kernel, undefined);
  assert.deepEqual(logOf('SYSLOG', 'Mar  1 06:25:43 <0.6> host kernel: -'), {
    timestamp: 'Mar  1 06:25:43',
    hostname: 'host',
    program: 'kernel',
    processid: null,
    message: '-',
  });
  const rfc = logOf('RFC3339SYSLOG', '2024-03-12T12:27:00.123456+00:00 server3 sshd[1]: Accepted für äöü') as Record<
    string,
    unknown
  >;
  assert.deepEqual([rfc['timestamp'], rfc['message']], ['2024-03-12T12:27:00.123456+00:00', 'Accepted für äöü']);
  assert.equal(logOf('RFC3339SYSLOG', 'Mar 12 12:27:00 server3 named: x'), undefined);
});

test('LOGTOJSON with a pattern of one’s own', () => {
  const more = {
    matchPattern: '(?i)^(\\S+) level=(\\p{Alpha}+)(?: code=(\\d+))?$',
    customFieldNames: ['time', 'level', 'code'],
  };
  assert.deepEqual(logOf('SYSLOG', 'now LEVEL=warn', more), { time: 'now', level: 'warn', code: null });
  assert.equal(logOf('SYSLOG', 'now level=warn code=1 and more', more), undefined);
});

test('ADDMETADATA wraps the record, and may say when', () => {
  const metadata = { key: 'value', foo: { bar: ['baz'] } };
  assert.equal(
    processor([{ optionName: 'ADDMETADATA', metadata }])('a "b"\n'),
    '{"metadata":{"key":"value","foo":{"bar":["baz"]}},"data":"a \\"b\\""}\n',
  );
  assert.equal(
    processor([{ optionName: 'ADDMETADATA', metadata: 1, timestamp: 'true' }], { now: () => 1_500_000_000_123 })('x\n'),
    '{"ts":"2017-07-14T02:40:00.123Z","metadata":1,"data":"x"}\n',
  );
});

test('steps come one after the other; what one passes over the next does not see', () => {
  const steps = processor([
    { optionName: 'LOGTOJSON', logFormat: 'SYSLOG' },
    { optionName: 'ADDMETADATA', metadata: { a: 1 } },
    { optionName: 'ADDBRACKETS' },
  ]);
  assert.equal(steps('no log\n'), undefined);
  assert.match(steps('Mar 12 12:27:00 h p: m\n')!, /^\{\{"metadata":\{"a":1\},"data":"\{.*\}"\}\n\}$/);
});

test('ADDEC2METADATA adds what the instance says, and nothing outside of EC2', async () => {
  const options = [{ optionName: 'ADDEC2METADATA', logFormat: 'RFC3339SYSLOG' }];
  assert.equal(processor(options)('{"a":1}\n'), '{"a":1}\n');
  const facts = factsOf({
    'dynamic/instance-identity/document':
      '{"privateIp":"10.0.0.1","instanceId":"i-1","imageId":"ami-1","region":"eu-west-1"}',
    'meta-data/tags/instance': 'Name\nTeam A',
    'meta-data/tags/instance/Name': 'web',
    'meta-data/tags/instance/Team%20A': 'x',
  });
  await facts.refresh();
  const process = processor(options, { instance: () => facts });
  const { metadataTimestamp, ...rest } = JSON.parse(process('{"a":1}\n')!) as Record<string, unknown>;
  assert.match(String(metadataTimestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/);
  assert.deepEqual(rest, {
    a: 1,
    privateIp: '10.0.0.1',
    availabilityZone: null,
    instanceId: 'i-1',
    instanceType: null,
    accountId: null,
    amiId: 'ami-1',
    region: 'eu-west-1',
    tags: { name: 'web', 'team a': 'x' },
  });
  assert.throws(() => process('no JSON\n'));
});

test('lines that are made to cost time do not', { timeout: 10_000 }, () => {
  const spaces = `a${' '.repeat(300_000)}b`;
  assert.equal(processor([{ optionName: 'SINGLELINE' }])(`${spaces}\n`), `${spaces}\n`);
  assert.equal(logOf('SYSLOG', `Mar 12 12:27:00 <${'1'.repeat(300_000)}`), undefined);
  for (const priority of ['<123> ', '<12.3> ', '<1a2> '])
    assert.equal((logOf('SYSLOG', `Mar 12 12:27:00 ${priority}web x: hi`) as { hostname: string }).hostname, 'web');
  assert.equal(logOf('SYSLOG', 'Mar 12 12:27:00 <12> web x: hi'), undefined);
});
