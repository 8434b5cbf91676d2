import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfiguration } from '../src/configuration.ts';
import { readSearchDomains } from '../src/search-domains.ts';

test('domains are read by name and by ARN, with what stands in their URLs', () => {
  const arn = 'arn:aws:es:us-east-1:123456789012:domain/logs';
  assert.deepEqual(
    readSearchDomains(`logs=http://u:p%2C@127.0.0.1:9200, ${arn}=https://a.example/x?y=z`),
    new Map([
      ['logs', 'http://u:p%2C@127.0.0.1:9200'],
      [arn, 'https://a.example/x?y=z'],
    ]),
  );
  assert.deepEqual(readSearchDomains(undefined), new Map());
});

for (const [text, said] of [
  ['http://user:secret@a.example', /must look like NAME=URL/],
  ['logs=user:secret@a.example', /what stands for logs is no http/],
  ['logs=http://a.example,logs=http://b.example', /logs is named twice/],
  ['logs=http://a.example,', /must look like NAME=URL/],
] as const)
  test(`a list of domains that is none: ${text}`, () => {
    assert.throws(
      () => readConfiguration(['--search-domains', text], {}),
      (error: Error) =>
        said.test(error.message) && error.message.startsWith('--search-domains: ') && !error.message.includes('secret'),
    );
  });
