/** A strict reader of the XML that is written here: elements, attributes, text; anything else fails. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

export function readXml(document: string): Element {
  if (!document.startsWith(DECLARATION)) throw new Error('no XML declaration');
  const reader = { rest: document.slice(DECLARATION.length) };
  const root = readElement(reader);
  if (reader.rest.trim() !== '') throw new Error(`after the root: ${reader.rest}`);
  return root;
}

function take(reader: { rest: string }, shape: RegExp, what: string): RegExpExecArray {
  const found = shape.exec(reader.rest);
  if (found === null) throw new Error(`no ${what} at: ${reader.rest.slice(0, 60)}`);
  reader.rest = reader.rest.slice(found[0].length);
  return found;
}

function readElement(reader: { rest: string }): Element {
  const [, name = ''] = take(reader, /^<([a-z]+)/, 'element');
  const attributes: Record<string, string> = {};
  for (
    let more = /^ ([a-z]+)="([^"<>\n\r\t]*)"/.exec(reader.rest);
    more !== null;
    more = /^ ([a-z]+)="([^"<>\n\r\t]*)"/.exec(reader.rest)
  ) {
    const [whole, key = '', value = ''] = more;
    if (Object.hasOwn(attributes, key)) throw new Error(`${key} is there twice`);
    attributes[key] = decode(value);
    reader.rest = reader.rest.slice(whole.length);
  }
  const [end] = take(reader, /^\/?>/, 'end of the tag');
  const children: Element[] = [];
  let text = '';
  if (end === '/>') return { name, attributes, children, text };
  while (!reader.rest.startsWith('</')) {
    if (reader.rest.startsWith('<')) children.push(readElement(reader));
    else text += decode(take(reader, /^[^<>]+/, 'text')[0]);
  }
  take(reader, new RegExp(`^</${name}>`), `end of ${name}`);
  return { name, attributes, children, text: children.length > 0 ? text.trim() : text };
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };

function decode(text: string): string {
  return text.replace(/&([^;]*;?)/g, (whole, body: string) => {
    const found = /^(?:#(\d+)|([a-z]+));$/.exec(body);
    const character = found?.[1] === undefined ? ENTITIES[found?.[2] ?? ''] : String.fromCodePoint(Number(found[1]));
    if (character === undefined) throw new Error(`not an entity: ${whole}`);
    return character;
  });
}
