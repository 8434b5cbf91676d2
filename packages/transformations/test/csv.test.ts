import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csvToJson } from '../src/csv-to-json.ts';
import { jsonToCsv } from '../src/json-to-csv.ts';
import { jsonOf, run } from './support.ts';

test('rows by configured names: quotes, delimiters and ends of lines in fields, marks, blank lines', async () => {
  const [one, several, marked, blank] = await run(csvToJson, { CSV_COLUMNS: 'id,"the name",note' }, [
    '7,Ada,',
    '1,"Love""lace, A.","two\nlines"\r\n\r\n2, Grace ,x\r\n',
    '\uFEFF3,Zoë,日本\n',
    '\n',
  ]);
  assert.deepEqual(jsonOf(one!), [{ id: '7', 'the name': 'Ada', note: '' }]);
  assert.deepEqual(jsonOf(several!), [
    { id: '1', 'the name': 'Love"lace, A.', note: 'two\nlines' },
    { id: '2', 'the name': ' Grace ', note: 'x' },
  ]);
  assert.deepEqual(jsonOf(marked!), [{ id: '3', 'the name': 'Zoë', note: '日本' }]);
  assert.equal(blank!.result, 'Dropped');
});

test('names of the first line; with CSV_COLUMNS that line is passed over', async () => {
  const [named, alone, twice] = await run(csvToJson, { CSV_HEADER: 'true', CSV_VALUES: 'json' }, [
    '__proto__;1'.replace(';', ',') + '\n1,x',
    'a,b\n',
    'a,a\n1,2',
  ]);
  assert.equal(named!.data.toString(), '{"1":"x","__proto__":1}');
  assert.deepEqual([alone!.result, twice!.result], ['Dropped', 'ProcessingFailed']);
  const environment = { CSV_HEADER: 'true', CSV_COLUMNS: "x|'y|z'", CSV_DELIMITER: '|', CSV_QUOTE: "'" };
  const [renamed] = await run(csvToJson, environment, ["a|b\n'it''s'|2"]);
  assert.deepEqual(jsonOf(renamed!), [{ x: "it's", 'y|z': '2' }]);
});

test('CSV_VALUES=json: what is not in quotes is a JSON value, to its last digit', async () => {
  const environment = { CSV_COLUMNS: 'a\tb\tc\td', CSV_DELIMITER: String.raw`\t`, CSV_VALUES: 'json' };
  const [values, texts] = await run(csvToJson, environment, [
    '12345678901234567890\t-1.50\ttrue\t',
    '007\t"1"\t""\t1e400x',
  ]);
  assert.equal(values!.data.toString(), '{"a":12345678901234567890,"b":-1.50,"c":true,"d":null}');
  assert.deepEqual(jsonOf(texts!), [{ a: '007', b: '1', c: '', d: '1e400x' }]);
});

test('a record that is no CSV of these columns goes back as it came', async () => {
  const bad = ['1', '1,2,3', '1,"open', '1,"a"b', Uint8Array.of(49, 44, 255)];
  const outcomes = await run(csvToJson, { CSV_COLUMNS: 'a,b' }, [...bad, '1,2']);
  assert.deepEqual(
    outcomes.map(({ result }) => result),
    [...bad.map(() => 'ProcessingFailed'), 'Ok'],
  );
  assert.deepEqual(outcomes[2]!.data.toString(), '1,"open');
});

test('settings that say nothing or the wrong are the whole event to fail, in words', async () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{}, /CSV_COLUMNS is not set/],
    [{ CSV_COLUMNS: 'a,a' }, /two columns are called a/],
    [{ CSV_COLUMNS: 'a,,b' }, /a column has no name/],
    [{ CSV_COLUMNS: 'a\nb' }, /CSV_COLUMNS is one line/],
    [{ CSV_COLUMNS: '"a' }, /CSV_COLUMNS: /],
    [{ CSV_COLUMNS: 'a', CSV_HEADER: 'yes' }, /CSV_HEADER is one of false, true, not yes/],
    [{ CSV_COLUMNS: 'a', CSV_DELIMITER: '"' }, /CSV_QUOTE is one character/],
    [{ CSV_COLUMNS: 'a', CSV_DELIMITER: '' }, /CSV_DELIMITER is empty/],
  ];
  for (const [environment, words] of wrong) await assert.rejects(run(csvToJson, environment, ['1']), words);
  await assert.rejects(run(jsonToCsv, {}, ['{}']), /CSV_COLUMNS is not set/);
});

test('objects as rows: the columns asked for, in their order', async () => {
  const [row, lines, bad, list] = await run(jsonToCsv, { CSV_COLUMNS: 'b,a,toString' }, [
    '{"a": "x,y", "b": 12345678901234567890, "c": 1}',
    '{"a": null, "b": {"deep": ["\\"", 1]}}\n{"a": false, "b": "two\\nlines"}\n',
    '{"a": 1',
    '[1]',
  ]);
  assert.equal(row!.data.toString(), '12345678901234567890,"x,y",\n');
  assert.equal(lines!.data.toString(), '"{""deep"":[""\\"""",1]}",,\n"two\nlines",false,\n');
  assert.deepEqual([bad!.result, list!.result], ['ProcessingFailed', 'ProcessingFailed']);
  const [headed] = await run(jsonToCsv, { CSV_COLUMNS: 'a;b', CSV_DELIMITER: ';', CSV_HEADER: 'true' }, ['{"b": 1}']);
  assert.equal(headed!.data.toString(), 'a;b\n;1\n');
});

test('what json-to-csv writes csv-to-json reads, whatever is in it', async () => {
  const value = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('', ' ', '"', ',', '\n', '\r\n', '\r', '1', 'true', '\\', "'", ';;', ';'),
    fc.double({ noDefaultInfinity: true, noNaN: true }).filter((number) => !Object.is(number, -0)),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  );
  const name = fc.string({ minLength: 1 }).filter((text) => !/[\r\n"';,\uFEFF]/.test(text));
  const tables = fc
    .uniqueArray(name, { minLength: 1, maxLength: 4 })
    .chain((names) => fc.tuple(fc.constant(names), fc.array(fc.tuple(...names.map(() => value)), { minLength: 1 })));
  const delimiters = fc.constantFrom(',', ';', '\t', '|', ';;');
  await fc.assert(
    fc.asyncProperty(tables, delimiters, fc.boolean(), async ([names, rows], delimiter, hasHeader) => {
      fc.pre(names.every((one) => !one.includes(delimiter) && !one.startsWith(' ')));
      const objects = rows.map((row) => Object.fromEntries(names.map((one, index) => [one, row[index]])));
      const environment = {
        CSV_COLUMNS: names.join(delimiter),
        CSV_DELIMITER: delimiter,
        CSV_VALUES: 'json',
        CSV_HEADER: String(hasHeader),
      };
      const [csv] = await run(jsonToCsv, environment, [objects.map((one) => JSON.stringify(one)).join('\n')]);
      assert.equal(csv!.result, 'Ok', csv!.data.toString());
      const [json] = await run(csvToJson, environment, [csv!.data]);
      assert.deepEqual(jsonOf(json!), JSON.parse(JSON.stringify(objects)));
    }),
    { numRuns: 300 },
  );
});
