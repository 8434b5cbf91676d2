// Runs the workspace's tasks from any Node >= 20: installs what is missing, then hands over to the Node 24 that npm
// installed beside the sources (see "Tools" in ARCHITECTURE.md). Plain JavaScript, because an old Node reads it.
//
// usage: node tools/run.mjs TASK [ARGUMENTS]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const minimumNode = [22, 22];

const tasks = {
  install: { help: 'install dependencies', run: () => {} },
  build: { help: 'compile packages to dist', run: build },
  generate: { help: 'write the generated files', run: () => generate(false) },
  format: { help: 'format the sources', run: () => tool('oxfmt', ['--write', '.']) },
  check: { help: 'types, lint, format, unused code, generated files', run: check },
  test: { help: 'everything: checks, then all tests', run: test },
  unit: { help: 'the tests of packages only; arguments are files', run: unit },
  planted: {
    help: 'plants bugs; each must be found by the simulation; an argument picks those of that name',
    run: (args) => source('tests/simulation/planted-bugs.ts', args),
  },
  simulate: { help: 'the simulation; --seeds N, --seed N', run: simulate },
  clients: { help: 'every real client in every mode, a line each', run: clients },
  destinations: {
    help: "Firehose to real servers, a line each; words pick those with it in a file's name",
    run: destinations,
  },
  fuzz: { help: 'changed inputs for all readers; --cases N (a million), --seed N', run: fuzz },
  faults: { help: 'real processes at length: killed a hundred times, crowded by 10,000 connections', run: faults },
  bench: { help: 'the benchmarks', run: (args) => source('benchmarks/run.ts', args) },
  demo: { help: 'stream real records through a server', run: (args) => (build(), source('tools/demo/demo.ts', args)) },
  'demo:firehose': {
    help: 'deliver real records as Parquet to an S3 and as documents to OpenSearch (both are fetched the first time)',
    run: (args) => (build(), source('tools/demo/firehose-demo.ts', args)),
  },
  'demo:agent': {
    help: 'the agent tails a log, two workers count its lines, one is killed',
    run: (args) => (build(), source('tools/demo/agent-demo.ts', args)),
  },
};

const [name, ...args] = process.argv.slice(2);
const task = Object.hasOwn(tasks, name ?? '') ? tasks[name] : undefined;
if (task === undefined) {
  const lines = Object.entries(tasks).map(([key, { help }]) => `  ${key.padEnd(10)}${help}`);
  console.error(`usage: node tools/run.mjs TASK [ARGUMENTS]\n${lines.join('\n')}`);
  process.exit(name === '--help' || name === 'help' ? 0 : 2);
}
install();
task.run(args);

/** npm's own marker says which lock file was installed; a newer lock means that something is missing. */
function install() {
  const marker = join(root, 'node_modules/.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs) return;
  console.error('millrace: installing dependencies …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // Not `npm ci`: it refuses a lock file that leaves out optional binaries of platforms a registry does not carry.
  run(
    npm,
    ['install', '--no-save', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
      // The workspace's engines ask for the Node it runs on, which npm brings: a warning about the present one would mislead.
      env: { ...process.env, npm_config_engine_strict: 'false' },
    },
  );
}

/** The Node of npm's platform package, or the present one where it is new enough. */
export function nodeBinary() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const folder = join(root, 'node_modules', `node-${platform}-${process.arch}`, 'bin');
  const packaged = join(folder, process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(packaged)) return packaged;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > minimumNode[0] || (major === minimumNode[0] && minor >= minimumNode[1])) return process.execPath;
  console.error(
    `millrace: Node ${process.versions.node} is too old and no packaged Node fits ${process.platform}-${process.arch}: install Node ${minimumNode.join('.')} or newer`,
  );
  process.exit(1);
}

function build() {
  const stamp = join(root, '.cache/built');
  if (existsSync(stamp) && newestSource() <= statSync(stamp).mtimeMs) return;
  console.error('millrace: building …');
  const began = new Date();
  run(nodeBinary(), [join(root, 'node_modules/typescript/bin/tsc'), '-b', 'packages/server'], {
    stdio: ['ignore', 2, 2],
  });
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, `${began.toISOString()}\n`);
}

function newestSource() {
  let newest = 0;
  for (const name of readdirSync(join(root, 'packages'))) {
    const folder = join(root, 'packages', name, 'src');
    if (!existsSync(folder)) continue;
    for (const entry of readdirSync(folder, { recursive: true })) {
      newest = Math.max(newest, statSync(join(folder, entry)).mtimeMs);
    }
  }
  return newest;
}

function generate(checkOnly) {
  const flag = checkOnly ? ['--check'] : [];
  for (const file of readdirSync(join(root, 'tools')).filter((entry) => entry.startsWith('generate-'))) {
    source(join('tools', file), flag);
  }
}

