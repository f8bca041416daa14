/** What the package promises to those who install it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (name: string): unknown => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));

interface Locked {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

describe('package-lock.json', () => {
  const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, Locked>> };

  it('holds every dependency of every platform: else npm ci refuses it', () => {
    const missing = Object.entries(packages).flatMap(([name, { dependencies = {}, optionalDependencies = {} }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies }).filter(
        (needed) =>
          !Object.hasOwn(packages, `${name}/node_modules/${needed}`) &&
          !Object.hasOwn(packages, `node_modules/${needed}`),
      ),
    );
    expect(missing).toEqual([]);
  });

  it('leaves the choice of a registry to whoever installs', () => {
    expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
  });
});

describe('package.json', () => {
  const manifest = read('package.json') as { files: readonly string[]; license: string };

  it('ships files that are there', () => {
    const built = manifest.files.filter((name) => name !== 'dist');
    expect(built.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
  });
});
