/**
 * Every package installs as it says: packed as npm would publish it, then looked at by publint (entries, files, fields) and by
 * Are The Types Wrong (what TypeScript finds at each entry, and whether Node finds the same). Ours are ES modules alone, for
 * Node 22 and later: what CommonJS resolution before `require(esm)` or TypeScript's of Node 10 would say does not count.
 */
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { problemAffectsResolutionKind } from '@arethetypeswrong/core/problems';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly description?: string;
}

const manifests = new Map<string, Manifest>();
for (const folder of await readdir(join(root, 'packages'))) {
  const manifest = JSON.parse(await readFile(join(root, 'packages', folder, 'package.json'), 'utf8')) as Manifest;
  if (manifest.private !== true) manifests.set(folder, manifest);
}

let packed = '';
/** By a package's name: its tarball. */
let tarballs: Map<string, { filename: string; files: readonly { path: string }[] }>;

before(async () => {
  packed = await mkdtemp(join(tmpdir(), 'millrace-packed-'));
  const folders = [...manifests.keys()].map((folder) => join(root, 'packages', folder));
  const parameters = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', packed];
  const { stdout } = await run('npm', [...parameters, ...folders], { cwd: root, maxBuffer: 1 << 26 });
  const answer = JSON.parse(stdout) as { name: string; filename: string; files: { path: string }[] }[];
  tarballs = new Map(answer.map((one) => [one.name, one]));
});
after(() => rm(packed, { recursive: true }));

for (const [folder, manifest] of manifests)
  test(`${manifest.name} publishes cleanly`, { timeout: 120_000 }, async () => {
    const { filename, files } = tarballs.get(manifest.name)!;
    const tarball = await readFile(join(packed, filename));

    const { messages, pkg } = await publint({
      pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.length) },
    });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg)),
      [],
    );

    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)));
    assert.ok(analysis.types !== false, 'there are no types');
    const counting = analysis.problems.filter((problem) =>
      (['node16-esm', 'bundler'] as const).some((kind) => problemAffectsResolutionKind(problem, kind, analysis)),
    );
    assert.deepEqual(counting, []);
    assert.ok(Object.keys(analysis.entrypoints).length > 0);

    const paths = files.map(({ path }) => path);
    const description = manifest.description ?? '';
    assert.notEqual(description, '', 'it does not say what it is');
    // Who installs Millrace gets its parts with it: they need no page of their own.
    const wanted = ['LICENSE', ...(description.startsWith('Part of Millrace: ') ? [] : ['README.md'])];
    for (const path of wanted) assert.ok(paths.includes(path), `packages/${folder} has no ${path}`);
    assert.deepEqual(
      paths.filter((path) => /tsbuildinfo|(^|\/)test\//.test(path)),
      [],
    );
  });

test('what was packed runs where nothing else of ours is', { timeout: 120_000 }, async () => {
  const modules = join(packed, 'node_modules');
  for (const { name } of manifests.values()) {
    await mkdir(join(modules, name), { recursive: true });
    const tarball = join(packed, tarballs.get(name)!.filename);
    await run('tar', ['-xzf', tarball, '-C', join(modules, name), '--strip-components=1']);
  }
  for (const name of await readdir(join(root, 'node_modules')))
    if (name !== '@millrace' && name !== 'millrace' && !name.startsWith('.'))
      await symlink(join(root, 'node_modules', name), join(modules, name));
  for (const { name } of manifests.values()) {
    const script = `const all = await import('${name}'); if (Object.keys(all).length === 0) process.exit(1);`;
    await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: packed });
  }
  const { stdout } = await run(process.execPath, [join(modules, 'millrace/dist/cli.js'), '--help'], { cwd: packed });
  assert.match(stdout, /serve/);
});
