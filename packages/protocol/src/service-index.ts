import type { OperationModel, ServiceModel } from '@millrace/model';
import { compileRoute } from './rest/route.ts';
import type { Labels, Route } from './rest/route.ts';

/** The services on a port, and how a request finds the one that it is for. */
export interface ServiceIndex {
  readonly all: readonly ServiceModel[];
  /** By the part of X-Amz-Target before its dot. */
  byTarget(prefix: string): ServiceModel | undefined;
  /** By method and path, where a service speaks rest-json. `allowed` are a known path's other methods. */
  byPath(method: string, path: string): Routed | undefined;
}

export interface Routed {
  readonly service: ServiceModel;
  readonly operation: OperationModel;
  readonly labels: Labels;
}

export function indexServices(services: readonly ServiceModel[]): ServiceIndex {
  const targets = new Map(
    services.filter(({ targetPrefix }) => targetPrefix !== '').map((one) => [one.targetPrefix, one]),
  );
  const routes = services
    .filter(({ isRest }) => isRest)
    .flatMap((service) =>
      [...service.operations.values()].map((operation) => ({ service, ...compileRoute(operation) })),
    )
    // What names more of the path goes before what leaves it open.
    .sort((one: Route, other: Route) => other.fixed - one.fixed);
  return {
    all: services,
    byTarget: (prefix) => targets.get(prefix),
    byPath(method, path) {
      for (const { service, operation, match } of routes) {
        const labels = operation.http.method === method ? match(path) : undefined;
        if (labels !== undefined) return { service, operation, labels };
      }
      return undefined;
    },
  };
}
