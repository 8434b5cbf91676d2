import { jsonLines } from './json-documents.ts';
import { readApache } from './logs/apache.ts';
import { linesOf, readAll } from './logs/lines.ts';
import { transformation } from './transformation.ts';
import type { Convert } from './transformation.ts';

/** Apache's access log (common, combined) and error log to JSON, each line by its own form. */
export function apacheLogToJson(): Convert {
  return (data) => jsonLines(readAll(linesOf(data), readApache));
}

export const handler = transformation(apacheLogToJson);
