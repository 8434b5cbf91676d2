import type { Change } from '../change.ts';
import type { OpenWindow } from './mapping.ts';

export interface MappingProgressCommand {
  readonly type: 'MappingProgress';
  readonly atMs: number;
  readonly uuid: string;
  readonly positions: Readonly<Record<string, number>>;
  /** Those of the shards that `positions` names; a shard that is not here has none. */
  readonly windows: Readonly<Record<string, OpenWindow>>;
  /** Of those shards, where the lanes of one are not as far as each other. */
  readonly lanes?: Readonly<Record<string, readonly number[]>>;
  /** Shards that the stream does not have any more. */
  readonly gone: readonly string[];
  readonly result: string;
}

export const mappingProgressChange: Change<MappingProgressCommand> = {
  type: 'MappingProgress',
  apply(state, { uuid, positions, windows, lanes, gone, result }) {
    const mapping = state.mappings.get(uuid);
    if (mapping === undefined) return;
    const removed = new Set(gone);
    const kept = Object.entries(mapping.positions).filter(([logId]) => !removed.has(logId));
    mapping.positions = { ...Object.fromEntries(kept), ...positions };
    const others = Object.entries(mapping.windows).filter(([logId]) => !Object.hasOwn(positions, logId));
    mapping.windows = { ...Object.fromEntries(others.filter(([logId]) => !removed.has(logId))), ...windows };
    const apart = Object.entries(mapping.lanes ?? {}).filter(([logId]) => !Object.hasOwn(positions, logId));
    mapping.lanes = { ...Object.fromEntries(apart.filter(([logId]) => !removed.has(logId))), ...lanes };
    mapping.lastResult = result;
  },
};

export interface FinishMappingCommand {
  readonly type: 'FinishMapping';
  readonly atMs: number;
  readonly uuid: string;
}

/** What was pending is over: the mapping runs, rests or is gone. */
export const finishMappingChange: Change<FinishMappingCommand> = {
  type: 'FinishMapping',
  apply(state, { uuid, atMs }) {
    const mapping = state.mappings.get(uuid);
    if (mapping?.dueMs === undefined || mapping.dueMs > atMs) return;
    if (mapping.state === 'Deleting') {
      state.mappings.delete(uuid);
      return;
    }
    mapping.state = mapping.enabled ? 'Enabled' : 'Disabled';
    mapping.dueMs = undefined;
  },
};
