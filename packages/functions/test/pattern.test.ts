import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compilePattern } from '../src/pattern/pattern.ts';
import { PatternError } from '../src/pattern/pattern-error.ts';
import { wildcardMatcher } from '../src/pattern/wildcard.ts';

const matches = (pattern: unknown, event: unknown): boolean => compilePattern(JSON.stringify(pattern))(event);

/** Pattern, events that it matches, events that it does not. */
const table: [unknown, unknown[], unknown[]][] = [
  [
    { a: ['x'] },
    [{ a: 'x' }, { a: 'x', b: 1 }, { a: ['y', 'x'] }],
    [{ a: 'y' }, {}, { a: ['y'] }, { a: { x: 1 } }, 'x', null],
  ],
  [{ a: ['x', 1, null, true] }, [{ a: 1 }, { a: null }, { a: true }], [{ a: '1' }, { a: 'null' }, {}, { a: false }]],
  [{ a: { b: ['x'] } }, [{ a: { b: 'x' } }, { a: [{ b: 'y' }, { b: 'x' }] }], [{ b: 'x' }, { a: 'x' }, { a: [] }]],
  [{ a: ['x'], b: ['y'] }, [{ a: 'x', b: 'y' }], [{ a: 'x' }, { b: 'y' }]],
  [{ a: [''] }, [{ a: '' }], [{}, { a: null }]],
  [{ a: [{ exists: true }] }, [{ a: 0 }, { a: null }, { a: [1] }], [{}, { a: { b: 1 } }, { a: [] }]],
  [{ a: [{ exists: false }] }, [{}, { a: { b: 1 } }, { a: [] }], [{ a: null }, { a: '' }]],
  [{ a: { b: [{ exists: false }] } }, [{}, { a: {} }, { a: { c: 1 } }], [{ a: { b: 1 } }]],
  [{ a: [{ prefix: 'eu-' }] }, [{ a: 'eu-west' }], [{ a: 'us-eu-' }, { a: 1 }, {}]],
  [{ a: [{ prefix: { 'equals-ignore-case': 'EU-' } }] }, [{ a: 'eU-west' }], [{ a: 'us' }]],
  [{ a: [{ suffix: '.png' }] }, [{ a: 'x.png' }], [{ a: 'x.PNG' }]],
  [{ a: [{ suffix: { 'equals-ignore-case': '.png' } }] }, [{ a: 'x.PNG' }], [{ a: 'x.jpg' }]],
  [{ a: [{ 'equals-ignore-case': 'aLICE' }] }, [{ a: 'Alice' }], [{ a: 'Alic' }, { a: null }]],
  [{ a: [{ 'anything-but': 'x' }] }, [{ a: 'y' }, { a: 1 }, { a: null }], [{ a: 'x' }, {}]],
  [{ a: [{ 'anything-but': ['x', 1] }] }, [{ a: 'y' }, { a: '1' }], [{ a: 'x' }, { a: 1 }, {}]],
  [{ a: [{ 'anything-but': { prefix: 'in' } }] }, [{ a: 'out' }], [{ a: 'init' }, {}]],
  [{ a: [{ 'anything-but': { suffix: ['.a', '.b'] } }] }, [{ a: 'x.c' }], [{ a: 'x.a' }, { a: 'x.b' }]],
  [{ a: [{ 'anything-but': { 'equals-ignore-case': ['x', 'y'] } }] }, [{ a: 'z' }], [{ a: 'X' }, { a: 'Y' }]],
  [{ a: [{ 'anything-but': { wildcard: '*/lib/*' } }] }, [{ a: '/bin/a' }], [{ a: '/lib/a' }]],
  [{ a: [{ numeric: ['=', 3e2] }] }, [{ a: 300 }, { a: 3.0e2 }], [{ a: '300' }, { a: 301 }]],
  [{ a: [{ numeric: ['>', 0, '<=', 5] }] }, [{ a: 5 }, { a: 0.1 }], [{ a: 0 }, { a: 5.1 }]],
  [{ a: [{ cidr: '10.0.0.0/24' }] }, [{ a: '10.0.0.255' }], [{ a: '10.0.1.0' }, { a: '::1' }, { a: 'ten' }]],
  [{ a: [{ cidr: '2001:db8::/32' }] }, [{ a: '2001:db8::1' }], [{ a: '2001:db9::1' }]],
  [{ a: [{ wildcard: 'a*b\\*c' }] }, [{ a: 'ab*c' }, { a: 'axxb*c' }], [{ a: 'abc' }]],
  [{ $or: [{ a: ['x'] }, { b: [{ numeric: ['<', 1] }] }] }, [{ a: 'x' }, { b: 0 }], [{ a: 'y', b: 1 }]],
  [{ c: ['z'], $or: [{ a: ['x'] }, { b: ['y'] }] }, [{ c: 'z', b: 'y' }], [{ b: 'y' }, { c: 'z' }]],
  [
    { ['__proto__x']: ['x'], toString: [{ exists: false }] },
    [{ ['__proto__x']: 'x' }],
    [{ ['__proto__x']: 'x', toString: 1 }],
  ],
];

describe('event patterns', () => {
  test('match as AWS documents them', () => {
    for (const [pattern, good, bad] of table) {
      for (const event of good) assert.ok(matches(pattern, event), JSON.stringify([pattern, event]));
      for (const event of bad) assert.ok(!matches(pattern, event), `not ${JSON.stringify([pattern, event])}`);
    }
  });

  test('what is none is refused', () => {
    const wrong = [
      ...['', '[]', '"x"', '{}', '{"a":"x"}', '{"a":[]}', '{"a":{}}', '{"a":[["x"]]}', '{"$or":[{"a":["x"]}]}'],
      ...[
        '{"a":[{"prefix":1}]}',
        '{"a":[{"nothing":1}]}',
        '{"a":[{"exists":"x"}]}',
        '{"a":[{"prefix":"x","suffix":"y"}]}',
      ],
      ...['{"a":[{"numeric":["<"]}]}', '{"a":[{"numeric":["!",1]}]}', '{"a":[{"numeric":["<",6e9]}]}', '{"a":[{}]}'],
      ...['{"a":[{"cidr":"10.0.0.0"}]}', '{"a":[{"cidr":"10.0.0.0/33"}]}', '{"a":[{"wildcard":"a**b"}]}'],
      ...[
        '{"a":[{"wildcard":"a\\\\b"}]}',
        '{"a":[{"anything-but":[]}]}',
        '{"a":[{"anything-but":{"numeric":["<",1]}}]}',
      ],
    ];
    for (const text of wrong) assert.throws(() => compilePattern(text), PatternError, text);
  });

  test('wildcards agree with a regular expression, and take no longer for texts that are made for it', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 4 }), letters, (parts, text) => {
        const kept = parts.filter((part, at) => at === 0 || at === parts.length - 1 || part !== '');
        const regular = new RegExp(`^${kept.map((part) => part.replaceAll('.', '\\.')).join('.*')}$`);
        assert.equal(wildcardMatcher(kept.join('*').replaceAll(/\*+/g, '*'))(text), regular.test(text));
      }),
    );
    const began = performance.now();
    assert.equal(wildcardMatcher('*a'.repeat(500) + '*b')('a'.repeat(200_000)), false);
    assert.ok(performance.now() - began < 1000);
  });
});