function check() {
  stage('types', () => tool('tsc', ['-b']));
  stage('lint', () => tool('oxlint', ['--type-aware', '--deny-warnings']));
  stage('format', () => tool('oxfmt', ['--check', '.']));
  stage('unused code', () => tool('knip', ['--no-config-hints']));
  stage('generated files', () => generate(true));
}

function test(args) {
  build();
  check();
  stage('clients for the tests', () => source('tests/clients/prepare.ts', []));
  stage('tests', () => nodeTest(args.length > 0 ? args : ['packages/*/test/**/*.test.ts', 'tests/**/*.test.ts']));
}

function unit(args) {
  nodeTest(args.length > 0 ? args : ['packages/*/test/**/*.test.ts']);
}

function nodeTest(patterns) {
  const concurrency = process.env.MILLRACE_TEST_CONCURRENCY ?? '3';
  runNode(['--conditions=source', '--test', `--test-concurrency=${concurrency}`, '--test-reporter=spec', ...patterns]);
}

function simulate(args) {
  const [seeds, seed] = [value(args, '--seeds'), value(args, '--seed')];
  const env = { ...process.env, ...(seeds && { MILLRACE_SEEDS: seeds }), ...(seed && { MILLRACE_SEED: seed }) };
  runNode(['--conditions=source', '--test', '--test-reporter=spec', 'tests/simulation/**/*.test.ts'], env);
}

function fuzz(args) {
  const [cases = '1000000', seed] = [value(args, '--cases'), value(args, '--seed')];
  const env = { ...process.env, MILLRACE_CASES: cases, ...(seed && { MILLRACE_FUZZ_SEED: seed }) };
  const differential = [
    'packages/server/test/listen/http1-differential.test.ts',
    'packages/protocol/test/scan-put-records.test.ts',
  ];
  const files = ['tests/fuzz/fuzz.test.ts', ...(seed ? [] : differential)];
  runNode(['--conditions=source', '--test', '--test-concurrency=1', '--test-reporter=spec', ...files], env);
}

function value(args, flag) {
  return args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined;
}

function clients() {
  build();
  source('tests/clients/prepare.ts', []);
  table('clients and modes', ['tests/clients/**/*.test.ts', 'tests/clients/**/*.client.ts']);
}

function destinations(args) {
  const stories = /(\.destination|\.test)\.ts$/;
  const names = readdirSync(join(root, 'tests/destinations')).filter((file) => stories.test(file));
  if (args.includes('--help')) {
    console.log(`usage: npm run destinations [-- [--offline] WORD …]

Runs Firehose against real servers (docs/reference/destinations.md). A word picks the files with it in their name:
${names.map((file) => `  ${file.replace(stories, '')}`).join('\n')}
--offline leaves out the preparation, which fetches the servers into .cache the first time.`);
    return;
  }
  const words = args.filter((word) => word !== '--offline');
  const unknown = words.find((word) => !names.some((file) => file.includes(word)));
  if (unknown !== undefined) {
    console.error(
      `millrace: no file of tests/destinations has ${unknown} in its name: see npm run destinations -- --help`,
    );
    process.exit(2);
  }
  const picked = names.filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
  build();
  if (!args.includes('--offline')) source('tests/destinations/prepare.ts', []);
  table(
    'stories of destinations',
    picked.map((file) => join('tests/destinations', file)),
  );
}

/** Runs test files one by one with a line for each test. */
function table(what, files) {
  const reporter = `--test-reporter=${join(root, 'tools/client-table.mjs')}`;
  const env = { ...process.env, MILLRACE_TABLE_OF: what };
  runNode(['--conditions=source', '--test', '--test-concurrency=1', reporter, ...files], env);
}

function faults() {
  build();
  const env = { MILLRACE_FAULTS: '1', MILLRACE_KILL_ROUNDS: '100', ...process.env };
  const each = ['--test-concurrency=1', '--test-reporter=spec'];
  runNode(['--conditions=source', '--test', ...each, 'tests/process/**/*.test.ts'], env);
}

function source(file, args) {
  runNode(['--conditions=source', join(root, file), ...args]);
}

function tool(name, args) {
  const folder = join(root, 'node_modules', name === 'tsc' ? 'typescript' : name);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  runNode([join(folder, typeof bin === 'string' ? bin : bin[name]), ...args]);
}

function runNode(args, env = process.env) {
  run(nodeBinary(), args, { env });
}

function stage(title, work) {
  const began = performance.now();
  console.error(`\n# ${title}`);
  work();
  console.error(`# ${title}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

function run(command, args, options = {}) {
  const outcome = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (outcome.error) console.error(`millrace: ${command}: ${outcome.error.message}`);
  if (outcome.status !== 0) process.exit(outcome.status ?? 1);
}
