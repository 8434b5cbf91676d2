import type * as DynamoDB from '@millrace/model/dynamodb';
import type { Item, Value } from './value.ts';
import { contentOf, typeOf } from './value.ts';

/** The names of the attributes that tell items apart. */
export interface KeyNames {
  readonly hash: string;
  readonly range: string | undefined;
}

export interface Index {
  readonly name: string;
  readonly key: KeyNames;
  readonly projection: DynamoDB.Projection;
  /** When it becomes ACTIVE. */
  readonly readyMs: number;
}

/** One table; `items` by the text of their keys. */
export interface Table {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly id: string;
  readonly createdMs: number;
  readonly readyMs: number;
  readonly key: KeyNames;
  attributeTypes: Readonly<Record<string, string>>;
  billingMode: 'PROVISIONED' | 'PAY_PER_REQUEST';
  throughput: { readonly read: number; readonly write: number };
  isProtected: boolean;
  readonly indexes: Map<string, Index>;
  readonly items: Map<string, Item>;
}

export interface TablesState {
  readonly tables: Map<string, Table>;
}

export function tableKey(account: string, region: string, name: string): string {
  return `${account}:${region}:${name}`;
}

export function keyNames({ hash, range }: KeyNames): string[] {
  return range === undefined ? [hash] : [hash, range];
}

/** The text under which an item stands: the same for keys that are equal. */
export function itemText(item: Item, key: KeyNames): string {
  return JSON.stringify(keyNames(key).map((name) => scalarText(item[name]!)));
}

function scalarText(value: Value): string {
  return `${typeOf(value)}${String(contentOf(value))}`;
}
