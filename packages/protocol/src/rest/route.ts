import type { OperationModel } from '@millrace/model';

/** The values of a path's labels, percent-decoded. */
export type Labels = Readonly<Record<string, string>>;

export interface Route {
  readonly operation: OperationModel;
  /** How many segments are fixed. */
  readonly fixed: number;
  /** Undefined where the path is another. */
  match(path: string): Labels | undefined;
}

/**
 * A requestUri of the model, as a matcher of paths.
 *
 *   requestUri = ("/" segment)+
 *   segment    = text | "{" label "}" | "{" label "+}"      the last takes the rest of the path, slashes too
 *
 * A label is never empty. A slash at a path's end is the same path.
 */
export function compileRoute(operation: OperationModel): Route {
  const segments = segmentsOf(operation.http.requestUri);
  const isGreedy = segments.at(-1)?.endsWith('+}') === true;
  return {
    operation,
    fixed: segments.filter((segment) => !segment.startsWith('{')).length,
    match(path) {
      const given = segmentsOf(path);
      if (isGreedy ? given.length < segments.length : given.length !== segments.length) return undefined;
      const labels: Record<string, string> = {};
      for (const [index, segment] of segments.entries()) {
        const isLast = index === segments.length - 1;
        const text = isLast ? given.slice(index).join('/') : given[index]!;
        if (!segment.startsWith('{')) {
          if (segment !== text) return undefined;
          continue;
        }
        const value = percentDecoded(text);
        if (value === undefined || value === '') return undefined;
        labels[segment.replace(/^\{|\+?\}$/g, '')] = value;
      }
      return labels;
    },
  };
}

function segmentsOf(path: string): string[] {
  return path.replace(/\/$/, '').split('/').slice(1);
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
