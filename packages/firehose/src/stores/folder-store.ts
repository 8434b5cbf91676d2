import type { Disk } from '@millrace/world';
import type { ObjectStore } from '../object-store.ts';
import { fileNames } from './file-names.ts';

/**
 * Buckets as folders, objects as files below them: what Firehose delivers to where no S3 is configured.
 *
 *   DIRECTORY/BUCKET/KEY       the slashes of a key are folders
 *   DIRECTORY/.unfinished/N    objects on their way; emptied at the start
 *
 * A part of a key that a file system would not take literally ('.', '..', an empty one) has each such character written as
 * %2E or %2F, as in a URL; so have the dots that a bucket's name begins with.
 * A part that is too long for a file's name goes on in a folder of its beginning.
 */
export async function openFolderStore(disk: Disk, directory: string): Promise<ObjectStore> {
  const unfinished = `${directory}/.unfinished`;
  await disk.remove(unfinished);
  await disk.makeDirectory(unfinished);
  let count = 0;
  return {
    async put({ bucket, key, body }) {
      count += 1;
      const temporary = `${unfinished}/${count}`;
      const parts = [bucketName(bucket), ...key.split('/').flatMap(fileNames)];
      const folders = parts.slice(0, -1).map((_, index) => [directory, ...parts.slice(0, index + 1)].join('/'));
      try {
        await write(disk, temporary, body);
        await disk.makeDirectory(folders.at(-1)!);
        await disk.rename(temporary, [directory, ...parts].join('/'));
      } catch (error) {
        // Who delivers tries again, for hours perhaps: what is left each time would fill the disk.
        await disk.remove(temporary).catch(() => undefined);
        throw error;
      }
      // The innermost first; a folder that is new is an entry of the one above.
      for (const folder of [...folders.toReversed(), directory]) await disk.syncDirectory(folder);
    },
  };
}

async function write(disk: Disk, path: string, body: readonly Buffer[]): Promise<void> {
  const file = await disk.open(path, 'create');
  try {
    await file.write(body, 0);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** The API takes buckets whose names begin with dots: '..', and what the folder has for itself. */
function bucketName(bucket: string): string {
  return bucket.replace(/^\.+/, (dots) => dots.replaceAll('.', '%2E'));
}
