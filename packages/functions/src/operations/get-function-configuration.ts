import { described, describedDeclared } from '../described.ts';
import { declaredOf, storedFunction } from '../function-lookup.ts';
import type { Handler } from '../handler.ts';
import { checkQualifier, readName } from '../names.ts';

export const getFunctionConfiguration: Handler<'GetFunctionConfiguration'> = (service, input, context) => {
  const name = readName(input.FunctionName, context);
  checkQualifier(name, input.Qualifier);
  const declared = declaredOf(service, name);
  if (declared !== undefined) return describedDeclared(declared, name);
  return described(storedFunction(service.state, name.key, name.arn));
};
