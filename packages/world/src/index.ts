export type * from './world.ts';
export { ByteBudget } from './byte-budget.ts';
export { holdProcess } from './real/hold-process.ts';
export { realWorld } from './real/real-world.ts';
export { simulatedWorld } from './simulated/simulated-world.ts';
export type { SimulatedWorld } from './simulated/simulated-world.ts';
export type { DiskFaults } from './simulated/simulated-disk.ts';
export { movableWorld } from './simulated/movable-world.ts';
export type { MovableWorld } from './simulated/movable-world.ts';
