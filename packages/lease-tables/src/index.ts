export { leaseTablesMachine } from './machine.ts';
export { openLeaseTables } from './open.ts';
export { leaseTableOperations } from './operations.ts';
export type { LeaseTables } from './service.ts';
