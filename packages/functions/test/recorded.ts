/** What AWS was recorded to do with event source mappings (data/recorded-mappings.json), and the comparison with it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The account that stands in the recording. */
export const recordedAccount = '111111111111';

type Steps = Readonly<Record<string, unknown>>;

const { cases } = JSON.parse(readFileSync(join(import.meta.dirname, 'data/recorded-mappings.json'), 'utf8')) as {
  cases: Readonly<Record<string, Steps>>;
};

export const recordedCases: readonly string[] = Object.keys(cases);

/** A case's steps, compared one by one; a placeholder stands for one value in all of them, and for no other's. */
export class RecordedCase {
  readonly name: string;
  readonly #left: Map<string, unknown>;
  readonly #values = new Map<string, string>();

  /** `account` stands where the recorded one does. */
  constructor(name: string, account: string = recordedAccount) {
    this.name = name;
    const found = cases[name];
    assert.ok(found !== undefined, `${name} was not recorded`);
    const steps = JSON.parse(JSON.stringify(found).replaceAll(recordedAccount, account)) as Steps;
    this.#left = new Map(Object.entries(steps));
  }

  /** Takes a step's recorded value out. SQS queues and SNS topics are streams here: their ARNs, and what they were sent. */
  take(step: string): unknown {
    const found = this.#left.get(step);
    assert.ok(this.#left.delete(step), `${this.name}: ${step} was not recorded`);
    const text = JSON.stringify(found);
    return JSON.parse(text.replaceAll(/:s(?:qs|ns):<region>:(\d+):(<resource:1>)/g, ':kinesis:<region>:$1:stream/$2'));
  }

  compare(step: string, ours: unknown): void {
    this.same(ours, this.take(step), `${this.name} ${step}`);
  }

  /** Throws where a member is another, missing, or more than was recorded. */
  same(ours: unknown, recorded: unknown, path: string): void {
    if (Array.isArray(recorded)) {
      assert.ok(Array.isArray(ours), `${path} is no list: ${JSON.stringify(ours)}`);
      assert.equal(ours.length, recorded.length, `${path}: ${JSON.stringify(ours)}`);
      for (const [at, one] of recorded.entries()) this.same(ours[at], one, `${path}[${at}]`);
    } else if (typeof recorded === 'object' && recorded !== null) {
      assert.deepEqual(Object.keys(ours as object).toSorted(), Object.keys(recorded).toSorted(), path);
      for (const [key, one] of Object.entries(recorded))
        this.same((ours as Record<string, unknown>)[key], one, `${path}.${key}`);
    } else if (typeof recorded === 'string' && recorded.includes('<')) this.#fits(ours, recorded, path);
    else assert.equal(ours, recorded, path);
  }

  /** Every step has been compared. */
  end(): void {
    assert.deepEqual([...this.#left.keys()], [], `${this.name}: not compared`);
  }

  #fits(ours: unknown, recorded: string, path: string): void {
    const isTime = /^<(?:datetime|approximate-arrival-timestamp|execution-start)>$/.test(recorded);
    assert.equal(typeof ours, isTime ? 'number' : 'string', path);
    if (isTime) return;
    const names: string[] = [];
    const pattern = recorded.split(/<([^>]+)>/).map((part, at) => {
      if (at % 2 === 0) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
      if (part.startsWith('timestamp:')) return String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
      names.push(part);
      return part.startsWith('uuid') ? '([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})' : '([^:/ ]+)';
    });
    const found = new RegExp(`^${pattern.join('')}$`).exec(String(ours));
    assert.ok(found !== null, `${path}: ${String(ours)} is not ${recorded}`);
    for (const [at, name] of names.entries()) this.#bind(name, found[at + 1]!, path);
  }

  #bind(name: string, value: string, path: string): void {
    const known = this.#values.get(name);
    assert.equal(value, known ?? value, `${path}: <${name}>`);
    const kind = name.replace(/\d+$/, '');
    for (const [other, one] of this.#values)
      if (other !== name && other.startsWith(kind)) assert.notEqual(value, one, `${path}: <${name}> is <${other}>`);
    this.#values.set(name, value);
  }
}
