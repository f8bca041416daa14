/** FTP in every combination of NAT, firewalls, helpers and encryption, by the law, by the kernel, and as published. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { answerOf } from '../scripts/ftp/answer.ts';
import { addressOf, CASES, type Case, MODES, networkOf, type Remedy, ROWS } from '../scripts/ftp/cases.ts';
import { readTable, showPage } from '../scripts/ftp/page.ts';
import { ask, nameOf, simulate, type Table } from '../scripts/ftp/run.ts';
import { missing } from '../src/lab/execute.ts';
import { perform, simulate as simulateNetwork } from '../src/scenarios/perform.ts';
import { fail } from '../src/sim/base/fail.ts';
import type { FtpMode } from '../src/sim/host/app/ftp/errand.ts';

const recording = readTable(readFileSync(new URL('kernel/recorded/ftp-table.json', import.meta.url), 'utf8'));

/** FTP-T1: PORT and EPRT. */
function activeWorks({ clientNat, clientFirewall, remedy }: Case, encrypted: boolean): boolean {
  const helped = !encrypted && (remedy === 'client' || remedy === 'both');
  return (!clientNat || helped) && (!clientFirewall || helped);
}

/** FTP-T2: EPSV. */
function extendedPassiveWorks({ serverNat, serverFirewall, remedy }: Case, encrypted: boolean): boolean {
  const open = remedy === 'range' || serverHelps(remedy, encrypted);
  return (!serverNat || open) && (!serverFirewall || open);
}

/** FTP-T3: PASV, by a client that obeys the address in the answer. */
function passiveWorks(each: Case, encrypted: boolean): boolean {
  return extendedPassiveWorks(each, encrypted) && (!each.serverNat || serverHelps(each.remedy, encrypted));
}

function serverHelps(remedy: Case['remedy'], encrypted: boolean): boolean {
  return !encrypted && (remedy === 'server' || remedy === 'both');
}

const LAW: Readonly<Record<FtpMode, (each: Case, encrypted: boolean) => boolean>> = {
  active: activeWorks,
  'extended-active': activeWorks,
  passive: passiveWorks,
  'extended-passive': extendedPassiveWorks,
};

const rows = CASES.map((each) => [nameOf(each), each] as const);
const simulated: Table = Object.fromEntries(rows.map(([name, each]) => [name, simulate(each)]));

/**
 * What each combination of NAT and firewalls needs: `y` nothing, `C` and `S` a helper at the client and at the server,
 * `R` the range of passive ports opened and forwarded; `fails` is beyond all of these.
 */
const NEEDS = [
  // combination, PORT and EPRT, PASV, EPSV; the same, encrypted
  ['FTP-T0000', 'y', 'y', 'y', 'y', 'y', 'y'],
  ['FTP-T0001', 'y', 'S or R', 'S or R', 'y', 'R', 'R'],
  ['FTP-T0010', 'C', 'y', 'y', 'fails', 'y', 'y'],
  ['FTP-T0011', 'C', 'S or R', 'S or R', 'fails', 'R', 'R'],
  ['FTP-T0100', 'y', 'S', 'S or R', 'y', 'fails', 'R'],
  ['FTP-T0101', 'y', 'S', 'S or R', 'y', 'fails', 'R'],
  ['FTP-T0110', 'C', 'S', 'S or R', 'fails', 'fails', 'R'],
  ['FTP-T0111', 'C', 'S', 'S or R', 'fails', 'fails', 'R'],
  ['FTP-T1000', 'C', 'y', 'y', 'fails', 'y', 'y'],
  ['FTP-T1001', 'C', 'S or R', 'S or R', 'fails', 'R', 'R'],
  ['FTP-T1010', 'C', 'y', 'y', 'fails', 'y', 'y'],
  ['FTP-T1011', 'C', 'S or R', 'S or R', 'fails', 'R', 'R'],
  ['FTP-T1100', 'C', 'S', 'S or R', 'fails', 'fails', 'R'],
  ['FTP-T1101', 'C', 'S', 'S or R', 'fails', 'fails', 'R'],
  ['FTP-T1110', 'C', 'S', 'S or R', 'fails', 'fails', 'R'],
  ['FTP-T1111', 'C', 'S', 'S or R', 'fails', 'fails', 'R'],
] as const;

/** The modes of each column; what one needs the other needs, too. */
const COLUMNS: readonly (readonly FtpMode[])[] = [['active', 'extended-active'], ['passive'], ['extended-passive']];

/** What a combination needs by a table, column by column, in clear and then encrypted. */
function needsIn(table: Table, id: string): string[] {
  return [0, MODES.length].flatMap((first) =>
    COLUMNS.map((modes) => {
      const needs = modes.map((mode) => needOf(table, id, first + MODES.indexOf(mode)));
      return [...new Set(needs)].join(', but ');
    }),
  );
}

