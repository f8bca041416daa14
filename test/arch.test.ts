/** The rules of the layout: who may import whom, what may stand where, how large a file may be. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A file imports from its own folder and from lower floors; folders on one floor do not import each other. */
const FLOORS: Readonly<Record<string, number>> = {
  'sim/base': 0,
  'sim/addr': 1,
  'sim/packet': 2,
  'sim/space': 3,
  'sim/design': 3,
  'sim/program': 4,
  'sim/trace': 5,
  'sim/router': 6,
  'sim/host': 6,
  'sim/world': 7,
  'sim/analysis': 8,
  'sim/import': 8,
  'sim/export': 8,
  scenarios: 9,
  arbitraries: 10,
  whatif: 11,
  lab: 11,
  cli: 11,
  web: 11,
};
/** The files directly in `src` are the roof. */
const ROOF = 12;

/** The command line calls the other ways in, each where its verb is called. */
const SAME_FLOOR: readonly string[] = ['cli > lab', 'cli > whatif'];

/** Every package enters by one door. */
const DOORS: Readonly<Record<string, RegExp>> = {
  immer: /^sim\/design\/change\.ts$/,
  graphology: /^sim\/design\/graph\.ts$/,
  'pure-rand': /^sim\/base\/rng\.ts$/,
  'dns-packet': /^sim\/host\/app\/message-dns\.ts$/,
  'jsonc-parser': /^scenarios\/(json|locate)\.ts$/,
  zod: /^(sim\/design\/(design|rule|nat|behaviour|service|field|change|validate)|scenarios\/(schema|expect|invariant\/schema|json-schema))\.ts$/,
  'fast-check': /^(fast-check|arbitraries\/[a-z-]+)\.ts$/,
  vitest: /^vitest\.ts$/,
  commander: /^cli\/(main|commands)\.ts$/,
  tinypool: /^cli\/sweep\/pool\.ts$/,
  picocolors: /^cli\/terminal\.ts$/,
};

const MAX_LINES = 300;
/** Tables of data may be longer. */
const TABLES: readonly string[] = [];
/** More files than this in one folder want a subfolder with a name. */
const MAX_FILES = 20;

