import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Network } from '@millrace/world';
import type { RunningFlow } from '../agent.ts';
import { prometheusText } from './prometheus.ts';

export interface StatusPage {
  readonly port: number;
  close(): Promise<void>;
}

/** A connection on which nothing moves for so long is closed. */
const idleMs = 5000;
const mostConnections = 100;

/**
 * The status page: GET / for people (with `Accept: application/json` for programs), /health, /metrics for Prometheus. It shows paths
 * and counts, never a line.
 */
export async function openStatusPage(
  network: Network,
  at: { host: string; port: number },
  flows: readonly RunningFlow[],
): Promise<StatusPage> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((request, response) => answer(request, response, flows));
  // The server does not listen itself, so that Node's other timeouts never begin.
  server.timeout = idleMs;
  const listener = await network.listen(at, (socket) => {
    if (sockets.size >= mostConnections) return void socket.destroy();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    server.emit('connection', socket);
  });
  return {
    port: listener.port,
    close: async () => {
      const closed = listener.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, flows: readonly RunningFlow[]): void {
  const path = (request.url ?? '/').replace(/\?.*$/, '');
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? '' : body);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'text/plain', 'GET only\n');
  if (path === '/health') {
    const stuck = flows.filter(
      ({ parts: { counters, publisher } }) => counters.consecutiveErrors > 0 || publisher.isFailing,
    );
    if (stuck.length === 0) return send(200, 'text/plain', 'ok\n');
    return send(503, 'text/plain', stuck.map(({ configuration: { id } }) => `${id} does not get on\n`).join(''));
  }
  if (path === '/metrics') return send(200, 'text/plain; version=0.0.4', prometheusText(flows));
  if (path !== '/') return send(404, 'text/plain', 'there is /, /health and /metrics\n');
  const isJson = (request.headers.accept ?? '').includes('application/json');
  const status = statusOf(flows);
  return isJson
    ? send(200, 'application/json', `${JSON.stringify(status)}\n`)
    : send(200, 'text/html; charset=utf-8', page(status));
}

function statusOf(flows: readonly RunningFlow[]) {
  return {
    flows: flows.map(({ configuration: { id }, parts: { counters, publisher }, source }) => ({
      flow: id,
      ...counters,
      bufferedBytes: publisher.bufferedBytes,
      files: source.files.map(({ path, size, offset, bytesBehind }) => ({ path, size, offset, bytesBehind })),
    })),
  };
}

function page({ flows }: ReturnType<typeof statusOf>): string {
  const sections = flows.map(({ flow, files, ...counts }) => {
    const rows = files.map(({ path, size, offset, bytesBehind }) => row(path, size, offset, bytesBehind)).join('');
    const counted = Object.entries(counts)
      .map(([name, value]) => row(name, value ?? ''))
      .join('');
    return `<h2>${escapeHtml(flow)}</h2>
<table><tr><th>file<th>bytes<th>stored to<th>behind</tr>${rows}</table>
<table>${counted}</table>`;
  });
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>millrace-agent</title>
<style>body{font:14px system-ui;margin:2em}td,th{text-align:left;padding:.1em 1em .1em 0}</style>
<h1>millrace-agent</h1>${sections.join('\n')}\n`;
}

function row(...cells: readonly (string | number)[]): string {
  return `<tr>${cells.map((cell) => `<td>${escapeHtml(String(cell))}`).join('')}</tr>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
