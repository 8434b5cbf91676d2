import type { Clock } from '@millrace/world';

/** Asks the instance metadata service of EC2 for a path under /latest; undefined where it says that there is nothing. */
export type AskInstance = (path: string) => Promise<string | undefined>;

/**
 * What ADDEC2METADATA adds, asked for again when it is older than its time to live, in the background: a record never waits for
 * it. AWS's agent asks EC2 for the tags; here they come from the instance, where it is allowed to tell them.
 */
export class InstanceFacts {
  readonly #ask: AskInstance;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #onAbsent: (error: unknown) => void;
  #known: Readonly<Record<string, unknown>> | undefined;
  #askedAtMs = -Infinity;
  #asking: Promise<void> | undefined;

  constructor(ask: AskInstance, options: { clock: Clock; ttlMs: number; onAbsent: (error: unknown) => void }) {
    this.#ask = ask;
    this.#clock = options.clock;
    this.#ttlMs = options.ttlMs;
    this.#onAbsent = options.onAbsent;
  }

  current(): Readonly<Record<string, unknown>> | undefined {
    if (this.#clock.monotonicMs() - this.#askedAtMs >= this.#ttlMs) void this.refresh();
    return this.#known;
  }

  /** Resolves when the instance has answered, or has not; what was known stays where it does not. */
  refresh(): Promise<void> {
    this.#askedAtMs = this.#clock.monotonicMs();
    this.#asking ??= this.#learn()
      .catch(this.#onAbsent)
      .finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #learn(): Promise<void> {
    const document = JSON.parse((await this.#ask('dynamic/instance-identity/document')) ?? '{}') as Record<
      string,
      unknown
    >;
    const tags: Record<string, string> = {};
    for (const key of lines(await this.#ask('meta-data/tags/instance')))
      tags[key.toLowerCase()] = (await this.#ask(`meta-data/tags/instance/${encodeURIComponent(key)}`)) ?? '';
    this.#known = {
      privateIp: document['privateIp'] ?? null,
      availabilityZone: document['availabilityZone'] ?? null,
      instanceId: document['instanceId'] ?? null,
      instanceType: document['instanceType'] ?? null,
      accountId: document['accountId'] ?? null,
      amiId: document['imageId'] ?? null,
      region: document['region'] ?? null,
      metadataTimestamp: new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, '+0000'),
      tags,
    };
  }
}

function lines(text: string | undefined): string[] {
  return (text ?? '').split('\n').filter((line) => line !== '');
}
