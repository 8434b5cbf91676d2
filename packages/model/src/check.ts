import { AwsError } from './aws-error.ts';
import { constraintsOf, maySkip } from './constraints.ts';
import type { Constraint } from './constraints.ts';
import { memberOrder } from './java-order.ts';
import { javaText } from './java-text.ts';
import type { ListShape, MapShape, Member, ScalarShape, Shape, StructureShape } from './shapes.ts';

// Rules, as the recorded answers show them:
// - Members are visited in Java's order (java-order.ts); a list's own violations stand before those of its elements.
// - A structure in a list reports at path.N.member.name, N from 1. Scalars in a list, keys and values of a map report once,
//   at the list or map itself, with all their constraints in brackets.
// - At most ten violations are listed, and counted.
//
// A checker has two halves: `holds` says only yes or no, without allocating, and is what a good request costs;
// `collect` writes the words, once something is known to be wrong.

interface Checker {
  holds(value: unknown): boolean;
  collect(value: unknown, path: string, found: string[]): void;
}

interface CheckedMember {
  readonly name: string;
  readonly required: boolean;
  readonly path: string;
  readonly checker: Checker | undefined;
}

const maxListed = 10;

export interface CheckContext {
  /** The Java package in which AWS's structures lie, for the text of structures. */
  readonly javaPackage: string;
  /** Members by structure whose order is known from AWS's answers. */
  readonly order: Readonly<Record<string, { readonly members: readonly string[] }>>;
}

/** Compiles checkers; a shape that occurs often is compiled once. */
export class CheckCompiler {
  private readonly context: CheckContext;
  private readonly compiled = new Map<Shape, Checker>();

  constructor(context: CheckContext) {
    this.context = context;
  }

  /** A function that throws AwsError ValidationException with all that is wrong with a decoded input. */
  input(shape: StructureShape): (input: unknown) => void {
    const checker = this.checker(shape);
    return (input) => {
      if (checker.holds(input)) return;
      const found: string[] = [];
      checker.collect(input, '', found);
      const count = found.length === 1 ? '1 validation error' : `${found.length} validation errors`;
      throw new AwsError('ValidationException', `${count} detected: ${found.join('; ')}`);
    };
  }

  private checker(shape: Shape): Checker {
    const known = this.compiled.get(shape);
    if (known !== undefined) return known;
    const checker = { holds: () => true, collect: () => {} };
    // Registered before it is filled in, so that a shape that holds itself finds itself.
    this.compiled.set(shape, checker);
    return Object.assign(checker, this.compile(shape));
  }

  private compile(shape: Shape): Checker {
    switch (shape.type) {
      case 'structure':
        return this.structure(shape);
      case 'list':
        return this.list(shape);
      case 'map':
        return this.map(shape);
      default:
        return this.scalar(shape);
    }
  }

  private structure(shape: StructureShape): Checker {
    const members = this.ordered(shape).map(({ name, required, shape: part }): CheckedMember => {
      return { name, required, path: pathName(name), checker: maySkip(part) ? undefined : this.checker(part) };
    });
    const checked = members.filter((member) => member.required || member.checker !== undefined);
    return {
      holds: (value) => {
        const structure = value as Record<string, unknown>;
        for (const member of checked) {
          const given = structure[member.name];
          if (given === undefined) {
            if (member.required) return false;
          } else if (member.checker !== undefined && !member.checker.holds(given)) return false;
        }
        return true;
      },
      collect: (value, path, found) => {
        const structure = value as Record<string, unknown>;
        for (const member of checked) {
          const given = structure[member.name];
          const at = path === '' ? member.path : `${path}.${member.path}`;
          if (given !== undefined) member.checker?.collect(given, at, found);
          else if (member.required) report(found, `Value null at '${at}'`, notNull);
        }
      },
    };
  }

