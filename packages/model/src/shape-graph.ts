import type { FileReference, FileShape, ModelFile } from './model-file.ts';
import type { Location, Member, ScalarShape, Shape, StructureShape } from './shapes.ts';

/** Resolves a model's references, so that codecs walk objects instead of names. Each shape is one object. */
export class ShapeGraph {
  private readonly resolved = new Map<string, Shape>();
  private readonly model: ModelFile;

  constructor(model: ModelFile) {
    this.model = model;
  }

  /** Throws when the model has no such shape, or one of an unknown type. */
  shape(name: string): Shape {
    const known = this.resolved.get(name);
    if (known !== undefined) return known;
    const file = this.model.shapes[name];
    if (file === undefined) throw new Error(`The model has no shape ${name}.`);
    return this.resolve(name, file);
  }

  /** A structure by its reference; without one, an empty structure of the given name. */
  structure(reference: FileReference | undefined, nameIfAbsent: string): StructureShape {
    if (reference === undefined) {
      return { type: 'structure', name: nameIfAbsent, members: [], isException: false, isEventStream: false };
    }
    const shape = this.shape(reference.shape);
    if (shape.type !== 'structure') throw new Error(`The model's ${shape.name} is not a structure.`);
    return shape;
  }

  private resolve(name: string, file: FileShape): Shape {
    const { min, max } = file;
    switch (file.type) {
      case 'structure':
        return this.resolveStructure(name, file);
      case 'list': {
        const list = this.register({ type: 'list', name, min, max } as Shape & { element: Shape });
        list.element = this.shape(referenced(name, file.member));
        return list;
      }
      case 'map': {
        const map = this.register({ type: 'map', name, min, max } as Shape & { key: Shape; value: Shape });
        map.key = this.shape(referenced(name, file.key));
        map.value = this.shape(referenced(name, file.value));
        return map;
      }
      default:
        if (!isScalar(file.type)) throw new Error(`Shape ${name} has the unknown type ${file.type}.`);
        return this.register({ type: file.type, name, min, max, pattern: file.pattern, values: file.enum });
    }
  }

  private resolveStructure(name: string, file: FileShape): StructureShape {
    const members: Member[] = [];
    const structure = this.register<StructureShape>({
      type: 'structure',
      name,
      members,
      isException: file.exception === true,
      isEventStream: file.eventstream === true,
      payload: file.payload,
    });
    const required = new Set(file.required);
    for (const [member, reference] of Object.entries(file.members ?? {})) {
      members.push({
        name: member,
        shape: this.shape(reference.shape),
        required: required.has(member),
        ...(reference.location !== undefined && { location: locationOf(member, reference) }),
      });
    }
    return structure;
  }

  /** Known before its parts are: a shape that holds itself finds itself. */
  private register<T extends Shape>(shape: T): T {
    this.resolved.set(shape.name, shape);
    return shape;
  }
}

const locations: ReadonlySet<string> = new Set<Location['in']>(['uri', 'querystring', 'header', 'statusCode']);

function locationOf(member: string, { location, locationName = member }: FileReference): Location {
  if (!locations.has(location!)) throw new Error(`Member ${member} has the unknown location ${location}.`);
  return { in: location as Location['in'], name: locationName };
}

function referenced(name: string, reference: FileReference | undefined): string {
  if (reference === undefined) throw new Error(`Shape ${name} does not say what it holds.`);
  return reference.shape;
}

const scalarTypes: ReadonlySet<string> = new Set<ScalarShape['type']>([
  'string',
  'integer',
  'long',
  'double',
  'float',
  'boolean',
  'blob',
  'timestamp',
]);

function isScalar(type: string): type is ScalarShape['type'] {
  return scalarTypes.has(type);
}
