/** A pattern for names: `*` stands for any text, `?` for one character, everything else for itself. */
export function globMatcher(pattern: string): (name: string) => boolean {
  const source = pattern.replace(/[\\^$.*+?()[\]{}|]/g, (character) =>
    character === '*' ? '.*' : character === '?' ? '.' : `\\${character}`,
  );
  const shape = new RegExp(`^${source}$`, 'su');
  return (name) => shape.test(name);
}
