export { serve } from './serve.ts';
export { ConfigurationError, readConfiguration } from './configuration.ts';
export type { Configuration } from './configuration.ts';
