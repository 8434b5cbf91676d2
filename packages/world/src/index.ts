export type * from './world.ts';
export { realWorld } from './real/real-world.ts';
