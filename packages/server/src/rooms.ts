import { cloudWatchOperations } from '@millrace/cloudwatch';
import type { CloudWatch } from '@millrace/cloudwatch';
import { operations, resourcesOf } from '@millrace/data-streams';
import type { DataStreams, RequestContext } from '@millrace/data-streams';
import { deliveryStreamArn, firehoseOperations } from '@millrace/firehose';
import type { Firehose } from '@millrace/firehose';
import { glueOperations } from '@millrace/glue';
import type { GlueCatalog } from '@millrace/glue';
import { functionArn, functionOperations } from '@millrace/functions';
import type { Functions } from '@millrace/functions';
import { leaseTableOperations } from '@millrace/lease-tables';
import type { LeaseTables } from '@millrace/lease-tables';
import { AwsError, loadService } from '@millrace/model';
import type { ServiceModel } from '@millrace/model';
import type { GetCallerIdentityResponse } from '@millrace/model/sts';

/** A service on the port, as the dispatcher sees it. Inputs are decoded and checked by the service's model. */
export interface Room {
  readonly model: ServiceModel;
  /** Runs an operation; undefined where the room does not have it. */
  find(operation: string): ((input: never, context: RequestContext) => unknown) | undefined;
  /** Operations that a browser's page must not call where nobody has to sign: they run code or reach out on this machine. */
  readonly notFromPages?: ReadonlySet<string>;
  /** What a policy is asked about; undefined where everybody may. */
  readonly resourcesOf: ((input: never, context: RequestContext) => TouchedResource) | undefined;
}

export interface TouchedResource {
  readonly arn: string;
  readonly account: string;
  /** Attached to the resource, if any. */
  readonly policy: string | undefined;
}

type Operations<Service, Context> = Readonly<
  Record<string, (service: Service, input: never, context: Context) => unknown>
>;

function finder<Service>(all: Operations<Service, RequestContext>, service: Service): Room['find'] {
  return (name) => {
    const operation = Object.hasOwn(all, name) ? all[name] : undefined;
    return operation && ((input, context) => operation(service, input, context));
  };
}

export function dataStreamsRoom(service: DataStreams): Room {
  return {
    model: loadService('kinesis'),
    find: finder(operations as Operations<DataStreams, RequestContext>, service),
    resourcesOf: (input, context) => resourcesOf(service, input, context),
  };
}

export function firehoseRoom(service: Firehose): Room {
  return {
    model: loadService('firehose'),
    find: finder(firehoseOperations as Operations<Firehose, RequestContext>, service),
    // What carries streams to wherever a request says, or asks what only this machine reaches.
    notFromPages: new Set(['CreateDeliveryStream', 'UpdateDestination']),
    resourcesOf: ({ DeliveryStreamName: name }: { DeliveryStreamName?: string }, { account, region }) => ({
      arn: name === undefined ? '*' : deliveryStreamArn(region, account, name),
      account,
      policy: undefined,
    }),
  };
}

const codeOperations: ReadonlySet<string> = new Set([
  'CreateFunction',
  'UpdateFunctionCode',
  'UpdateFunctionConfiguration',
]);

/** `code` says whether functions are made through the API. */
export function functionsRoom(service: Functions, code: 'api' | 'declared'): Room {
  const find = finder(functionOperations as Operations<Functions, RequestContext>, service);
  return {
    model: loadService('lambda'),
    find: (operation) => (code === 'declared' && codeOperations.has(operation) ? refuseCode : find(operation)),
    notFromPages: new Set([...codeOperations, 'CreateEventSourceMapping', 'UpdateEventSourceMapping']),
    resourcesOf: ({ FunctionName: name }: { FunctionName?: string }, context) => {
      const arn = name === undefined ? '*' : functionArn(name, context);
      // Another account's function is that account's to allow.
      return { arn, account: arn.split(':')[4] ?? context.account, policy: undefined };
    },
  };
}

function refuseCode(): never {
  throw new AwsError('AccessDeniedException', 'This server runs the functions of its configuration file only.', 403);
}

export function cloudWatchRoom(service: CloudWatch): Room {
  return {
    model: loadService('cloudwatch'),
    find: finder(cloudWatchOperations as Operations<CloudWatch, RequestContext>, service),
    // CloudWatch's metrics have no ARNs: policies name all of them.
    resourcesOf: (_input, { account }) => ({ arn: '*', account, policy: undefined }),
  };
}

export function glueRoom(service: GlueCatalog): Room {
  return {
    model: loadService('glue'),
    find: finder(glueOperations as Operations<GlueCatalog, RequestContext>, service),
    resourcesOf: ({ DatabaseName, Name }: { DatabaseName?: string; Name?: string }, { account, region }) => ({
      // Of a table's operations its database; databases are named themselves.
      arn: `arn:aws:glue:${region}:${account}:database/${DatabaseName ?? Name ?? '*'}`,
      account,
      policy: undefined,
    }),
  };
}

/** Of STS, who the caller is. */
export function stsRoom(): Room {
  return {
    model: loadService('sts'),
    find: (operation) => (operation === 'GetCallerIdentity' ? getCallerIdentity : undefined),
    resourcesOf: undefined,
  };
}

function getCallerIdentity(_input: never, { account, principal }: RequestContext): GetCallerIdentityResponse {
  const name = principal.slice(principal.lastIndexOf('/') + 1);
  return { UserId: principal.endsWith(':root') ? account : name, Account: account, Arn: principal };
}

export function leaseTablesRoom(service: LeaseTables): Room {
  return {
    model: loadService('dynamodb'),
    find: finder(leaseTableOperations as Operations<LeaseTables, RequestContext>, service),
    resourcesOf: ({ TableName, IndexName }: { TableName?: string; IndexName?: string }, { account, region }) => {
      const name = TableName?.replace(/^arn:.*?\//, '');
      const index = IndexName === undefined ? '' : `/index/${IndexName}`;
      const arn = name === undefined ? '*' : `arn:aws:dynamodb:${region}:${account}:table/${name}${index}`;
      return { arn, account, policy: undefined };
    },
  };
}
