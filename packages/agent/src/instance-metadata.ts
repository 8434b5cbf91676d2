import type { AskInstance } from './processing/instance-facts.ts';

const timeoutMs = 1000;
const tokenLifeSeconds = 21_600;

/**
 * Asks the EC2 instance's metadata service, version 2: a token first, which is kept for its life. The variables
 * AWS_EC2_METADATA_SERVICE_ENDPOINT and AWS_EC2_METADATA_DISABLED are those of AWS's SDKs.
 */
export function createAskInstance(environment: Readonly<Record<string, string | undefined>>): AskInstance {
  const endpoint = environment['AWS_EC2_METADATA_SERVICE_ENDPOINT'] ?? 'http://169.254.169.254';
  let token: { readonly text: string; readonly untilMs: number } | undefined;
  const ask = async (path: string, init: RequestInit): Promise<Response> =>
    globalThis.fetch(new URL(`/latest/${path}`, endpoint), { ...init, signal: AbortSignal.timeout(timeoutMs) });
  return async (path) => {
    if (environment['AWS_EC2_METADATA_DISABLED'] === 'true') throw new Error('AWS_EC2_METADATA_DISABLED is true');
    if (token === undefined || token.untilMs <= performance.now()) {
      const life = { 'x-aws-ec2-metadata-token-ttl-seconds': String(tokenLifeSeconds) };
      const answer = await ask('api/token', { method: 'PUT', headers: life });
      if (!answer.ok) throw new Error(`the instance gives no token: status ${answer.status}`);
      token = { text: await answer.text(), untilMs: performance.now() + (tokenLifeSeconds * 1000) / 2 };
    }
    const answer = await ask(path, { headers: { 'x-aws-ec2-metadata-token': token.text } });
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`the instance answers ${path} with status ${answer.status}`);
    return answer.text();
  };
}
