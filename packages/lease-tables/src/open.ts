import type { Registry } from '@millrace/log';
import { AwsError } from '@millrace/model';
import type { World } from '@millrace/world';
import type { Command, Outcome } from './machine.ts';
import type { LeaseTables } from './service.ts';
import type { TablesState } from './state.ts';

/** The service on an open registry, which is the caller's to stop. */
export function openLeaseTables(options: {
  readonly world: World;
  /** Opened with leaseTablesMachine. */
  readonly registry: Registry<TablesState, Command, Outcome>;
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
      if ('refused' in outcome) {
        const { code, message, members } = outcome.refused;
        throw new AwsError(code, message, 400, { members });
      }
      return outcome.result as Result;
    },
  };
}
