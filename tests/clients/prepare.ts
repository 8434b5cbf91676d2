/** Makes what the client tests need, once, before test files that run side by side ask for it. */
import { javaClassPath, pythonEnvironment } from './environments.ts';

await Promise.all([pythonEnvironment(), javaClassPath()]);
