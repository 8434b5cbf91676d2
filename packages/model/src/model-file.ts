import { createRequire } from 'node:module';

/** A service's model as it lies in data/: AWS's service-2 format without its prose. */
export interface ModelFile {
  readonly metadata: {
    readonly endpointPrefix: string;
    /** Absent where the service is only spoken to by the query protocol. */
    readonly targetPrefix?: string;
    readonly signingName?: string;
    readonly apiVersion: string;
    readonly protocol: string;
    readonly protocols?: readonly string[];
    readonly xmlNamespace?: string;
  };
  readonly operations: Readonly<Record<string, FileOperation>>;
  readonly shapes: Readonly<Record<string, FileShape>>;
}

export interface FileOperation {
  readonly name: string;
  readonly http: { readonly method: string; readonly requestUri: string; readonly responseCode?: number };
  readonly input?: FileReference;
  readonly output?: FileReference;
  readonly errors?: readonly FileReference[];
}

export interface FileReference {
  readonly shape: string;
  /** Where rest-json has it, if not in the body. */
  readonly location?: string;
  readonly locationName?: string;
}

/** One shape; which of the optional parts it has depends on its type. */
export interface FileShape {
  readonly type: string;
  readonly members?: Readonly<Record<string, FileReference>>;
  readonly required?: readonly string[];
  readonly exception?: boolean;
  readonly error?: { readonly code?: string };
  /** The member that is rest-json's whole body. */
  readonly payload?: string;
  readonly eventstream?: boolean;
  readonly member?: FileReference;
  readonly key?: FileReference;
  readonly value?: FileReference;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

/**
 * What the model does not say, or says wrongly, and how we know.
 *
 *   file       = { "patches": [patch…], "checkOrder": { structure: order… } }
 *   patch      = { "path": [name…], "value": anything, "evidence": text }    puts value at path, from the model's root
 *   order      = { "members": [name…], "evidence": text }
 *
 * An order lists the members whose violations are reported in this sequence, where java-order.ts computes another.
 */
export interface PatchFile {
  readonly patches: readonly Patch[];
  readonly checkOrder: Readonly<Record<string, { readonly members: readonly string[]; readonly evidence: string }>>;
}

export interface Patch {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly evidence: string;
}

export type ServiceId = 'kinesis' | 'firehose' | 'lambda' | 'dynamodb' | 'cloudwatch' | 'sts' | 'glue';

// The data folder lies beside both src and dist, so one relative path serves the sources and the built package.
const require = createRequire(import.meta.url);

/** The model of a service with its patches applied. Throws when a patch names a place that the model does not have. */
export function readModelFile(id: ServiceId): ModelFile {
  const file: unknown = require(`../data/${id}.json`);
  // Node reads the file once and keeps the object: patching it again changes nothing.
  for (const patch of readPatchFile(id).patches) applyPatch(file, patch);
  return file as ModelFile;
}

export function readPatchFile(id: ServiceId): PatchFile {
  return require(`../data/${id}-patches.json`) as PatchFile;
}

/** Replaces what stands at the patch's path. A path that leads nowhere means the model has changed: the patch is stale. */
export function applyPatch(root: unknown, patch: Patch): void {
  const last = patch.path.at(-1);
  let place = root;
  for (const name of patch.path.slice(0, -1)) place = isObject(place) ? place[name] : undefined;
  if (last === undefined || !isObject(place) || !(last in place)) {
    throw new Error(`The model has nothing at ${patch.path.join('.')}: its patch is stale.`);
  }
  place[last] = patch.value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
