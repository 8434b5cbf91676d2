import type { HttpAnswer, HttpPost } from '@millrace/firehose';

/** A POST by Node's own client. Redirections are answers: credentials go nowhere but where they were meant to. */
export async function postOverHttp(request: HttpPost): Promise<HttpAnswer> {
  const { url, headers, body, timeoutMs, maxAnswerBytes, signal } = request;
  const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  // oxlint-disable-next-line no-restricted-globals -- the server's wiring is where requests leave; world has no client
  const answer = await fetch(url, {
    method: 'POST',
    headers,
    body: new Uint8Array(body.buffer, body.byteOffset, body.byteLength) as Uint8Array<ArrayBuffer>,
    redirect: 'manual',
    signal: until,
  });
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of answer.body ?? []) {
    pieces.push(Buffer.from(piece));
    length += piece.length;
    if (length >= maxAnswerBytes) break;
  }
  return { status: answer.status, body: Buffer.concat(pieces).subarray(0, maxAnswerBytes).toString() };
}
