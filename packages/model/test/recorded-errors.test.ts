// What AWS answered to wrong input: the words and their order have to be the same.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { AwsError, loadService } from '@millrace/model';

interface Fact {
  readonly operation: string;
  readonly request: Record<string, unknown>;
  readonly __type: string;
  readonly message?: string;
  readonly messageRegex?: string;
  readonly validationErrors?: readonly string[];
  readonly superseded?: string;
}

const { facts } = JSON.parse(readFileSync(new URL('data/recorded-errors.json', import.meta.url), 'utf8')) as {
  readonly facts: readonly Fact[];
};
const kinesis = loadService('kinesis');

function answer(fact: Fact): { readonly code: string; readonly message: string } {
  const operation = kinesis.operations.get(fact.operation);
  assert.ok(operation !== undefined);
  const request = JSON.parse(JSON.stringify(fact.request).replaceAll('${RANDOM_NAME}', 'some-stream')) as unknown;
  try {
    operation.check(operation.decode(request, 'base64'));
  } catch (error) {
    assert.ok(error instanceof AwsError);
    assert.equal(error.status, 400);
    return { code: error.code, message: error.message };
  }
  return { code: 'none', message: '' };
}

function asserted(fact: Fact): void {
  const { code, message } = answer(fact);
  assert.equal(code, fact.__type);
  if (fact.message !== undefined) assert.equal(message, fact.message);
  else if (fact.messageRegex !== undefined) assert.match(message, new RegExp(fact.messageRegex));
  else {
    const errors = fact.validationErrors ?? [];
    const plural = errors.length === 1 ? '' : 's';
    assert.equal(message, `${errors.length} validation error${plural} detected: ${errors.join('; ')}`);
  }
}

/** The members that a message names, once each, as they come. */
function paths(text: string): string[] {
  return [...new Set([...text.matchAll(/ at '([^']*)' failed/g)].map((match) => match[1] ?? ''))];
}

const standing = facts.filter((fact) => fact.superseded === undefined);
const superseded = facts.filter((fact) => fact.superseded !== undefined);

test('the recorded answers are there', () => {
  assert.ok(standing.length > 350, String(standing.length));
  assert.ok(superseded.length > 20, String(superseded.length));
});

for (const [nth, fact] of standing.entries()) {
  const request = JSON.stringify(fact.request).slice(0, 80);
  test(`recorded ${nth}: ${fact.operation} ${request}`, () => asserted(fact));
}

for (const [nth, fact] of superseded.entries()) {
  test(`members keep their recorded order where the model has changed ${nth}: ${fact.operation}`, () => {
    const before = paths((fact.validationErrors ?? []).join('; '));
    const now = paths(answer(fact).message).filter((path) => before.includes(path));
    assert.deepEqual(
      now,
      before.filter((path) => now.includes(path)),
    );
  });
}
