/** agent.json: AWS's own samples are read as they are; what cannot be is told in one sentence that names the key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfiguration } from '../src/configuration/configuration.ts';
import { ConfigurationError } from '../src/configuration/read-options.ts';

const sample = `{
  "cloudwatch.emitMetrics": true,
  "kinesis.endpoint": "",
  "firehose.endpoint": "",

  "flows": [
    { "filePattern": "/tmp/app.log*", "kinesisStream": "yourkinesisstream", "partitionKeyOption": "RANDOM" },
    { "filePattern": "/tmp/app.log*", "deliveryStream": "yourdeliverystream" }
  ]
}`;

const flow = { filePattern: '/logs/app.log', kinesisStream: 's' };
const withFlow = (more: object, top: object = {}): string => JSON.stringify({ flows: [{ ...flow, ...more }], ...top });

test('the sample that AWS’s agent comes with, and its defaults', () => {
  const { flows, options, warnings } = readConfiguration(sample);
  assert.deepEqual(warnings, []);
  assert.deepEqual(
    flows.map(({ id }) => id),
    ['kinesis:yourkinesisstream:/tmp/app.log*', 'fh:yourdeliverystream:/tmp/app.log*'],
  );
  assert.equal(options['cloudwatch.namespace'], 'AWSKinesisAgent');
  assert.equal(options.checkpointFile, '/var/run/aws-kinesis-agent/checkpoints');
  const [stream, deliveryStream] = flows;
  assert.equal(stream!.options.maxBufferSizeBytes, 5 << 20);
  assert.equal(deliveryStream!.options.maxBufferSizeBytes, 4 << 20);
  assert.equal(stream!.options.initialPosition, 'END_OF_FILE');
  assert.equal(stream!.options.maxBufferAgeMillis, 60_000);
});

test('comments, numbers and booleans in strings, keys that nobody knows', () => {
  const { flows, options, warnings } = readConfiguration(`{
    // the endpoint's // is none
    "kinesis.endpoint": "https://kinesis.eu-west-1.amazonaws.com", /* nor
    here */
    "cloudwatch.emitMetrics": "no",
    "newerOption": 1,
    "flows": [{ "filePattern": "/a/b", "kinesisStream": "s", "maxBufferAgeMillis": "5000", "what": 2 }]
  }`);
  assert.equal(options['kinesis.endpoint'], 'https://kinesis.eu-west-1.amazonaws.com');
  assert.equal(options['cloudwatch.emitMetrics'], false);
  assert.equal(flows[0]!.options.maxBufferAgeMillis, 5000);
  assert.deepEqual(warnings, [
    'newerOption is not an option of the agent; it is left alone',
    'flows[0].what is not an option of the agent; it is left alone',
  ]);
});

test('flows of agent.d are added, files that are no JSON are told', () => {
  const more = { 'b.json': withFlow({ filePattern: '/other/x' }), 'c.json': '{' };
  const { flows, warnings } = readConfiguration(withFlow({}), more);
  assert.deepEqual(
    flows.map(({ id }) => id),
    ['kinesis:s:/logs/app.log', 'kinesis:s:/other/x'],
  );
  assert.match(warnings.join(), /^c\.json is not JSON: .*; it is left alone$/);
});

for (const [what, json, message] of [
  ['no JSON', '{', /^the configuration is not JSON: /],
  ['no flows', '{}', /^flows must have at least one flow$/],
  ['a list', '[]', /^the configuration must be an object/],
  [
    'too many records',
    withFlow({ maxBufferSizeRecords: 501 }),
    /^flows\[0\]\.maxBufferSizeRecords is 501; it must be an integer from 1 to 500$/,
  ],
  [
    'too many bytes',
    withFlow({ deliveryStream: 'd', maxBufferSizeBytes: 5 << 20 }),
    /maxBufferSizeBytes is 5242880; it must be an integer from 1 to 4194304$/,
  ],
  [
    'too young',
    withFlow({ maxBufferAgeMillis: 999 }),
    /maxBufferAgeMillis is 999; it must be an integer from 1000 to 900000$/,
  ],
  [
    'half a number',
    withFlow({ skipHeaderLines: 1.5 }),
    /skipHeaderLines is 1\.5; it must be an integer of at least 0$/,
  ],
  [
    'no choice',
    withFlow({ initialPosition: 'MIDDLE' }),
    /initialPosition is "MIDDLE"; it must be START_OF_FILE or END_OF_FILE$/,
  ],
  [
    'no boolean',
    withFlow({}, { 'cloudwatch.emitMetrics': 'perhaps' }),
    /^cloudwatch\.emitMetrics is "perhaps"; it must be true or false$/,
  ],
  [
    'no destination',
    JSON.stringify({ flows: [{ filePattern: '/a/b' }] }),
    /kinesisStream or flows\[0\]\.deliveryStream must be there$/,
  ],
  [
    'a folder',
    withFlow({ filePattern: '/logs/' }),
    /^flows\[0\]\.filePattern is "\/logs\/"; it must be a directory and a file name/,
  ],
  ['a relative name', withFlow({ filePattern: 'app.log' }), /filePattern is "app\.log"/],
  ['the same twice', JSON.stringify({ flows: [flow, flow] }), /^flows has kinesis:s:\/logs\/app\.log twice$/],
  [
    'a pattern',
    withFlow({ multiLineStartPattern: '[a-' }),
    /multiLineStartPattern is not a regular expression that can be used/,
  ],
  [
    'a possessive quantifier',
    withFlow({ multiLineStartPattern: 'a++' }),
    /possessive quantifiers \(\+\+\) are not supported$/,
  ],
  [
    'an unknown step',
    withFlow({ dataProcessingOptions: [{ optionName: 'XMLTOJSON' }] }),
    /dataProcessingOptions\[0\]\.optionName is "XMLTOJSON"; it must be SINGLELINE or /,
  ],
  ['no names', withFlow({ dataProcessingOptions: [{ optionName: 'CSVTOJSON' }] }), /customFieldNames must be there$/],
  ['no format', withFlow({ dataProcessingOptions: [{ optionName: 'LOGTOJSON' }] }), /logFormat must be there$/],
  [
    'names that are not the groups',
    withFlow({
      dataProcessingOptions: [
        { optionName: 'LOGTOJSON', logFormat: 'SYSLOG', matchPattern: '(a)(b)', customFieldNames: ['a'] },
      ],
    }),
    /customFieldNames has 1 names; the pattern has 2 groups$/,
  ],
  [
    'a Java class',
    withFlow({ dataProcessingOptions: [{ optionName: 'USINGPLUGGIN', className: 'x' }] }),
    /Java class, which cannot be loaded here$/,
  ],
  [
    'Java credentials',
    withFlow({}, { 'userDefinedCredentialsProvider.classname': 'x' }),
    /userDefinedCredentialsProvider is a Java class/,
  ],
  [
    'no glob',
    withFlow({ filePattern: '/logs/[z-a]' }),
    /^flows\[0\]\.filePattern is "\/logs\/\[z-a\]", which is no glob/,
  ],
  ['no checkpoints', withFlow({}, { checkpointFile: '' }), /^checkpointFile must name a file$/],
  [
    'no URL',
    withFlow({}, { 'firehose.endpoint': 'ftp://x' }),
    /^firehose\.endpoint is "ftp:\/\/x"; it must be a URL of http or https$/,
  ],
  ['half the credentials', withFlow({}, { awsAccessKeyId: 'x' }), /must be there both, or neither$/],
] as const) {
  test(`refused: ${what}`, () => {
    assert.throws(
      () => readConfiguration(json),
      (error) => error instanceof ConfigurationError && message.test(error.message),
    );
  });
}
