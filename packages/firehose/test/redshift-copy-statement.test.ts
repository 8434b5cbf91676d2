import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { copyStatement } from '../src/destinations/redshift/copy-statement.ts';

test('names are names whatever they are, and literals end where they end', () => {
  const text = (DataTableName: string, DataTableColumns?: string): string =>
    copyStatement({ DataTableName, ...(DataTableColumns !== undefined && { DataTableColumns }) }, "a'b", "s3://it's");
  const rest = " FROM 's3://it''s' CREDENTIALS 'aws_iam_role=a''b' MANIFEST";
  assert.equal(text('Events'), `COPY Events${rest}`);
  assert.equal(text('a.b . "C d"', ' e , "f,""g"'), `COPY a.b."C d" (e, "f,""g")${rest}`);
  assert.equal(text('t; DROP TABLE t; --'), `COPY "t; DROP TABLE t; --"${rest}`);
  assert.equal(text('t', "a) FROM 's3://x', b"), `COPY t ("a) FROM 's3://x'", b)${rest}`);
  const token =
    /^COPY (?:(?:"(?:[^"]|"")+"|[\w$\u0080-\uffff]+)\.?)+ \((?:(?:"(?:[^"]|"")+"|[\w$\u0080-\uffff]+)(?:, )?)+\) FROM 's3/;
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), fc.string({ minLength: 1 }), (table, column) => {
      let statement: string;
      try {
        statement = text(table, column);
      } catch {
        return;
      }
      assert.match(statement, column.trim() === '' ? /^COPY / : token);
    }),
  );
});
