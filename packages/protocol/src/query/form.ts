import { AwsError } from '@millrace/model';
import type { Shape } from '@millrace/model';

/*
 * AWS's query protocol: parameters of a form, with the way to each value in its name,
 *
 *   Action=PutMetricData&Version=2010-08-01&MetricData.member.1.MetricName=a&MetricData.member.1.Value=1.5
 *
 * Members of structures by name, of lists by `.member.N`, of maps by `.entry.N.key` and `.entry.N.value`, N from 1.
 */
export type Form = ReadonlyMap<string, string>;

/** No way to a value has more steps; and of longer names, which only a stranger makes up, not every beginning is kept. */
const deepest = 16;
const longestName = 1000;

/** The parameters of a form, or of a query; the first of equal names counts. Throws AwsError where one is not encoded right. */
export function readForm(text: string): Form {
  const form = new Map<string, string>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    if (name.length <= longestName && !form.has(name))
      form.set(name, equals === -1 ? '' : decode(pair.slice(equals + 1)));
  }
  return form;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new AwsError('MalformedQueryString', 'The query string contains a syntax error.', 404);
  }
}

/** The parameters as the tree that a JSON body of the same input would be. */
export function treeOfForm(form: Form, shape: Shape): unknown {
  // Every prefix of a name, so that asking whether something is below one is a look-up.
  const prefixes = new Set<string>();
  for (const name of form.keys())
    for (
      let dot = name.indexOf('.'), depth = 0;
      dot !== -1 && depth < deepest;
      dot = name.indexOf('.', dot + 1), depth += 1
    )
      prefixes.add(name.slice(0, dot));
  return treeAt({ form, prefixes }, '', shape) ?? {};
}

interface Source {
  readonly form: Form;
  readonly prefixes: ReadonlySet<string>;
}

function treeAt(source: Source, path: string, shape: Shape): unknown {
  const below = (name: string): string => (path === '' ? name : `${path}.${name}`);
  switch (shape.type) {
    case 'structure': {
      if (path !== '' && !source.prefixes.has(path)) return undefined;
      const entries = shape.members.map(({ name, shape: member }) => [name, treeAt(source, below(name), member)]);
      return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
    }
    case 'list': {
      const list: unknown[] = [];
      for (let n = 1; ; n += 1) {
        const item = treeAt(source, below(`member.${n}`), shape.element);
        if (item === undefined) break;
        list.push(item);
      }
      // An empty list is sent as the bare name.
      return list.length > 0 || source.form.has(path) ? list : undefined;
    }
    case 'map': {
      const map: Record<string, unknown> = {};
      for (let n = 1; source.form.has(below(`entry.${n}.key`)); n += 1)
        Object.defineProperty(map, source.form.get(below(`entry.${n}.key`))!, {
          value: treeAt(source, below(`entry.${n}.value`), shape.value),
          enumerable: true,
          configurable: true,
          writable: true,
        });
      return Object.keys(map).length > 0 ? map : undefined;
    }
    default:
      return scalar(source.form.get(path), shape.type);
  }
}

/** Numbers become numbers; what is none stays a text, for the model to refuse. */
function scalar(text: string | undefined, type: string): unknown {
  if (text === undefined || ['string', 'blob', 'boolean'].includes(type)) return text;
  const number = Number(text);
  return text.trim() === '' || Number.isNaN(number) ? text : number;
}