function needOf(table: Table, id: string, cell: number): string {
  const works = (remedy: Remedy) => (table[`${id} ${remedy}`] ?? fail(`no ${id} ${remedy}`))[cell] === 'works';
  const letters = [works('client') ? 'C' : '', works('server') ? 'S' : '', works('range') ? 'R' : ''].filter(Boolean);
  expect(works('both'), `${id}, cell ${cell}: two helpers do what either does`).toBe(
    works('client') || works('server'),
  );
  if (works('none')) return letters.length === 3 ? 'y' : `y, unless helped: ${letters.join(' or ')}`;
  return letters.length === 0 ? 'fails' : letters.join(' or ');
}

describe('FTP truth table', () => {
  it('has every combination', () => {
    expect(Object.keys(recording.table)).toEqual(rows.map(([name]) => name));
    expect(Object.values(recording.table).flat()).toHaveLength(16 * 5 * 4 * 2);
  });

  it.each(rows)('%s: by the law of FTP-T1, -T2, -T3, and as the kernel answered', (name, each) => {
    const answers = simulated[name] ?? fail('not simulated');
    const law = [false, true].flatMap((encrypted) => MODES.map((mode) => LAW[mode](each, encrypted)));
    expect(answers.map((answer) => answer === 'works')).toEqual(law);
    expect(answers).toEqual(recording.table[name]);
  });

  it('has what every combination needs', () => {
    expect(NEEDS.map(([id]) => id)).toEqual(ROWS.map(({ id }) => id));
  });

  it.each(NEEDS)('%s: PORT and EPRT %s, PASV %s, EPSV %s; encrypted %s, %s, %s', (id, ...needs) => {
    expect(needsIn(recording.table, id)).toEqual(needs);
    expect(needsIn(simulated, id)).toEqual(needs);
  });

  it.each([
    ['FTP-S1 client NAT, active: a strict server says 500 at once', 'FTP-T1000 none', ['500', 'works', '500', 'works']],
    ['FTP-S2 client firewall, active: the SYN is dropped, 425', 'FTP-T0010 none', ['425', 'works', '425', 'works']],
    [
      'FTP-S3 server NAT: PASV unreachable, EPSV refused',
      'FTP-T0100 none',
      ['works', 'unreachable', 'works', 'refused'],
    ],
    ['FTP-S3 server firewall: the SYN is dropped', 'FTP-T0001 none', ['works', 'silence', 'works', 'silence']],
  ] as const)('%s', (_, name, clear) => {
    expect(recording.table[name]?.slice(0, 4)).toEqual(clear);
  });

  it('FTP-S1 client NAT, active: a lax server accepts the private address, and finds no way to it', () => {
    const each = CASES.find((one) => nameOf(one) === 'FTP-T1000 none') ?? fail('no such case');
    const { nodes, ...rest } = networkOf(each);
    const server = { ...(nodes.server ?? fail('no server')), services: [{ app: 'ftp', strictPort: false } as const] };
    const { result } = perform(simulateNetwork({ ...rest, nodes: { ...nodes, server } }), {
      ftp: { from: 'client', to: addressOf(each), mode: 'active' },
    });
    expect(result).toMatchObject({ outcome: 'data-failed', reason: expect.stringMatching(/^425 /) });
  });

  it.each([
    [[], '425'],
    [['ftp'], 'works'],
  ] as const)('FTP-S4 a firewall at the server that lets nothing out: helpers %j, active: %s', (helpers, answer) => {
    const each = CASES.find((one) => nameOf(one) === 'FTP-T0000 none') ?? fail('no such case');
    const { nodes, ...rest } = networkOf(each);
    const forward = {
      policy: 'drop' as const,
      rules: [
        { match: { state: ['established' as const, 'related' as const] }, action: 'accept' as const },
        { match: { inInterface: 'out', protocol: 'tcp' as const, destinationPort: 21 }, action: 'accept' as const },
      ],
    };
    const far = { ...(nodes.far ?? fail('no gateway')), firewall: { forward }, nat: { helpers: [...helpers] } };
    const { result } = perform(simulateNetwork({ ...rest, nodes: { ...nodes, far } }), {
      ftp: { from: 'client', to: addressOf(each), mode: 'active' },
    });
    expect(answerOf('active', result)).toBe(answer);
  });

  it('is published as it was recorded', () => {
    expect(readFileSync(new URL('../docs/ftp.md', import.meta.url), 'utf8')).toBe(showPage(recording));
  });
});

/** Cases that are over soon, and in which most things go well or wrong in different ways. */
const QUICK = ['FTP-T1000 none', 'FTP-T1000 client', 'FTP-T1100 both', 'FTP-T1100 range'];
const lacks = missing(networkOf(CASES[0] as Case));
const why = lacks.length === 0 ? '' : ` (skipped: this machine lacks ${lacks.join(', ')})`;

describe.skipIf(lacks.length > 0)(`FTP truth table on this machine's kernel${why}`, () => {
  it.concurrent.each(rows.filter(([name]) => QUICK.includes(name)))('%s', async (name, each) => {
    expect(await ask(each)).toEqual(recording.table[name]);
  });
});
