import { test } from 'node:test';
import { forEachSeed } from './seeds.ts';

test('the log keeps its promises through crashes, failed writes and clock steps', () => forEachSeed('./log-story.ts'));

test('damaged files lose what was in them, no more, and it is told', () => forEachSeed('./damage-story.ts'));

test('streams keep their promises through crashes, reshards and full disks', () => forEachSeed('./streams-story.ts'));

test('Firehose delivers what it acknowledged through crashes, clock steps and a store that fails', () =>
  forEachSeed('./firehose-story.ts'));

test('Firehose indexes every document once, or tells of it, through crashes and a cluster that fails in every way', () =>
  forEachSeed('./search-story.ts'));
test('Firehose loads what it acknowledged, or leaves its manifest, through a database that fails', () =>
  forEachSeed('./redshift-story.ts'));

test('Firehose appends what it acknowledged, twice by a crash only, through a catalog that fails in every way', () =>
  forEachSeed('./iceberg-story.ts'));

test('Firehose loses nothing on the way through a function that fails, to partitions and a backup', () =>
  forEachSeed('./transformation-story.ts'));

test('consumers miss nothing and keep the order through reshards, pauses, crashes and a failing store', () =>
  forEachSeed('./consumer-story.ts'));

test('metrics are there once after crashes, failed writes and snapshots cut short', () =>
  forEachSeed('./metrics-story.ts'));

test('producers lose nothing that they acknowledged, and keep the order, through lost requests and reshards', () =>
  forEachSeed('./producer-story.ts'));

test('an agent sends every line through rotations, kills and failing requests', () => forEachSeed('./agent-story.ts'));

test('mappings process every record in order, or tell of it, through crashes, reshards and functions that fail', () =>
  forEachSeed('./functions-story.ts'));
