import type { Disk } from '@millrace/world';
import type { ObjectStore } from '../object-store.ts';

/**
 * Buckets as folders, objects as files below them: what Firehose delivers to where no S3 is configured.
 *
 *   DIRECTORY/BUCKET/KEY       the slashes of a key are folders
 *   DIRECTORY/.unfinished/N    objects on their way; emptied at the start
 *
 * A part of a key that a file system would not take literally ('.', '..', an empty one) has each such character written as
 * %2E or %2F, as in a URL.
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
      const file = await disk.open(temporary, 'create');
      try {
        await file.write(body, 0);
        await file.datasync();
      } finally {
        await file.close();
      }
      const parts = [bucket, ...key.split('/').map(fileName)];
      const folders = parts.slice(0, -1).map((_, index) => [directory, ...parts.slice(0, index + 1)].join('/'));
      await disk.makeDirectory(folders.at(-1)!);
      await disk.rename(temporary, [directory, ...parts].join('/'));
      // The innermost first; a folder that is new is an entry of the one above.
      for (const folder of [...folders.toReversed(), directory]) await disk.syncDirectory(folder);
    },
  };
}

function fileName(part: string): string {
  if (part === '') return '%2F';
  return part === '.' || part === '..' ? part.replaceAll('.', '%2E') : part;
}
