import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { apacheLogToJson } from '../src/apache-log-to-json.ts';
import { readSyslog } from '../src/logs/syslog.ts';
import { syslogToJson } from '../src/syslog-to-json.ts';
import { jsonOf, run } from './support.ts';

const from = { timestamp: 'Nov 21 13:38:08', hostname: 'vm' };

test('what util-linux logger and Python send: RFC 3164 and 5424', async () => {
  const outcomes = await run(syslogToJson, {}, [
    '<13>Nov 21 13:38:08 vm nightly[411]: backup: 3 files copied',
    '<78>Nov 21 13:38:08 vm CRON[30036]: (root) CMD (test -x /usr/sbin/anacron)',
    '<13>1 2026-11-21T13:38:08.469034+00:00 vm nightly 412 ID47 [timeQuality tzKnown="1" isSynced="0"][exampleSDID@32473 iut="3" note="a \\"b\\" c"] An application event',
    '<34>1 2026-11-21T13:38:08.470555+00:00 vm su - - - failed for üser',
    '<191>1 2026-11-21T13:38:08.472133+00:00 vm root - - [timeQuality tzKnown="1" isSynced="0"] plain',
    '<12>from python: disk 91%\0',
  ]);
  const [nightly, cron, application, su, plain, python] = outcomes.map((one) => jsonOf(one)[0]);
  const user = { facility: 'user', severity: 'notice' };
  assert.deepEqual(nightly, {
    ...from,
    program: 'nightly',
    processid: '411',
    message: 'backup: 3 files copied',
    ...user,
  });
  const command = '(root) CMD (test -x /usr/sbin/anacron)';
  assert.deepEqual(cron, {
    ...from,
    program: 'CRON',
    processid: '30036',
    message: command,
    facility: 'cron',
    severity: 'info',
  });
  assert.deepEqual(application, {
    timestamp: '2026-11-21T13:38:08.469034+00:00',
    hostname: 'vm',
    program: 'nightly',
    processid: '412',
    message: 'An application event',
    ...user,
    msgid: 'ID47',
    structured_data: {
      timeQuality: { tzKnown: '1', isSynced: '0' },
      'exampleSDID@32473': { iut: '3', note: 'a "b" c' },
    },
  });
  assert.deepEqual(su, {
    timestamp: '2026-11-21T13:38:08.470555+00:00',
    hostname: 'vm',
    program: 'su',
    processid: null,
    message: 'failed for üser',
    facility: 'auth',
    severity: 'crit',
    msgid: null,
    structured_data: null,
  });
  assert.partialDeepStrictEqual(plain, { program: 'root', message: 'plain', facility: 'local7', severity: 'debug' });
  assert.deepEqual(python, {
    timestamp: null,
    hostname: null,
    program: null,
    processid: null,
    message: 'from python: disk 91%',
    facility: 'user',
    severity: 'warning',
  });
});

test("files' lines, the examples of both RFCs, several lines and traces in a record", async () => {
  const [file, iso, aws, rfc, rfcNew, several, blank] = await run(syslogToJson, {}, [
    'Oct  1 00:00:01 host-1 sshd[7]: Accepted publickey for root\n',
    '2026-11-21T13:38:08.472133+01:00 vm kernel: [ 0.1] up: yes',
    'Oct 11 22:14:15 <13.4> mymachine app: said',
    "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
    "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
    'Oct  1 00:00:01 h java: failed\n\tat Main.run\r\nOct  1 00:00:02 h java: again\n',
    '\n \n',
  ]);
  assert.deepEqual(jsonOf(file!), [
    {
      timestamp: 'Oct  1 00:00:01',
      hostname: 'host-1',
      program: 'sshd',
      processid: '7',
      message: 'Accepted publickey for root',
    },
  ]);
  assert.partialDeepStrictEqual(jsonOf(iso!)[0], { program: 'kernel', processid: null, message: '[ 0.1] up: yes' });
  assert.partialDeepStrictEqual(jsonOf(aws!)[0], { hostname: 'mymachine', program: 'app', message: 'said' });
  assert.partialDeepStrictEqual(jsonOf(rfc!)[0], { facility: 'auth', severity: 'crit', program: 'su' });
  assert.partialDeepStrictEqual(jsonOf(rfcNew!)[0], {
    facility: 'local4',
    message: "%% It's time to make the do-nuts.",
  });
  assert.deepEqual(
    jsonOf(several!).map((one) => (one as { message: string }).message),
    ['failed\n\tat Main.run', 'again'],
  );
  assert.equal(blank!.result, 'Dropped');
});

