/** Every measurement can fail: where no profile deviates, a gateway that was spoilt on purpose does. */
import { describe, expect, it } from 'vitest';
import { ALL_PROFILES } from '../../src/sim/design/profiles.ts';
import { SECTIONS } from './requirement/catalogue.ts';
import { Subject } from './requirement/requirement.ts';
import type { Stand, StandOptions } from './requirement/stand.ts';

/** A profile with something about it that no measurement can undo. */
class Spoilt extends Subject {
  readonly #spoil: StandOptions;

  constructor(spoil: StandOptions) {
    super('full-cone');
    this.#spoil = spoil;
  }

  override stand(options: StandOptions = {}): Stand {
    const { axes, ...rest } = this.#spoil;
    const { tcp, icmp, ports, timeouts } = options.axes ?? {};
    const merged = {
      ...options.axes,
      ...axes,
      tcp: { ...tcp, ...axes?.tcp },
      icmp: { ...icmp, ...axes?.icmp },
      ports: { ...ports, ...axes?.ports },
      timeouts: { ...timeouts, ...axes?.timeouts },
    };
    return super.stand({ ...options, ...rest, axes: merged });
  }
}

const drop = (protocol: 'udp' | 'tcp' | 'icmp'): StandOptions => ({
  firewall: { forward: { rules: [{ match: { protocol }, action: 'drop' }] } },
});

/** What is spoilt, and which requirements are then not met. */
const SPOILT: readonly (readonly [what: string, spoil: StandOptions, ids: string])[] = [
  [
    'nothing of UDP passes',
    drop('udp'),
    'VOC-1 VOC-4 CGN-3 CGN-6 VOC-18 VOC-19 VOC-20 VOC-21 VOC-23 VOC-26 UDP-5b UDP-13a UDP-14 UDP-14a',
  ],
  ['nothing of TCP passes', drop('tcp'), 'TCP-2 TCP-5a TCP-O-INIT'],
  ['nothing of ICMP passes', drop('icmp'), 'VOC-2 ICMP-1 ICMP-2a ICMP-10a ICMP-10b'],
  ['the router itself says nothing', { firewall: { output: { policy: 'drop' } } }, 'UDP-13 ICMP-10f'],
  ['a policy that is not heeded', { firewall: {} }, 'ICMP-9'],
  ['mappings that never end', { axes: { timeouts: { udp: '9h' } } }, 'VOC-3'],
  ['mappings that only strangers keep', { axes: { refresh: 'inbound' } }, 'UDP-6'],
  ['mappings that everything keeps', { axes: { refresh: 'both', timeouts: { udp: '20m' } } }, 'CGN-U8'],
  ['errors end mappings', { axes: { icmp: { endMapping: true } } }, 'UDP-12 TCP-10 ICMP-6'],
  [
    'errors are dropped',
    { axes: { icmp: { errors: 'drop' } } },
    'UDP-12a UDP-12b TCP-9 ICMP-3b ICMP-3c ICMP-3d ICMP-4a ICMP-4b ICMP-4c ICMP-5a',
  ],
  ['no simultaneous open', { axes: { tcp: { simultaneousOpen: false } } }, 'TCP-2a'],
  ['strangers are always refused aloud', { axes: { tcp: { unsolicited: 'reset' } } }, 'TCP-4a'],
  ['a filter of another class', { axes: { filtering: 'address-dependent' } }, 'VOC-8 VOC-9 VOC-10 CGN-7'],
  ['ports in a row', { axes: { ports: { allocation: 'sequential' } } }, 'VOC-13 CGN-15 CGN-U10'],
  [
    'ports that are shared',
    {
      axes: {
        mapping: 'address-and-port-dependent',
        filtering: 'address-and-port-dependent',
        tcp: { mapping: 'address-and-port-dependent', filtering: 'address-and-port-dependent' },
        ports: { overload: true, allocation: 'random' },
      },
    },
    'VOC-5 VOC-6 VOC-7 VOC-12 VOC-14 CGN-14',
  ],
  ['arbitrary pooling', { axes: { pooling: 'arbitrary' } }, 'VOC-16 CGN-2'],
  ['strangers whom no policy stops', { firewall: {}, axes: { refresh: 'both' } }, 'CGN-U7'],
  ['mappings that end at once', { axes: { timeouts: { udp: '1ms' } } }, 'CGN-11d'],
  ['a limit that cannot be set', { axes: { ports: { perSubscriber: 100 } } }, 'CGN-4'],
  ['ports that hardly rest', { axes: { ports: { holdDown: '1s' } } }, 'CGN-8'],
  ['nobody speaks PCP', { services: [] }, 'CGN-9'],
  ['no answer where ports run out', { axes: { exhausted: 'drop' } }, 'CGN-11'],
  ['ports are never shared', { axes: { ports: { overload: false } } }, 'CGN-U4'],
  ['parity is always kept', { axes: { ports: { parity: true } } }, 'CGN-U9'],
  ['ports that follow from nothing', {}, 'CGN-D1 CGN-D2 CGN-D3 CGN-D4'],
  ['blocks without a limit', { axes: { ports: { allocation: 'block', blocks: 9 } } }, 'CGN-B1'],
  ['no hairpins', { axes: { hairpin: false } }, 'VOC-17'],
];

/** Nothing that can be written breaks these: what they forbid is nowhere in the engine. */
const UNBREAKABLE = new Set(['UDP-10', 'TCP-6', 'ICMP-3', 'ICMP-4', 'ICMP-10e', 'CGN-U6']);

const rows = Object.values(SECTIONS).flatMap(({ rows }) => [...rows]);

describe('a spoilt gateway', () => {
  describe.each(SPOILT)('%s', (_, spoil, ids) => {
    it.each(ids.split(' '))('%s is not met', (id) => {
      const check = rows.find((row) => row.id === id)?.check;
      if (typeof check !== 'function') throw new Error(`${id} measures nothing`);
      expect(check(new Spoilt(spoil))).toEqual(expect.any(String));
    });
  });

  it('leaves no measurement that nothing fails', () => {
    const known = new Set([
      ...Object.values(ALL_PROFILES).flatMap(({ deviates }) => Object.keys(deviates).flatMap((ids) => ids.split(' '))),
      ...SPOILT.flatMap(([, , ids]) => ids.split(' ')),
      ...UNBREAKABLE,
    ]);
    expect(rows.filter(({ id, check }) => typeof check === 'function' && !known.has(id)).map(({ id }) => id)).toEqual(
      [],
    );
  });
});
