/** Redshift as a destination: what is loaded from an S3 that enforces signatures, through outages and kills. */
import { test } from 'node:test';
import { givesUp, kills, loads, outages, withRedshift } from './redshift-story.ts';
import { startVersitygw } from './servers/versitygw.ts';

for (const [what, play] of [
  ['Redshift: rows are equal: JSON, GZIP, delimited into columns, decompressed on the way', loads],
  ['Redshift: killed and started again, refusing: nothing is missing', outages],
  ['Redshift: Millrace killed with -9 while it loads: nothing is missing', kills],
  ['Redshift: no table: the manifest goes to the errors, and loads by hand', givesUp],
] as const)
  test(what, { timeout: 300_000 }, () => withRedshift(startVersitygw, play));