test('what is no syslog goes back as it came, and the others go on', async () => {
  const bad = [
    'no syslog',
    '<192>Oct 11 22:14:15 mymachine su: priority',
    '<13>1 2026-11-21T13:38:08Z h a - - [open message',
    '<13>1 2026-11-21T13:38:08Z h a - - [a b="c"]directly',
    Uint8Array.of(60, 49, 62, 255, 254),
    'Oct 11 22:14:15 h a: fine\nnot fine',
  ];
  const outcomes = await run(syslogToJson, {}, [...bad, '<13>Oct 11 22:14:15 h a: b']);
  assert.deepEqual(
    outcomes.map(({ result }) => result),
    [...bad.map(() => 'ProcessingFailed'), 'Ok'],
  );
  assert.deepEqual(
    outcomes.slice(0, -1).map(({ data }) => data),
    bad.map((one) => Buffer.from(one as string)),
  );
});

test('structured data is read back as it was written, whatever is in it', () => {
  const word = fc.stringMatching(/^[!#-<>-Z^-~]{1,32}$/);
  const elements = fc.dictionary(word, fc.dictionary(word, fc.string(), { maxKeys: 3 }), { minKeys: 1, maxKeys: 3 });
  fc.assert(
    fc.property(elements, fc.string(), (data, message) => {
      const written = Object.entries(data).map(([id, values]) => {
        const parameters = Object.entries(values).map(
          ([key, value]) => ` ${key}="${value.replaceAll(/[\\"\]]/g, (escaped) => `\\${escaped}`)}"`,
        );
        return `[${id}${parameters.join('')}]`;
      });
      const read = readSyslog(`<13>1 - - - - - ${written.join('')} ${message}`);
      const plain = JSON.parse(JSON.stringify(data)) as unknown;
      assert.deepEqual(JSON.parse(JSON.stringify(read?.structured_data)), plain);
      assert.equal(read?.message, message);
    }),
  );
});

test('a name that an element has twice is a list; a byte order mark is no part of the message', () => {
  const read = readSyslog('<13>1 - - - - - [origin ip="192.0.2.1" ip="192.0.2.129"] \uFEFFsaid');
  assert.deepEqual(read?.structured_data, { origin: { ip: ['192.0.2.1', '192.0.2.129'] } });
  assert.equal(read?.message, 'said');
});

test('what Apache 2.4 writes: common, combined, errors', async () => {
  const [common, combined, head, error, ours] = await run(apacheLogToJson, {}, [
    '127.0.0.1 - - [21/Nov/2026:13:38:22 +0000] "GET /none?q=%C3%A9 HTTP/1.1" 404 236\n',
    '127.0.0.1 - frank smith [21/Nov/2026:13:38:22 -0730] "GET /none HTTP/1.1" 404 236 "http://127.0.0.1/?a=1" "say \\"hi\\" \\\\ there"',
    '::1 - - [21/Nov/2026:13:38:22 +0000] "HEAD / HTTP/1.1" 200 - "-" "curl/7.88.1"\n10.0.0.1 - - [21/Nov/2026:13:38:22 +0000] "-" 408 0',
    "[Sat Nov 21 13:38:22.971699 2026] [core:crit] [pid 30945:tid 30954] (13)Permission denied: [client 127.0.0.1:58250] AH00529: /srv/.htaccess pcfg_openfile: unable to check htaccess file, ensure it is readable and that '/srv/' is executable",
    '[Wed Oct 11 14:32:52 2000] [error] [client ::1] client denied by server configuration: /export/home/live/ap/htdocs/test\n[Wed Oct 11 14:32:52.123456 2000] [mpm_event:notice] [pid 8:tid 9] AH00489: Apache/2.4.71 configured -- resuming\n[Wed Oct 11 14:32:52.123456 2000] [ssl:info] [pid 8] [client [2001:db8::1]:443] SSL: [client x] said',
  ]);
  const request = {
    host: '127.0.0.1',
    ident: '-',
    authuser: '-',
    '@timestamp': '2026-11-21T13:38:22',
    '@timestamp_utc': '2026-11-21T13:38:22+00:00',
    timezone: '+0000',
    request: 'GET /none?q=%C3%A9 HTTP/1.1',
    verb: 'GET',
    response: 404,
    bytes: 236,
  };
  assert.deepEqual(jsonOf(common!), [request]);
  assert.deepEqual(jsonOf(combined!), [
    {
      ...request,
      authuser: 'frank smith',
      '@timestamp_utc': '2026-11-21T21:08:22+00:00',
      timezone: '-0730',
      request: 'GET /none HTTP/1.1',
      referer: 'http://127.0.0.1/?a=1',
      agent: String.raw`say \"hi\" \\ there`,
    },
  ]);
  const [first, second] = jsonOf(head!);
  assert.partialDeepStrictEqual(first, { host: '::1', verb: 'HEAD', bytes: null, referer: '-', agent: 'curl/7.88.1' });
  assert.partialDeepStrictEqual(second, { request: '-', verb: null, response: 408, bytes: 0 });
  assert.deepEqual(jsonOf(error!), [
    {
      timestamp: 'Sat Nov 21 13:38:22.971699 2026',
      module: 'core',
      severity: 'crit',
      processid: '30945',
      threadid: '30954',
      client: '127.0.0.1:58250',
      message:
        "(13)Permission denied: AH00529: /srv/.htaccess pcfg_openfile: unable to check htaccess file, ensure it is readable and that '/srv/' is executable",
    },
  ]);
  const [old, notice, nested] = jsonOf(ours!);
  assert.deepEqual(old, {
    timestamp: 'Wed Oct 11 14:32:52 2000',
    module: null,
    severity: 'error',
    processid: null,
    threadid: null,
    client: '::1',
    message: 'client denied by server configuration: /export/home/live/ap/htdocs/test',
  });
  assert.partialDeepStrictEqual(notice, { client: null, message: 'AH00489: Apache/2.4.71 configured -- resuming' });
  assert.partialDeepStrictEqual(nested, {
    client: '[2001:db8::1]:443',
    threadid: null,
    message: 'SSL: [client x] said',
  });
});

test('what is no log of Apache, and times that are none', async () => {
  const outcomes = await run(apacheLogToJson, {}, [
    'GET / HTTP/1.1',
    '127.0.0.1 - - [41/Nov/2026:13:38:22 +0000] "GET / HTTP/1.1" 404 236',
    '127.0.0.1 - - [21/Növ/2026:13:38:22 +0000] "GET / HTTP/1.1" 404 236',
    '127.0.0.1 - - [21/Nov/2026:13:38:22 +0000] "GET / HTTP/1.1 404 236',
    '[Wed Oct 11 2000] [error] no clock',
  ]);
  assert.deepEqual(new Set(outcomes.map(({ result }) => result)), new Set(['ProcessingFailed']));
});

test('lines that are made to take long take no longer than others', { timeout: 20_000 }, async () => {
  const long = [
    `<13>1 - - - - - [a b="${'\\'.repeat(200_000)}`,
    `${'1 '.repeat(100_000)}[`,
    `[${'a '.repeat(100_000)}`,
  ];
  for (const convert of [syslogToJson, apacheLogToJson])
    for (const { result } of await run(convert, {}, long)) assert.equal(result, 'ProcessingFailed');
});
