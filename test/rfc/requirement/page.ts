/** The page of requirements: a table for each document, with the reasons below it. */
import { PROFILE_NAMES } from '../../../src/sim/design/profiles.ts';
import type { Section } from './catalogue.ts';
import { type Cell, measure } from './measure.ts';

/** What was measured of a section, by requirement and profile. */
export type Measured = ReadonlyMap<string, ReadonlyMap<string, Cell>>;

export function measureSection({ rows }: Section): Measured {
  return new Map(rows.map((row) => [row.id, new Map(PROFILE_NAMES.map((name) => [name, measure(row, name)]))]));
}

const LEVELS = { M: 'MUST', N: 'MUST NOT', S: 'SHOULD', A: 'MAY', I: '' } as const;

/** The reasons of a section, each once, in the order in which they are met. */
class Notes {
  readonly #numbers = new Map<string, number>();

  number(reason: string): number {
    const known = this.#numbers.get(reason) ?? this.#numbers.size + 1;
    this.#numbers.set(reason, known);
    return known;
  }

  get lines(): readonly string[] {
    return [...this.#numbers].map(([reason, number]) => `${number}. ${reason}`);
  }
}

function showCell(cell: Cell | undefined, notes: Notes): string {
  switch (cell?.kind) {
    case 'meets':
      return 'meets';
    case 'deviates':
      return `**deviates** ${notes.number(cell.reason ?? `unexplained: ${cell.seen}`)}`;
    case 'nothing':
      return `n/a ${notes.number(cell.reason)}`;
    default:
      return '?';
  }
}

/** One section of the page. */
export function showSection(section: Section, measured: Measured): string {
  const notes = new Notes();
  const rows = section.rows.map(({ id, level, text }) => {
    const cells = PROFILE_NAMES.map((name) => showCell(measured.get(id)?.get(name), notes));
    const must = LEVELS[level];
    return `| ${id} | ${must === '' ? '' : `${must}: `}${text} | ${cells.join(' | ')} |`;
  });
  return [
    `## ${section.title}`,
    '',
    `| | | ${PROFILE_NAMES.join(' | ')} |`,
    `| --- | --- | ${PROFILE_NAMES.map(() => '---').join(' | ')} |`,
    ...rows,
    '',
    ...notes.lines,
    '',
  ].join('\n');
}

/** How many cells of a page say what. */
export function countCells(sections: string): Readonly<Record<'meets' | 'deviates' | 'nothing', number>> {
  const count = (pattern: RegExp) => [...sections.matchAll(pattern)].length;
  return {
    meets: count(/ meets (?=\|)/g),
    deviates: count(/ \*\*deviates\*\* \d+ (?=\|)/g),
    nothing: count(/ n\/a \d+ (?=\|)/g),
  };
}

/** The whole page, its sections as given. */
export function showPage(sections: readonly string[]): string {
  const body = sections.join('\n');
  const { meets, deviates, nothing } = countCells(body);
  return `# Requirements

What the RFCs ask of NATs, measured on every [profile](profiles.md): a gateway of the profile stands on a bench, packets are laid before its doors,
and what leaves it is looked at. The tests that do so (\`test/rfc\`) write this page: \`npm run requirements\`.

${meets + deviates + nothing} cells: ${meets} meet the requirement, ${deviates} deviate from it, by design and for the reason given, and in ${nothing} there is nothing to measure.

A requirement that begins with MAY is met by a profile that makes use of it, or can be told to. The rest of the sentence is ours, not that of the RFC.

${body}`;
}
