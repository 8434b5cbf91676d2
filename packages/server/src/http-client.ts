import type { HttpAnswer, HttpRequest } from '@millrace/firehose';

/** A request by Node's own client. Redirections are answers: credentials go nowhere but where they were meant to. */
export async function sendOverHttp(request: HttpRequest): Promise<HttpAnswer> {
  const { method, url, headers, body, timeoutMs, maxAnswerBytes, signal } = request;
  const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  // oxlint-disable-next-line no-restricted-globals -- the server's wiring is where requests leave; world has no client
  const answer = await fetch(url, {
    method,
    headers,
    ...(body && { body: new Uint8Array(body.buffer, body.byteOffset, body.byteLength) as Uint8Array<ArrayBuffer> }),
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
  return {
    status: answer.status,
    body: Buffer.concat(pieces).subarray(0, maxAnswerBytes).toString(),
    cookies: answer.headers.getSetCookie(),
  };
}