  /** Java's order, in which the members whose order is recorded take one another's places. */
  private ordered(shape: StructureShape): Member[] {
    const byPath = new Map(shape.members.map((member) => [pathName(member.name), member]));
    const members = memberOrder([...byPath.keys()]).flatMap((name) => byPath.get(name) ?? []);
    const recorded = this.context.order[shape.name]?.members.flatMap((name) => byPath.get(pathName(name)) ?? []) ?? [];
    const places = recorded.map((member) => members.indexOf(member)).toSorted((left, right) => left - right);
    for (const [nth, place] of places.entries()) members[place] = recorded[nth] as Member;
    return members;
  }

  private list(shape: ListShape): Checker {
    const own = this.scalar(shape);
    const inner = this.checker(shape.element);
    const inBrackets = shape.element.type === 'structure' ? undefined : bracketed('Member', shape.element);
    return {
      holds: (value) => {
        if (!own.holds(value)) return false;
        for (const element of value as readonly unknown[]) {
          if (element === null || !inner.holds(element)) return false;
        }
        return true;
      },
      collect: (value, path, found) => {
        own.collect(value, path, found);
        const list = value as readonly unknown[];
        if (inBrackets !== undefined) {
          if (list.every((element) => element !== null && inner.holds(element))) return;
          report(found, `Value '${javaText(value, shape, this.context.javaPackage)}' at '${path}'`, inBrackets);
          return;
        }
        for (const [index, element] of list.entries()) {
          if (found.length >= maxListed) return;
          const at = `${path}.${index + 1}.member`;
          if (element === null) report(found, `Value null at '${at}'`, notNull);
          else inner.collect(element, at, found);
        }
      },
    };
  }

  private map(shape: MapShape): Checker {
    const own = this.scalar(shape);
    const key = this.checker(shape.key);
    const inner = this.checker(shape.value);
    const valueHolds = (value: unknown): boolean => value !== null && inner.holds(value);
    return {
      holds: (value) =>
        own.holds(value) &&
        Object.entries(value as object).every(([name, entry]) => key.holds(name) && valueHolds(entry)),
      collect: (value, path, found) => {
        own.collect(value, path, found);
        const subject = `Value '${javaText(value, shape, this.context.javaPackage)}' at '${path}'`;
        const map = value as Record<string, unknown>;
        if (!Object.keys(map).every((name) => key.holds(name)))
          report(found, subject, bracketed('Map keys', shape.key));
        if (!Object.values(map).every(valueHolds)) report(found, subject, bracketed('Map value', shape.value));
      },
    };
  }

  /** The constraints that a value has as a whole: a scalar's, or the length of a list or map. */
  private scalar(shape: ScalarShape | ListShape | MapShape): Checker {
    const constraints = constraintsOf(shape);
    const [first, second] = constraints;
    return {
      holds: holdsAll(constraints, first, second),
      collect: (value, path, found) => {
        for (const constraint of constraints) {
          if (constraint.holds(value)) continue;
          report(found, `Value '${javaText(value, shape, this.context.javaPackage)}' at '${path}'`, constraint.text);
        }
      },
    };
  }
}

const notNull = 'Member must not be null';

function holdsAll(all: readonly Constraint[], first?: Constraint, second?: Constraint): (value: unknown) => boolean {
  if (first === undefined) return () => true;
  if (second === undefined) return (value) => first.holds(value);
  if (all.length === 2) return (value) => first.holds(value) && second.holds(value);
  return (value) => all.every((constraint) => constraint.holds(value));
}

function report(found: string[], subject: string, constraint: string): void {
  if (found.length < maxListed) found.push(`${subject} failed to satisfy constraint: ${constraint}`);
}

/** `subject must satisfy constraint: […]` with every constraint of the shape, lengths first. */
function bracketed(subject: string, shape: Shape): string {
  const constraints = constraintsOf(shape).toSorted((left, right) => Number(right.isSize) - Number(left.isSize));
  const texts = constraints.length === 0 ? [notNull] : constraints.map((constraint) => constraint.text);
  return `${subject} must satisfy constraint: [${texts.join(', ')}]`;
}

/** Members stand in messages by their Java names. */
function pathName(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
