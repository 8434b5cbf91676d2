/** The program of a thread that runs queries, one call after the other; its end is all that ends one that does not end. */
import { parentPort } from 'node:worker_threads';
import { openJq } from './jq-runner.ts';

export type ToJq =
  | { readonly type: 'check'; readonly query: string }
  | { readonly type: 'run'; readonly query: string; readonly texts: readonly string[] };

const jq = openJq();

parentPort!.on('message', (message: ToJq) => {
  void jq.then(({ check, run }) => {
    const answer = message.type === 'check' ? check(message.query) : run(message.query, message.texts);
    parentPort!.postMessage(answer, []);
  });
});
