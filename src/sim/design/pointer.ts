/** Places in a JSON document as text. Read RFC 6901 first. */

/** The steps of a pointer (`/nodes/gw/routes/0`), unescaped; undefined when it is none. The whole document is no step. */
export function parsePointer(text: string): string[] | undefined {
  if (text === '') return [];
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined;
  return text
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The text that `parsePointer` reads back. */
export function showPointer(steps: readonly (string | number)[]): string {
  return steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
