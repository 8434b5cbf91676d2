import type { Operations } from '@millrace/model/lambda';
import type { Functions, RequestContext } from './service.ts';

export type Handler<Name extends keyof Operations> = (
  service: Functions,
  input: Operations[Name]['input'],
  context: RequestContext,
) => Operations[Name]['output'] | Promise<Operations[Name]['output']>;

export type Handlers = { readonly [Name in keyof Operations]: Handler<Name> };
