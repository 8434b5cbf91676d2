import type { Disk } from '@millrace/world';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { fromBufferPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { invalidParameter } from '../errors.ts';

/** AWS's limit. */
const mostUnzippedBytes = 262_144_000;
/** Ours: a deployment package has thousands of files, not millions. */
const mostEntries = 50_000;

/**
 * Writes the files of a zip below a directory, one after the other. Throws InvalidParameterValueException for what is no zip, is
 * damaged, holds a link or a name that leads elsewhere, or is larger inside than AWS's limit; the directory's content is then
 * half and the caller's to remove.
 */
export async function unzip(disk: Disk, zip: Buffer, directory: string): Promise<void> {
  const folders = new Set<string>();
  let bytes = 0;
  let entries = 0;
  try {
    const file = await fromBufferPromise(zip, { lazyEntries: true });
    for await (const entry of file.eachEntry()) {
      entries += 1;
      bytes += entry.uncompressedSize;
      if (bytes > mostUnzippedBytes || entries > mostEntries)
        throw invalidParameter(`Unzipped size must be smaller than ${mostUnzippedBytes} bytes`);
      if (isLink(entry)) throw invalidParameter(`${entry.fileName} is a link: Millrace takes files and folders.`);
      if (entry.fileName.endsWith('/')) continue;
      const path = `${directory}/${entry.fileName}`;
      const folder = path.slice(0, path.lastIndexOf('/'));
      if (!folders.has(folder)) await disk.makeDirectory(folder);
      folders.add(folder);
      await writeFile(disk, path, await contentOf(zip, file, entry));
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'InvalidParameterValueException') throw error;
    // Disk errors have codes; they are not the zip's.
    if (error instanceof Error && 'code' in error && 'syscall' in error) throw error;
    throw invalidParameter('Could not unzip uploaded file. Please check your file, then try to upload again.');
  }
  if (entries === 0) throw invalidParameter('Uploaded file must be a non-empty zip');
}

const stored = 0;
const deflated = 8;
const inflate = promisify(inflateRaw);

/** A file's bytes: as many as its entry says, with the sum that it says. */
async function contentOf(zip: Buffer, file: ZipFile, entry: Entry): Promise<Buffer> {
  const { compressedSize, uncompressedSize, compressionMethod, fileName } = entry;
  const { fileDataStart: start } = await file.readLocalFileHeaderPromise(entry, { minimal: true });
  const packed = zip.subarray(start, start + compressedSize);
  if (entry.isEncrypted() || (compressionMethod !== stored && compressionMethod !== deflated))
    throw new Error(`${fileName} is encrypted or compressed in an unknown way`);
  const content =
    compressionMethod === stored || uncompressedSize === 0
      ? packed.subarray(0, uncompressedSize)
      : await inflate(packed, { maxOutputLength: uncompressedSize });
  if (content.length !== uncompressedSize || crc32(content) !== entry.crc32) throw new Error(`${fileName} is damaged`);
  return content;
}

async function writeFile(disk: Disk, path: string, content: Buffer): Promise<void> {
  const target = await disk.open(path, 'write');
  try {
    if (content.length > 0) await target.write([content], 0);
  } finally {
    await target.close();
  }
}

const kindMask = 0o170000;
const linkKind = 0o120000;

/** Unix's mode stands in the upper half of the attributes. */
function isLink({ externalFileAttributes }: Entry): boolean {
  return ((externalFileAttributes >>> 16) & kindMask) === linkKind;
}
