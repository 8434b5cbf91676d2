/** Writes the tables of the agent's options in docs/reference/agent.md from the tables that read them. */
import {
  additionOptions,
  flowOptions,
  processingOptions,
  topOptions,
} from '../packages/agent/src/configuration/options.ts';
import type { Option, Options } from '../packages/agent/src/configuration/options.ts';
import { rangeText } from '../packages/agent/src/configuration/read-options.ts';
import { writeSection } from './generated-section.ts';

const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;

function valuesOf(option: Option): string {
  if (option.kind === 'choice') return option.choices.join(', ');
  if (option.kind === 'strings') return 'strings';
  if (option.kind !== 'integer') return option.kind;
  const { least = -Infinity, most = Infinity, mostForDeliveryStream } = option;
  const lower = mostForDeliveryStream === undefined ? '' : ` (a delivery stream: ${mostForDeliveryStream})`;
  return `integer${rangeText(least, most)}${lower}`;
}

function tableOf(options: Options): string {
  const rows = Object.entries(options).map(([name, option]) => {
    const standard = 'default' in option && option.default !== undefined ? code(option.default) : '';
    const help = option.isWithoutEffect === true ? `${option.help}; of no effect here` : option.help;
    return `| ${name} | ${valuesOf(option)} | ${standard} | ${help} |`;
  });
  return ['| option | values | default | |', '|---|---|---|---|', ...rows].join('\n');
}

const steps = Object.entries<Options>(processingOptions).map(([name, options]) =>
  Object.keys(options).length === 0
    ? `### ${name}\n\nPuts { and } around the record. No options.`
    : `### ${name}\n\n${tableOf(options)}`,
);

writeSection(
  'docs/reference/agent.md',
  'tools/generate-agent-options.ts',
  [
    '## At the top',
    tableOf(topOptions),
    '## In a flow',
    tableOf(flowOptions),
    '## In dataProcessingOptions, by optionName',
    ...steps,
    '## In millrace: additions of this agent',
    tableOf(additionOptions),
  ].join('\n\n'),
);
