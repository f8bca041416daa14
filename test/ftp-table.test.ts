/** FTP in every combination of NAT, firewalls, helpers and encryption, by the law, by the kernel, and as published. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { answerOf } from '../scripts/ftp/answer.ts';
import { addressOf, CASES, type Case, MODES, networkOf } from '../scripts/ftp/cases.ts';
import { readTable, showPage } from '../scripts/ftp/page.ts';
import { ask, nameOf, simulate } from '../scripts/ftp/run.ts';
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

describe('FTP truth table', () => {
  it('has every combination', () => {
    expect(Object.keys(recording.table)).toEqual(rows.map(([name]) => name));
    expect(Object.values(recording.table).flat()).toHaveLength(16 * 5 * 4 * 2);
  });

  it.each(rows)('%s: by the law of FTP-T1, -T2, -T3, and as the kernel answered', (name, each) => {
    const answers = simulate(each);
    const law = [false, true].flatMap((encrypted) => MODES.map((mode) => LAW[mode](each, encrypted)));
    expect(answers.map((answer) => answer === 'works')).toEqual(law);
    expect(answers).toEqual(recording.table[name]);
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