interface Module {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

interface Import {
  readonly from: string;
  /** Gone at run time. */
  readonly typeOnly: boolean;
  /** Loaded only when it is called for. */
  readonly lazy: boolean;
}

const modules = filesUnder(join(ROOT, 'src')).map(readModule);
/** What also runs in a browser. */
const engine = modules.filter(({ path }) => /^(sim|scenarios|arbitraries|whatif)\//.test(path));

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesUnder(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function readModule(file: string): Module {
  const text = readFileSync(file, 'utf8');
  const path = relative(join(ROOT, 'src'), file);
  const fixed = [...text.matchAll(/^(?:import|export)\s(?:(?!;)[^'])*?from '([^']+)'|^import '([^']+)'/gm)].map(
    ([whole, from, bare]) => ({
      from: from ?? bare ?? '',
      typeOnly: /^(?:import|export) type\b/.test(whole),
      lazy: false,
    }),
  );
  const lazy = [...text.matchAll(/import\('([^']+)'\)/g)].map(([, from = '']) => ({
    from,
    typeOnly: false,
    lazy: true,
  }));
  return { path, text, imports: [...fixed, ...lazy] };
}

/** The module that a relative import means. */
function targetOf(module: Module, { from }: Import): string | undefined {
  return from.startsWith('.')
    ? relative(join(ROOT, 'src'), resolve(ROOT, 'src', dirname(module.path), from))
    : undefined;
}

function folderOf(path: string): string {
  const [top = '', second = ''] = path.split('/');
  return top === 'sim' ? `sim/${second}` : path.includes('/') ? top : '';
}

function floorOf(folder: string): number | undefined {
  return folder === '' ? ROOF : FLOORS[folder];
}

/** Comments say why; what they mention is not code. */
function codeOf({ text }: Module): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
}

describe('floors', () => {
  it('finds the source', () => {
    expect(modules.length).toBeGreaterThan(150);
    expect(modules.flatMap(({ imports }) => imports).length).toBeGreaterThan(600);
  });

  it('knows every folder', () => {
    const unknown = modules.map(({ path }) => folderOf(path)).filter((folder) => floorOf(folder) === undefined);
    expect([...new Set(unknown)]).toEqual([]);
  });

  it('lets imports go down only', () => {
    const wrong = modules.flatMap((module) =>
      module.imports.flatMap((each) => {
        const target = targetOf(module, each);
        if (target === undefined) return [];
        const [here, there] = [folderOf(module.path), folderOf(target)];
        const down = (floorOf(there) ?? 0) < (floorOf(here) ?? 0);
        return here === there || down || SAME_FLOOR.includes(`${here} > ${there}`)
          ? []
          : [`${module.path} imports ${target}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('has no import cycles', () => {
    const graph = new Map(
      modules.map((module) => [
        module.path,
        module.imports.flatMap((each) => (each.typeOnly || each.lazy ? [] : (targetOf(module, each) ?? []))),
      ]),
    );
    expect(cyclesOf(graph)).toEqual([]);
  });

  it('writes relative imports with their extension', () => {
    const bare = modules.flatMap(({ path, imports }) =>
      imports.filter(({ from }) => from.startsWith('.') && !from.endsWith('.ts')).map(({ from }) => `${path}: ${from}`),
    );
    expect(bare).toEqual([]);
  });
});

/** The first cycle found from each module, as a text. */
function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) cycles.push([...way.slice(way.indexOf(path)), path].join(' > '));
    if (done.has(path) || way.includes(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return cycles;
}

describe('doors', () => {
  it.each(Object.entries(DOORS))('%s enters by its own door', (name, door) => {
    const users = modules.filter(({ imports }) =>
      imports.some(({ from, typeOnly }) => !typeOnly && (from === name || from.startsWith(`${name}/`))),
    );
    expect(users.map(({ path }) => path).filter((path) => !door.test(path))).toEqual([]);
    expect(users.length).toBeGreaterThan(0);
  });

  it('has a door for every dependency, and none for others', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: object;
      peerDependencies: object;
    };
    const needed = { ...manifest.dependencies, ...manifest.peerDependencies };
    expect(Object.keys(DOORS).toSorted()).toEqual(Object.keys(needed).toSorted());
    const packages = modules
      .flatMap(({ imports }) => imports.map(({ from }) => from))
      .filter((from) => !from.startsWith('.'));
    const strange = packages.filter(
      (from) =>
        !from.startsWith('node:') && !Object.keys(DOORS).some((name) => from === name || from.startsWith(`${name}/`)),
    );
    expect(strange).toEqual([]);
  });
});

describe('the engine', () => {
  it('imports nothing of Node', () => {
    const wrong = engine.filter(({ imports }) => imports.some(({ from }) => from.startsWith('node:')));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it.each([
    ['the clock', /\bDate\.now\b|\bnew Date\b|\bperformance\./],
    ['chance', /\bMath\.random\b|\bcrypto\./],
    ['timers', /\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b|\bqueueMicrotask\b/],
    ['Node', /\bprocess\.|\bBuffer\b|\brequire\(/],
    ['printing', /\bconsole\./],
  ])('does without %s', (_, forbidden) => {
    expect(engine.filter((module) => forbidden.test(codeOf(module))).map(({ path }) => path)).toEqual([]);
  });
});

describe('files', () => {
  it(`are at most ${MAX_LINES} lines long, unless they are tables`, () => {
    const long = modules.filter(
      ({ path, text }) => text.trimEnd().split('\n').length > MAX_LINES && !TABLES.includes(path),
    );
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it('are named in lower case, with a hyphen between two words', () => {
    expect(
      modules
        .map(({ path }) => path)
        .filter((path) => !/^([a-z0-9]+(-[a-z0-9]+)?\/)*[a-z0-9]+(-[a-z0-9]+)?\.ts$/.test(path)),
    ).toEqual([]);
  });

  it('are not put into catch-all folders', () => {
    expect(
      modules.map(({ path }) => path).filter((path) => /(^|\/)(utils?|helpers?|common|misc|lib)(\/|\.ts$)/.test(path)),
    ).toEqual([]);
  });

  it(`stand at most ${MAX_FILES} in a folder`, () => {
    const folders = new Set(modules.map(({ path }) => dirname(path)));
    const sizes = [...folders].map((folder) => ({
      folder,
      files: modules.filter(({ path }) => dirname(path) === folder).length,
    }));
    const full = sizes.filter(({ files }) => files > MAX_FILES);
    expect(full).toEqual([]);
  });

  it('export by name', () => {
    expect(modules.filter((module) => /^export default\b/m.test(codeOf(module))).map(({ path }) => path)).toEqual([]);
  });

  it('export no stars', () => {
    expect(modules.filter((module) => /^export \*/m.test(codeOf(module))).map(({ path }) => path)).toEqual([]);
  });
});
