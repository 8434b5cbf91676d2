export * from './aws-error.ts';
export type * from './shapes.ts';
