import type { FunctionName } from '../names.ts';
import type { Functions } from '../service.ts';
import { functionKey } from '../state.ts';
import { arnOf } from '../names.ts';
import { EventQueue } from './event-queue.ts';
import type { EventCounters } from './event-queue.ts';
import { Slots } from '../slots.ts';

/** An event has up to 1 MiB. */
const eventsAtOnce = 32;

/** What is invoked as an Event: durable when it is answered, run after that. */
export class EventQueues {
  readonly counters: EventCounters = { events: 0, dropped: 0 };
  readonly #slots = new Slots(eventsAtOnce);
  readonly #queues = new Map<string, { readonly logId: number; readonly queue: EventQueue }>();
  #service: Functions | undefined;

  /** Goes on with what an earlier process has left. The log knows the queues' shards when it resolves. */
  async start(service: Functions): Promise<void> {
    this.#service = service;
    for (const { logId } of service.state.queues.values()) await service.log.create(logId);
    for (const [key, { logId }] of service.state.queues) {
      const [account = '', region = '', name = ''] = key.split(':');
      this.#open({ account, region, name, qualifier: undefined, key, arn: arnOf(account, region, name) }, logId);
    }
  }

  /** Resolves when the event is durable. */
  async add(name: FunctionName, requestId: string, payload: Buffer): Promise<void> {
    const service = this.#service!;
    const { log, world } = service;
    const key = functionKey(name.account, name.region, name.name);
    const logId =
      service.state.queues.get(key)?.logId ??
      (await service.change<number>({ type: 'OpenQueue', atMs: world.clock.now(), key }));
    await log.create(logId);
    await log.append(logId, [{ partitionKey: requestId, data: payload }], 0);
    const known = this.#queues.get(key);
    if (known?.logId === logId) known.queue.look();
    else this.#open(name, logId);
  }

  /** A function is gone, and with it what was to be run by it. */
  async forget(key: string): Promise<void> {
    const known = this.#queues.get(key);
    if (known === undefined) return;
    this.#queues.delete(key);
    await known.queue.stop();
    await this.#service!.log.delete(known.logId);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#queues.values()].map(({ queue }) => queue.stop()));
  }

  #open(name: FunctionName, logId: number): void {
    const service = this.#service!;
    const queue = new EventQueue({ service, name, logId, counters: this.counters, slots: this.#slots });
    this.#queues.set(name.key, { logId, queue });
  }
}
