import type { Registry } from '@millrace/log';
import { resultOf } from '@millrace/model';
import type { World } from '@millrace/world';
import type { Command, TableOutcome } from './machine.ts';
import type { LeaseTables } from './service.ts';
import type { TablesState } from './state.ts';

/** The service on an open registry, which is the caller's to stop. */
export function openLeaseTables(options: {
  readonly world: World;
  /** Opened with leaseTablesMachine. */
  readonly registry: Registry<TablesState, Command, TableOutcome>;
  readonly transitionMs: number;
}): LeaseTables {
  const { world, registry, transitionMs } = options;
  return {
    world,
    state: registry.state,
    transitionMs,
    async change<Result>(command: Command): Promise<Result> {
      const outcome = await registry.execute(command);
      if ('fault' in outcome) throw outcome.fault;
      return resultOf(outcome) as Result;
    },
  };
}
