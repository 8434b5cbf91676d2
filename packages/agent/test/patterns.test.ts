/** Globs and regular expressions as Java reads them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countGroups, javaPattern } from '../src/configuration/java-pattern.ts';
import { fileNameMatcher } from '../src/tailing/glob.ts';

for (const [glob, yes, no] of [
  [
    'app.log*',
    ['app.log', 'app.log.1', 'app.log-2024'],
    ['app.lo', 'xapp.log', 'app.log.gz', 'app.log.1.BZ2', 'app.log.zip', 'appxlog'],
  ],
  ['*.{log,txt}', ['a.log', 'b.txt', '.log'], ['a.logs', 'a.json']],
  ['app.[0-9].log', ['app.1.log'], ['app.x.log', 'app.10.log']],
  ['app.[!0-9]', ['app.x'], ['app.1']],
  ['a?c', ['abc'], ['ac', 'abbc']],
  ['a\\*b+(1)$', ['a*b+(1)$'], ['axb+(1)$']],
] as const) {
  test(`glob ${glob}`, () => {
    const matches = fileNameMatcher(glob);
    for (const name of yes) assert.ok(matches(name), name);
    for (const name of no) assert.ok(!matches(name), name);
  });
}

for (const [source, extent, text, expected] of [
  ['a|ab', 'whole', 'ab', true],
  ['a.c', 'whole', 'a\nc', false],
  ['(?s)a.c', 'whole', 'a\nc', true],
  ['(?i)ABC', 'whole', 'abc', true],
  ['\\d{4}', 'start', '2024-01-01', true],
  ['\\d{4}', 'start', ' 2024', false],
  ['\\d+$', 'start', '2024\n', true],
  ['\\Qa.b\\E', 'whole', 'axb', false],
  ['\\Qa.b\\E', 'whole', 'a.b', true],
  ['[\\p{Upper}_]+', 'whole', 'AB_C', true],
  ['\\P{Alpha}', 'whole', '1', true],
  ['\\p{L}+', 'whole', 'äß', true],
  ['[]a]+', 'whole', ']a', true],
  ['\\h+x', 'whole', '\t x', true],
  ['(?:x|(?<name>y))\\z', 'whole', 'y', true],
] as const) {
  test(`pattern ${source} on ${JSON.stringify(text)}`, () =>
    assert.equal(javaPattern(source, extent).test(text), expected));
}

test('groups are counted', () => assert.equal(countGroups(javaPattern('(a)(?:b)(?<n>c)|[(]', 'whole')), 2));

test('what JavaScript cannot say is refused', () => {
  for (const source of ['a*+', '(?>a)', '[a&&b]', '[a[b]]', 'a(?i)b', '(?x)a', 'a{2}+'])
    assert.throws(() => javaPattern(source, 'whole'), { name: 'PatternError' }, source);
});
