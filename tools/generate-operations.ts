/** Writes the README's list of operations from the model and the table that answers them. */
import { missingOperations, operations } from '../packages/data-streams/src/index.ts';
import { loadService } from '../packages/model/src/index.ts';
import { firehoseOperations } from '../packages/firehose/src/index.ts';
import { functionOperations } from '../packages/functions/src/index.ts';
import { writeSection } from './generated-section.ts';

const all = [...loadService('kinesis').operations.keys()].toSorted();
const supported = all.filter((name) => Object.hasOwn(operations, name));
const missing = all.filter((name) => !supported.includes(name));
if (missing.join() !== [...missingOperations].toSorted().join()) {
  throw new Error('an operation is neither answered nor listed as missing');
}

writeSection(
  'README.md',
  'tools/generate-operations.ts',
  `Data Streams, ${supported.length} of the model's ${all.length} operations: ${supported.join(', ')}.\n\n` +
    `Data Firehose, all ${Object.keys(firehoseOperations).length} operations: ${Object.keys(firehoseOperations).join(', ')}.\n\n` +
    `Functions (Lambda): ${Object.keys(functionOperations).join(', ')}.\n\n` +
    `Not there yet (they answer UnknownOperationException): ${missing.join(', ')}.`,
);
