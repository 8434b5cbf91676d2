export { Agent } from './agent.ts';
export type { AgentSurroundings, RunningFlow } from './agent.ts';
export type { Checkpoint, CheckpointStore } from './checkpoints/checkpoint-store.ts';
export { readConfiguration } from './configuration/configuration.ts';
export type { AgentConfiguration, Destination, FlowConfiguration } from './configuration/configuration.ts';
export { ConfigurationError } from './configuration/read-options.ts';
export { runAgent } from './run-agent.ts';
export type { OutgoingRecord, Put, PutOutcome } from './sending/destination.ts';
