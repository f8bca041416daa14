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

/** Reads back what `showPath` writes; undefined when it is no path. */
export function parsePath(text: string): Path | undefined {
  const steps: (string | number)[] = [];
  for (let rest = text; rest !== ''; ) {
    const found = (steps.length === 0 ? FIRST : NEXT).exec(rest);
    if (found === null) return undefined;
    const [whole, name, index, quoted] = found;
    steps.push(name ?? (index === undefined ? (JSON.parse(quoted ?? '') as string) : Number(index)));
    rest = rest.slice(whole.length);
  }
  return steps;
}

const NAME = String.raw`([A-Za-z_$][\w$-]*)`;
/** `[3]` or `["a.b"]`; what stands in quotes is a JSON text, so reading it cannot fail. */
const BRACKET = String.raw`\[(?:(0|[1-9]\d*)|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"))\]`;
const FIRST = new RegExp(`^(?:${NAME}|${BRACKET})`);
const NEXT = new RegExp(`^(?:\\.${NAME}|${BRACKET})`);
