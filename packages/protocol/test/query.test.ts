import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadService } from '@millrace/model';
import type { Shape } from '@millrace/model';
import { readForm, treeOfForm } from '../src/query/form.ts';
import { xmlOf } from '../src/query/xml.ts';

const { input, output } = loadService('cloudwatch').operations.get('GetMetricStatistics')!;
const put = loadService('cloudwatch').operations.get('PutMetricData')!;

test('a form is the tree that JSON would be', () => {
  const text =
    'Action=PutMetricData&Namespace=a%26b+c&MetricData.member.1.MetricName=m&MetricData.member.1.Value=1.5' +
    '&MetricData.member.1.Timestamp=2026-01-02T03%3A04%3A05Z&MetricData.member.2.MetricName=n&MetricData.member.2.Dimensions.member.1.Name=d' +
    '&MetricData.member.2.Dimensions.member.1.Value=&MetricData.member.2.Values.member.1=1&MetricData.member.2.Values.member.2=x&Unknown.member.1=3';
  assert.deepEqual(treeOfForm(readForm(text), put.input), {
    Namespace: 'a&b c',
    MetricData: [
      { MetricName: 'm', Timestamp: '2026-01-02T03:04:05Z', Value: 1.5 },
      { MetricName: 'n', Dimensions: [{ Name: 'd', Value: '' }], Values: [1, 'x'] },
    ],
  });
  assert.deepEqual(treeOfForm(readForm('Dimensions='), input), { Dimensions: [] });
  assert.deepEqual(treeOfForm(readForm(''), input), {});
  assert.throws(() => readForm('a=%'), { name: 'MalformedQueryString' });
});

test('maps have entries, and no name of theirs is special', () => {
  const text: Shape = { type: 'string', name: 'String' };
  const map: Shape = { type: 'map', name: 'Map', key: text, value: text };
  const shape: Shape = {
    type: 'structure',
    name: 'S',
    isException: false,
    isEventStream: false,
    members: [{ name: 'M', required: false, shape: map }],
  };
  const tree = treeOfForm(
    readForm('M.entry.1.key=__proto__&M.entry.1.value=1&M.entry.2.key=b&M.entry.2.value=2'),
    shape,
  );
  assert.deepEqual(Object.entries((tree as { M: object }).M), [
    ['__proto__', '1'],
    ['b', '2'],
  ]);
  assert.equal(xmlOf({ M: { a: '<' } }, shape), '<M><entry><key>a</key><value>&lt;</value></entry></M>');
});

test('an answer in XML: members in order, lists of member, times in ISO 8601, nothing that XML cannot hold', () => {
  const answer = { Label: 'a<b>&"\u0001', Datapoints: [{ Timestamp: 1_700_000_000_000, Sum: 1.5 }, {}] };
  assert.equal(
    xmlOf(answer, output),
    '<Label>a&lt;b&gt;&amp;&quot;</Label><Datapoints><member><Timestamp>2023-11-14T22:13:20Z</Timestamp><Sum>1.5</Sum></member><member></member></Datapoints>',
  );
});

test('names that only a stranger makes up cost nothing', () => {
  const began = performance.now();
  treeOfForm(readForm(`${'.'.repeat(10_000_000)}=1&a${'.b'.repeat(400)}=1&Namespace=x`), put.input);
  assert.ok(performance.now() - began < 2000);
});

test('any form is read or refused, in little time', () => {
  const name = fc.constantFrom(
    'MetricData',
    'member',
    'entry',
    '1',
    '2',
    'Dimensions',
    'Value',
    '',
    '__proto__',
    'key',
  );
  const pair = fc.tuple(fc.array(name, { maxLength: 6 }), fc.string({ maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 20 }), (pairs) => {
      const text = pairs.map(([names, value]) => `${names.join('.')}=${encodeURIComponent(value)}`).join('&');
      assert.equal(typeof treeOfForm(readForm(text), put.input), 'object');
    }),
    { numRuns: 2000 },
  );
});
