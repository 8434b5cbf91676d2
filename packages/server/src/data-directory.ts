import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { World } from '@millrace/world';
import { ConfigurationError } from './configuration.ts';

/** The version of the layout of a data directory; raised when an older server could not read what a newer one wrote. */
export const dataVersion = 1;

/** Marks a new directory, and refuses one that is not ours or that a newer version wrote. */
export async function checkDirectory(world: World, directory: string): Promise<void> {
  const path = join(directory, 'FORMAT');
  if (await world.disk.exists(path)) {
    const match = /^millrace data (\d+)\n$/.exec(await readFile(path, 'utf8'));
    if (match === null) throw new ConfigurationError(`${path}: this is not a data directory of Millrace`);
    if (Number(match[1]) > dataVersion)
      throw new ConfigurationError(
        `${directory} was written by a newer version of Millrace (format ${match[1]}, this one knows ${dataVersion})`,
      );
    return;
  }
  const others = (await world.disk.list(directory)).filter((name) => !name.startsWith('lock.sock'));
  if (others.length > 0) throw new ConfigurationError(`${directory} is not empty and not a data directory of Millrace`);
  const file = await world.disk.open(`${path}.draft`, 'write');
  await file.write([Buffer.from(`millrace data ${dataVersion}\n`)], 0);
  await file.datasync();
  await file.close();
  await world.disk.rename(`${path}.draft`, path);
  await world.disk.syncDirectory(directory);
}
