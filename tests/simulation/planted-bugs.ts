/**
 * Do the simulations see what they are there for? Each of bugs.ts is planted into a copy of the sources, and the stories run
 * on it: a bug that no seed finds is an error. Run by `npm run planted`, or `npm run planted -- WORDS` for those bugs alone.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bugs } from './bugs.ts';
import type { PlantedBug } from './planted-bug.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** A copy of the sources, whose packages find each other and not those of the checkout. */
async function copySources(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'millrace-planted-'));
  for (const folder of ['packages', 'tests/simulation']) {
    const filter = (path: string): boolean => !/\/(dist|node_modules)(\/|$)/.test(path.slice(root.length));
    await cp(join(root, folder), join(copy, folder), { recursive: true, filter });
  }
  await cp(join(root, 'package.json'), join(copy, 'package.json'));
  const modules = join(copy, 'node_modules');
  await mkdir(join(modules, '@millrace'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name !== '@millrace' && !name.startsWith('.'))
      await symlink(join(root, 'node_modules', name), join(modules, name));
  }
  for (const name of await readdir(join(root, 'packages')))
    await symlink(join(copy, 'packages', name), join(modules, '@millrace', name));
  return copy;
}

/** Words of the stories' names in simulation.test.ts. What a package of clients does wrong, its own story must see. */
const ownStories: Readonly<Record<string, string>> = {
  agent: 'agent',
  cloudwatch: 'metrics',
  consumer: 'consumers',
  firehose: 'Firehose',
  functions: 'mappings',
  producer: 'producers',
};
const allStories = ['the log', 'damaged', 'streams', ...Object.values(ownStories)];

function storiesOf(file: string): readonly string[] {
  const own = ownStories[file.split('/')[1]!];
  return own === undefined ? allStories : [own];
}

/** The line that tells which seed of a story failed, or undefined. */
async function failureOf(copy: string, story: string, seeds: number): Promise<string | undefined> {
  try {
    const test = join(copy, 'tests/simulation/simulation.test.ts');
    const parameters = ['--conditions=source', '--test', '--test-timeout=120000', `--test-name-pattern=${story}`, test];
    await run(process.execPath, parameters, {
      cwd: copy,
      maxBuffer: 64 << 20,
      env: { ...process.env, MILLRACE_SEEDS: String(seeds) },
    });
    return undefined;
  } catch (error) {
    const { stdout } = error as { stdout: string };
    return (
      /seed \d+ fails.*/.exec(stdout)?.[0] ?? stdout.split('\n').find((line) => line.includes('Error')) ?? 'failed'
    );
  }
}

/** What the first story told that sees the bug, or undefined. */
async function findWith(copy: string, bug: PlantedBug): Promise<string | undefined> {
  const { file, from, to, what, seeds = 400 } = bug;
  const path = join(copy, file);
  const source = await readFile(path, 'utf8');
  if (source.split(from).length !== 2) throw new Error(`${file} does not have "${from}" once: mend the list (${what})`);
  await writeFile(
    path,
    source.replace(from, () => to),
  );
  try {
    for (const story of storiesOf(bug.file)) {
      const failure = await failureOf(copy, story, seeds);
      if (failure !== undefined) return failure;
    }
    return undefined;
  } finally {
    await writeFile(path, source);
  }
}

const words = process.argv.slice(2).join(' ');
const wanted = bugs.filter(({ what, file }) => `${what} ${file}`.includes(words));
const copy = await copySources();
let missed = 0;
try {
  for (const bug of wanted) {
    const found = await findWith(copy, bug);
    if (found === undefined) missed += 1;
    console.log(
      `${found === undefined ? 'MISSED' : 'found '} ${bug.what}${found === undefined ? '' : `\n         ${found}`}`,
    );
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}
console.log(`${wanted.length - missed} of ${wanted.length} planted bugs were found`);
process.exitCode = missed === 0 ? 0 : 1;
