/** JSON with the comments that AWS's agent allows in its configuration, line comments and block comments. */
export function parseJsonWithComments(text: string): unknown {
  // Strings first, so that a // in an endpoint is none; a comment becomes as many spaces: errors keep their places.
  const plain = text.replace(/"(?:[^"\\]|\\[^])*"|\/\/[^\r\n]*|\/\*[^]*?\*\//g, (found) =>
    found.startsWith('"') ? found : found.replace(/[^\r\n]/g, ' '),
  );
  return JSON.parse(plain);
}
