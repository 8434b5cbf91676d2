import type { Draw } from './draw.ts';

export type Tree = null | boolean | number | string | Buffer | Tree[] | { [name: string]: Tree };

const values: readonly Tree[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  500,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  -(2 ** 63),
  1e300,
  '',
  ' ',
  '0',
  '-1',
  's',
  '\u0000',
  'ü😀',
  '\ud800',
  '__proto__',
  'toString',
  '=',
  'AA==',
  '!'.repeat(129),
  'x'.repeat(2048),
  '9'.repeat(39),
  '9'.repeat(130),
  '340282366920938463463374607431768211455',
  'shardId-000000000000',
  'shardId-999999999999',
  'arn:aws:kinesis:us-east-1:000000000000:stream/s',
  'arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1',
  'arn:aws:kinesis:::stream/',
  [],
  {},
  [null],
  [[]],
  [{}],
  { a: null },
  Buffer.alloc(0),
  Buffer.from([0xff, 0xfe, 0]),
];

/** A copy of `tree` in which one to three places hold something else; now and then what `others` have there. */
export function mutateTree(draw: Draw, tree: Tree, others: readonly Tree[]): Tree {
  let changed = structuredCloneOf(tree);
  for (let left = 1 + draw.below(3); left > 0; left -= 1) changed = change(draw, changed, others, 0);
  return changed;
}

function change(draw: Draw, tree: Tree, others: readonly Tree[], depth: number): Tree {
  const isInner = tree !== null && typeof tree === 'object' && !Buffer.isBuffer(tree);
  if (!isInner || (depth > 0 && draw.once(5))) return replacement(draw, tree, others);
  if (Array.isArray(tree)) return changeList(draw, tree, others, depth);
  const names = Object.keys(tree);
  const name = names.length === 0 || draw.once(8) ? draw.pick(['Extra', '__proto__', '']) : draw.pick(names);
  if (draw.once(5)) {
    return Object.fromEntries(Object.entries(tree).filter(([one]) => one !== name));
  }
  const inner = Object.hasOwn(tree, name) ? change(draw, tree[name]!, others, depth + 1) : draw.pick(values);
  return Object.fromEntries([...Object.entries(tree), [name, inner]]);
}

function changeList(draw: Draw, list: Tree[], others: readonly Tree[], depth: number): Tree {
  if (list.length === 0) return [draw.pick(values)];
  const at = draw.below(list.length);
  if (draw.once(8)) return new Array<Tree>(draw.pick([0, 2, 11, 100, 501])).fill(list[at]!);
  return list.map((item, index) => (index === at ? change(draw, item, others, depth + 1) : item));
}

function replacement(draw: Draw, tree: Tree, others: readonly Tree[]): Tree {
  if (draw.once(6)) return draw.pick(others);
  if (draw.once(30)) return nested(draw);
  if (typeof tree === 'number' && draw.once(2)) return tree + draw.pick([-1, 1, 0.5, -1000, 1e6]);
  if (typeof tree === 'string' && draw.once(2)) return tree.repeat(draw.pick([0, 2, 2, 40])).slice(0, 5000);
  return draw.pick(values);
}

function nested(draw: Draw): Tree {
  let tree: Tree = 0;
  for (let depth = draw.pick([3, 63, 64, 65, 700]); depth > 0; depth -= 1) tree = draw.once(2) ? [tree] : { a: tree };
  return tree;
}

function structuredCloneOf(tree: Tree): Tree {
  if (Array.isArray(tree)) return tree.map(structuredCloneOf);
  if (tree === null || typeof tree !== 'object' || Buffer.isBuffer(tree)) return tree;
  return Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, structuredCloneOf(value)]));
}
