export { catalogMachine } from './machine.ts';
export { glueOperations } from './operations.ts';
export { openGlueCatalog, tableColumns } from './service.ts';
export type { GlueCatalog, TableAddress } from './service.ts';
