// A reporter for node:test: a line for each client or destination, and at the end how many passed. Failures are told whole.
//
// usage: MILLRACE_TABLE_OF='clients' node --test --test-reporter=./tools/client-table.mjs FILES
export default async function* report(events) {
  let [passed, failed] = [0, 0];
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite') continue;
    // A file that holds tests is none itself.
    if (data.name.endsWith('.ts')) {
      if (type === 'test:fail' && data.details?.error?.failureType !== 'subtestsFailed') {
        failed += 1;
        yield `FAIL  ${data.name}: ${data.details?.error?.message}\n`;
      }
      continue;
    }
    const seconds = (data.details.duration_ms / 1000).toFixed(1);
    if (type === 'test:pass') passed += 1;
    else failed += 1;
    yield `${type === 'test:pass' ? 'ok  ' : 'FAIL'}  ${data.name.padEnd(100)} ${seconds.padStart(6)} s\n`;
    if (type === 'test:fail') yield `${data.details.error?.cause?.stack ?? data.details.error?.message}\n`;
  }
  yield `${passed} ${process.env.MILLRACE_TABLE_OF} passed, ${failed} failed\n`;
}
