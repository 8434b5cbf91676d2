import { describeTable as describe } from '../describe.ts';
import { findNamedTable } from '../service.ts';
import type { Handler } from '../service.ts';

export const describeTable: Handler<'DescribeTable'> = (service, input, caller) => ({
  Table: describe(findNamedTable(service, input.TableName, caller), service.world.clock.now()),
});
