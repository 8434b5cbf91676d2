import { settings, variableOf } from './settings.ts';
import type { Setting } from './settings.ts';

/** The text of `millrace --help`; `commandLines` are those of the commands that talk to a server. */
export function helpText(commandLines: string): string {
  const rows = (settings as readonly Setting[]).map((setting) => {
    const flag = `--${setting.name}${setting.type === 'boolean' ? '' : ` ${placeholder(setting)}`}`;
    const standard = setting.default === undefined || setting.default === false ? '' : ` (default ${setting.default})`;
    return `  ${flag.padEnd(30)} ${setting.help}${standard}`;
  });
  return `Millrace: Amazon Kinesis, self-hosted.

usage: millrace serve [SETTINGS]     run the server
${commandLines}       millrace agent [--config FILE] tail files to streams, as AWS's Kinesis Agent does
       millrace --version | --help | COMMAND --help

settings, each also as a variable (${variableOf('port')}=…) and in the --config file:
${rows.join('\n')}
`;
}

function placeholder(setting: Setting): string {
  if (setting.placeholder !== undefined) return setting.placeholder;
  if (setting.choices !== undefined) return setting.choices.join('|');
  return setting.type === 'integer' ? 'N' : setting.name.toUpperCase();
}
