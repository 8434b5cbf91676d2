/** Java workers (KCL 3) and TypeScript workers of one application; `npm run clients` has more of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kcl3 } from './environments.ts';
import { Shared, tellSharesStory } from './shared-story.ts';

test(
  `KCL ${kcl3.version} as KCL 2 and Node take their share, and each goes on for the other`,
  { timeout: 300_000 },
  () => tellSharesStory(kcl3, ['polling', '2x']),
);

test(
  'a leader of KCL 3 assigns leases to Node and asks for them, and Node goes on without one',
  { timeout: 400_000 },
  async () => {
    const shared = await Shared.open(['events']);
    const isComplete = (): boolean => shared.isComplete();
    try {
      let node = shared.startNode();
      await shared.put(5);
      await shared.until(() => isComplete() && node.metrics().shards.length === 4, 'Node alone');
      shared.events.length = 0;
      const java = shared.startJava(['polling']);
      // The leader asks Node for leases, which it hands over: it loses none.
      await shared.putUntil(() => shared.by.java > 0 && node.metrics().shards.length < 4, 'Java leads and gets some');
      await shared.until(isComplete, 'both');
      assert.ok(shared.events.some(({ type }) => type === 'released'));
      assert.ok(shared.events.every(({ type }) => type !== 'lost'));
      await node.stop();
      const before = shared.by.node;
      await shared.putUntil(isComplete, 'Java alone');
      assert.equal(shared.by.node, before);
      node = shared.startNode();
      // Node asks for nothing where a leader is: what it gets was assigned to it.
      await shared.putUntil(
        () => node.metrics().shards.length > 0 && shared.by.node > before,
        'the leader assigns some to Node',
      );
      await shared.until(isComplete, 'both again');
      java.kill('SIGKILL');
      await shared.put(5);
      await shared.until(() => isComplete() && node.metrics().shards.length === 5, 'Node, without a leader');
    } finally {
      await shared.close();
    }
  },
);
