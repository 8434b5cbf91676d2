import { countGroups, javaPattern } from './java-pattern.ts';
import { processingOptions } from './options.ts';
import type { Values } from './options.ts';
import { asObject, checkPattern, ConfigurationError, readOptions } from './read-options.ts';
import type { ReadingContext } from './read-options.ts';

type Tables = typeof processingOptions;

/** One step of dataProcessingOptions, checked. */
export type Step = {
  readonly [Name in keyof Tables]: { readonly name: Name; readonly options: Values<Tables[Name]> };
}[keyof Tables];

export function readSteps(json: unknown, { where, warn }: ReadingContext): Step[] {
  if (json === undefined) return [];
  if (!Array.isArray(json)) throw new ConfigurationError(`${where}dataProcessingOptions must be a list, [{…}]`);
  return json.map((item: unknown, at) => readStep(item, { where: `${where}dataProcessingOptions[${at}].`, warn }));
}

function readStep(json: unknown, context: ReadingContext): Step {
  const { where } = context;
  const { optionName, ...rest } = asObject(json, where.replace(/\.$/, ''));
  if (optionName === 'USINGPLUGGIN')
    throw new ConfigurationError(`${where}optionName USINGPLUGGIN names a Java class, which cannot be loaded here`);
  if (typeof optionName !== 'string' || !Object.hasOwn(processingOptions, optionName))
    throw new ConfigurationError(
      `${where}optionName is ${JSON.stringify(optionName)}; it must be ${Object.keys(processingOptions).join(' or ')}`,
    );
  const step = {
    name: optionName,
    options: readOptions(processingOptions[optionName as keyof Tables], rest, context),
  } as Step;
  checkStep(step, where);
  return step;
}

function checkStep(step: Step, where: string): void {
  if (step.name === 'CSVTOJSON') {
    if (step.options.customFieldNames === undefined)
      throw new ConfigurationError(`${where}customFieldNames must be there`);
    checkPattern(step.options.delimiter, `${where}delimiter`);
  }
  if (step.name !== 'LOGTOJSON') return;
  const { logFormat, matchPattern, customFieldNames } = step.options;
  if (logFormat === undefined) throw new ConfigurationError(`${where}logFormat must be there`);
  if (matchPattern !== undefined && customFieldNames === undefined)
    throw new ConfigurationError(`${where}customFieldNames must be there with matchPattern`);
  if (customFieldNames === undefined) return;
  const groups = matchPattern === undefined ? groupsOf[logFormat] : countGroups(javaPattern(matchPattern, 'whole'));
  // AWS's agent takes that, and then passes over every line.
  if (groups !== customFieldNames.length)
    throw new ConfigurationError(
      `${where}customFieldNames has ${customFieldNames.length} names; the pattern has ${groups} groups`,
    );
}

const groupsOf = { COMMONAPACHELOG: 7, COMBINEDAPACHELOG: 9, APACHEERRORLOG: 7, SYSLOG: 5, RFC3339SYSLOG: 5 } as const;
