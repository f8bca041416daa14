/** A place in a document: keys and array indices from the root down. */
export type Path = readonly (string | number)[];

/** The place as people write it: `nodes.gw.nat.rules[1].to`; a key that is no plain word stands in quotes: `groups["a.b"]`. */
export function showPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    if (!/^[A-Za-z_$][\w$-]*$/.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}
