/** A model's shapes with references resolved: what codecs and validators are compiled from. Recursive shapes are cycles. */
export type Shape = StructureShape | ListShape | MapShape | ScalarShape;

export interface StructureShape {
  readonly type: 'structure';
  readonly name: string;
  readonly members: readonly Member[];
  readonly isException: boolean;
  /** One member is sent a message at a time (SubscribeToShard). */
  readonly isEventStream: boolean;
  /** The member that is the whole body, in rest-json. */
  readonly payload?: string | undefined;
}

export interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly required: boolean;
  /** Where rest-json has it; undefined in the body. */
  readonly location?: Location | undefined;
}

/** A member's place outside of the body: a label of the path, a parameter of the query, a header, the status. */
export interface Location {
  readonly in: 'uri' | 'querystring' | 'header' | 'statusCode';
  readonly name: string;
}

export interface ListShape {
  readonly type: 'list';
  readonly name: string;
  readonly element: Shape;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

export interface MapShape {
  readonly type: 'map';
  readonly name: string;
  readonly key: Shape;
  readonly value: Shape;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** In memory: string, number, boolean; blob is Buffer; timestamp is a number of milliseconds since the epoch. */
export interface ScalarShape {
  readonly type: 'string' | 'integer' | 'long' | 'double' | 'float' | 'boolean' | 'blob' | 'timestamp';
  readonly name: string;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly pattern?: string | undefined;
  readonly values?: readonly string[] | undefined;
}

export interface OperationModel {
  readonly name: string;
  readonly input: StructureShape;
  readonly output: StructureShape;
  readonly errors: readonly string[];
  readonly http: { readonly method: string; readonly requestUri: string; readonly responseCode: number };
  /**
   * A parsed body (JSON or CBOR tree) to the input. `blobs` says how blobs stand in the tree; 'either' takes base64 text
   * and bytes. Throws AwsError SerializationException with AWS's words on a wrong type; unknown members are dropped.
   * The tree is taken over: what it returns is the tree itself, changed in place.
   */
  decode(tree: unknown, blobs: 'base64' | 'either'): never;
  /** Throws AwsError ValidationException listing every violated constraint, in AWS's words and order. */
  check(input: unknown): void;
  /**
   * The output as JSON text: blobs in base64, timestamps in seconds, absent members left out. '' where the model gives the
   * operation no output.
   */
  encodeJson(output: unknown): string;
  /** The same in UTF-8, and the faster way to it where an output carries blobs. The order of members may differ. */
  encodeJsonBytes(output: unknown, room?: Room): Buffer;
}

export interface ServiceModel {
  /** The model's endpointPrefix, e.g. 'kinesis'. */
  readonly id: string;
  /** X-Amz-Target is `${targetPrefix}.${operation}`. */
  readonly targetPrefix: string;
  /** How the query protocol names the service and its errors; undefined where it is not spoken. */
  readonly query: { readonly version: string; readonly namespace: string } | undefined;
  /** Whether it is spoken to by rest-json: operations by method and path. */
  readonly isRest: boolean;
  /** Codes of errors whose shapes have another name, by the shape's. */
  readonly errorCodes: ReadonlyMap<string, string>;
  /** The service name in a signature's scope. */
  readonly signingName: string;
  readonly operations: ReadonlyMap<string, OperationModel>;
}

/** Gives memory of a length, for a time that its caller knows; whatever stands in it. */
export type Room = (length: number) => Buffer;
