/** Writes what the lint refuses (.oxlintrc.json) and the table of rooms (ARCHITECTURE.md) from tools/layers.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSection } from './generated-section.ts';
import { rooms } from './layers.ts';

const path = join(import.meta.dirname, '../.oxlintrc.json');
const arrows = 'The arrows between packages point one way only: see the table in ARCHITECTURE.md.';
const throughWorld = 'Disk, network and timers are reached through world.';
const modules = [
  'fs',
  'fs/promises',
  'net',
  'tls',
  'http',
  'http2',
  'https',
  'dgram',
  'dns',
  'timers',
  'timers/promises',
];
const globals = ['setTimeout', 'setInterval', 'setImmediate', 'fetch'];

interface Override {
  readonly files: readonly string[];
  readonly rules: unknown;
}

function overrideOf(name: string): Override {
  const { imports, isWiring, nodeModules = [] } = rooms[name]!;
  const restricted = [...modules, 'child_process'].filter((module) => !nodeModules.includes(module));
  const refused = Object.keys(rooms).filter((other) => other !== name && !imports.includes(other));
  const reached = isWiring
    ? {}
    : { paths: restricted.map((module) => ({ name: `node:${module}`, message: throughWorld })) };
  const patterns = [
    { group: refused.flatMap((other) => [`@millrace/${other}`, `@millrace/${other}/*`]), message: arrows },
    { group: ['@millrace/*/src/*', '@millrace/*/dist/*'], message: 'A package has one door: its src/index.ts.' },
  ];
  return {
    files: [`packages/${name}/src/**/*.ts`],
    rules: {
      'no-restricted-imports': ['error', { patterns, ...reached }],
      // The server's wiring listens and reads files, but it waits through world too.
      ...((!isWiring || name === 'server') && {
        'no-restricted-globals': ['error', ...globals.map((global) => ({ name: global, message: throughWorld }))],
      }),
    },
  };
}

const text = readFileSync(path, 'utf8');
const lint = JSON.parse(text) as { overrides: readonly Override[] };
const byHand = lint.overrides.filter(({ files }) => !/^packages\/[^*]*\/src/.test(files[0]!));
const fresh = { ...lint, overrides: [...Object.keys(rooms).map(overrideOf), ...byHand] };
if (JSON.stringify(fresh) !== JSON.stringify(lint)) {
  if (process.argv.includes('--check')) {
    console.error('.oxlintrc.json is stale: run npm run generate');
    process.exitCode = 1;
  } else writeFileSync(path, `${JSON.stringify(fresh, undefined, 2)}\n`);
}

writeSection(
  'ARCHITECTURE.md',
  'tools/generate-layers.ts',
  [
    '| room | what lives there | may import |',
    '|---|---|---|',
    ...Object.entries(rooms).map(
      ([name, { holds, imports }]) => `| packages/${name} | ${holds} | ${imports.join(', ') || 'nothing'} |`,
    ),
  ].join('\n'),
);
