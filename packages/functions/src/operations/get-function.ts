import { described, describedDeclared } from '../described.ts';
import { declaredOf, storedFunction } from '../function-lookup.ts';
import type { Handler } from '../handler.ts';
import { checkQualifier, readName } from '../names.ts';

export const getFunction: Handler<'GetFunction'> = (service, input, context) => {
  const name = readName(input.FunctionName, context);
  checkQualifier(name, input.Qualifier);
  const declared = declaredOf(service, name);
  if (declared !== undefined) return { Configuration: describedDeclared(declared, name) };
  const one = storedFunction(service.state, name.key, name.arn);
  return {
    Configuration: described(one),
    // AWS signs an URL of its S3; here the zip lies on the server's disk.
    Code: { RepositoryType: 'S3', Location: `file://${service.code.pathOf(one.code)}` },
    ...(one.tags.length > 0 && { Tags: Object.fromEntries(one.tags) }),
  };
};
