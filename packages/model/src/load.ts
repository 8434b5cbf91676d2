import { CheckCompiler } from './check.ts';
import { DecoderCompiler } from './decode.ts';
import { JsonEncoderCompiler } from './encode-json.ts';
import { jsonBytesEncoder } from './encode-json-bytes.ts';
import type { JsonEncoder } from './encode-json.ts';
import { readModelFile, readPatchFile } from './model-file.ts';
import type { FileOperation, ModelFile, ServiceId } from './model-file.ts';
import { ShapeGraph } from './shape-graph.ts';
import type { OperationModel, ServiceModel, Shape } from './shapes.ts';

const loaded = new Map<ServiceId, ServiceModel>();
const jsonEncoders = new JsonEncoderCompiler();

/** A service's model with its compiled codecs. Compiled once; later calls return the same object. */
export function loadService(id: ServiceId): ServiceModel {
  const known = loaded.get(id);
  if (known !== undefined) return known;
  const service = compileService(readModelFile(id), id);
  loaded.set(id, service);
  return service;
}

/**
 * The JSON text of a value of any shape of a loaded model: what OperationModel.encodeJson does for outputs, for the
 * messages of an event stream and for errors.
 */
export function jsonEncoder(shape: Shape): JsonEncoder {
  return jsonEncoders.encoder(shape);
}

function compileService(file: ModelFile, id: ServiceId): ServiceModel {
  const { endpointPrefix, targetPrefix, signingName, apiVersion } = file.metadata;
  const graph = new ShapeGraph(file);
  const decoders = new DecoderCompiler();
  const checks = new CheckCompiler({
    javaPackage: `com.amazonaws.${endpointPrefix}.v${apiVersion.replaceAll('-', '')}`,
    order: readPatchFile(id).checkOrder,
  });
  const operations = new Map<string, OperationModel>();
  for (const [name, operation] of Object.entries(file.operations)) {
    operations.set(name, compileOperation(operation, graph, decoders, checks));
  }
  const { protocol, protocols = [protocol], xmlNamespace: namespace } = file.metadata;
  return {
    id: endpointPrefix,
    targetPrefix: targetPrefix ?? '',
    query: protocols.includes('query') && namespace !== undefined ? { version: apiVersion, namespace } : undefined,
    isRest: protocol === 'rest-json',
    errorCodes: errorCodesOf(file),
    signingName: signingName ?? endpointPrefix,
    operations,
  };
}

function errorCodesOf({ shapes }: ModelFile): Map<string, string> {
  const codes = Object.entries(shapes).map(([name, { error }]): [string, string] => [name, error?.code ?? name]);
  return new Map(codes.filter(([name, code]) => name !== code));
}

function compileOperation(
  file: FileOperation,
  graph: ShapeGraph,
  decoders: DecoderCompiler,
  checks: CheckCompiler,
): OperationModel {
  const input = graph.structure(file.input, `${file.name}Input`);
  const output = graph.structure(file.output, `${file.name}Output`);
  const decode = decoders.input(input);
  // AWS answers an operation that the model gives no output with an empty body.
  const hasOutput = file.output !== undefined;
  return {
    name: file.name,
    input,
    output,
    errors: (file.errors ?? []).map((error) => error.shape),
    http: {
      method: file.http.method,
      requestUri: file.http.requestUri,
      responseCode: file.http.responseCode ?? 200,
    },
    decode: (tree, blobs) => decode(tree, blobs === 'either') as never,
    check: checks.input(input),
    encodeJson: hasOutput ? jsonEncoders.encoder(output) : () => '',
    encodeJsonBytes: hasOutput ? jsonBytesEncoder(output, jsonEncoders) : () => Buffer.alloc(0),
  };
}
