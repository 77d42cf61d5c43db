// `WWW-Authenticate`, read strictly (RFC 9110 §11.6.1): anything but a list of challenges with parameters is a fault.

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const QUOTED = /"((?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t \x21-\x7e])*)"/y;

/** The challenges of all field lines, in order: `[{ scheme, parameters }]`. */
export function challenges(lines) {
  return lines.flatMap(parse);
}

function parse(line) {
  let at = 0;
  const take = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(line);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const fail = () => {
    throw new Error(`not a list of challenges at ${at}: ${line}`);
  };
  const found = [];
  while (at < line.length) {
    const [word] = take(TOKEN) ?? fail();
    if (take(/ *= */y)) {
      const value = take(QUOTED)?.[1].replace(/\\(.)/g, '$1') ?? take(TOKEN)?.[0] ?? fail();
      const { parameters } = found.at(-1) ?? fail();
      if (word in parameters) fail();
      parameters[word.toLowerCase()] = value;
    } else {
      found.push({ scheme: word, parameters: {} });
      if (take(/ +/y)) continue;
    }
    if (at < line.length && !take(/ *, */y)) fail();
  }
  return found;
}
