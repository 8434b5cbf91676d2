import type { Disk } from '@millrace/world';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { fromBufferPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { invalidParameter } from '../errors.ts';

/** AWS's limit. */
const mostUnzippedBytes = 262_144_000;
/** Ours: a deployment package has thousands of files and folders, not millions. */
const mostEntries = 50_000;
const mostNameLetters = 1024;
/** Of the file system, for names that it cannot have: too long, or a file where another entry needs a folder. */
const nameCodes = new Set(['ENAMETOOLONG', 'ENOTDIR', 'EISDIR', 'EEXIST']);

/**
 * Writes the files of a zip below a directory, one after the other. Throws InvalidParameterValueException for what is no zip, is
 * damaged, holds a link or a name that leads elsewhere, or is larger inside than AWS's limit; the directory's content is then
 * half and the caller's to remove.
 */
export async function unzip(disk: Disk, zip: Buffer, directory: string): Promise<void> {
  try {
    const file = await fromBufferPromise(zip, { lazyEntries: true });
    const entries = await entriesOf(file);
    const made = new Set<string>();
    const written = new Set<string>();
    for (const entry of entries) {
      if (entry.fileName.endsWith('/')) continue;
      const path = `${directory}/${entry.fileName}`;
      const folder = path.slice(0, path.lastIndexOf('/'));
      if (!made.has(folder)) await disk.makeDirectory(folder);
      made.add(folder);
      // The last of two of a name is the one that counts; a longer one before it must not stick out behind it.
      if (written.has(path)) await disk.remove(path);
      written.add(path);
      await writeFile(disk, path, await contentOf(zip, file, entry));
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'InvalidParameterValueException') throw error;
    // Disk errors have codes; they are not the zip's.
    if (error instanceof Error && 'code' in error && 'syscall' in error && !nameCodes.has(String(error.code)))
      throw error;
    throw invalidParameter('Could not unzip uploaded file. Please check your file, then try to upload again.');
  }
}

/** What is in a zip, by its directory alone: what is too much is refused before any of it is written. */
async function entriesOf(file: ZipFile): Promise<Entry[]> {
  const entries: Entry[] = [];
  const folders = new Set<string>();
  let bytes = 0;
  for await (const entry of file.eachEntry()) {
    const { fileName, uncompressedSize } = entry;
    bytes += uncompressedSize;
    if (bytes > mostUnzippedBytes)
      throw invalidParameter(`Unzipped size must be smaller than ${mostUnzippedBytes} bytes`);
    if (fileName.length > mostNameLetters)
      throw invalidParameter(`A name in the zip has more than ${mostNameLetters} letters.`);
    addFolders(fileName, folders);
    entries.push(entry);
    if (entries.length + folders.size > mostEntries)
      throw invalidParameter(`The zip has more than ${mostEntries} files and folders.`);
    if (isLink(entry)) throw invalidParameter(`${fileName} is a link: Millrace takes files and folders.`);
  }
  if (entries.length === 0) throw invalidParameter('Uploaded file must be a non-empty zip');
  return entries;
}

/** The folders above a name: each takes room on the disk, and a long name can have hundreds. */
function addFolders(name: string, known: Set<string>): void {
  for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1)) {
    const folder = name.slice(0, end);
    if (known.has(folder)) return;
    known.add(folder);
  }
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
