import { describe, expect, it } from 'vitest';
import type { Nat } from '../../../../src/sim/design/nat.ts';
import { other, tcp, udp } from '../../../../src/sim/packet/build.ts';
import { FLAG, PROTOCOL } from '../../../../src/sim/packet/packet.ts';
import { connectionCopier } from '../../../../src/sim/router/connection.ts';
import { release } from '../../../../src/sim/router/mapping/unsolicited.ts';
import { Box, between, ends, ip, PUBLIC } from './box.ts';

const A = '192.168.0.2:5000';
const S = '198.51.100.9:53';
const T = '198.51.100.77:53';
const AT = `${PUBLIC}:5000`;

describe('a packet that filtering refuses', () => {
  it('ends the mapping and its sessions only where that is how the NAT behaves', () => {
    for (const [refusal, left] of [
      ['keep', 1],
      ['end', 0],
    ] as const) {
      const box = new Box({ profile: 'restricted-cone', refusal });
      box.out(A, S);
      expect(box.in(T, AT)).toBe('DROP natFiltered');
      expect(box.rows(0)).toHaveLength(left);
      expect(box.node.conntrack.rows(0)).toHaveLength(left);
    }
  });
});

describe('a rule without a match', () => {
  const rules: Nat['rules'] = [{ action: 'masquerade' }];

  it('takes the way of the default route for outside', () => {
    const box = new Box('full-cone', { rules });
    expect(box.out(A, S)).toBe(AT);
    expect(box.in(T, AT)).toBe(A);
    expect(box.in(T, `${PUBLIC}:9`)).toBe('DROP natFiltered');
    expect(box.out('192.168.0.3:1', '192.168.0.1:9')).toBe('deliver');
  });
});

describe('what is not given to', () => {
  it('an inside host that asks for an outside endpoint without a mapping is the gateway itself', () => {
    expect(new Box('full-cone').out(A, AT)).toBe('deliver');
  });

  it('another address of the gateway is for it', () => {
    expect(new Box('full-cone').in(S, '192.168.0.1:7')).toBe('deliver');
  });
});

describe('protocols without ports', () => {
  const esp = (src: string, dst: string) =>
    other({ src: ip(src), dst: ip(dst), protocol: PROTOCOL.esp, payload: new Uint8Array(8) });

  it('get the address, and the lifetime of the behaviour, and no mapping', () => {
    const box = new Box({ timeouts: { generic: '10m' } });
    expect(box.walk(esp('192.168.0.2', '198.51.100.9'), 'lan', 0).packet?.src).toBe(ip(PUBLIC));
    expect(box.rows(0)).toEqual([]);
    const back = esp('198.51.100.9', PUBLIC);
    expect(box.walk(back, 'wan', 599_999).packet?.dst).toBe(ip('192.168.0.2'));
    expect(box.walk(back, 'wan', 600_000).verdict).toBe('deliver');
  });
});

describe('IPv6', () => {
  it('has mappings like IPv4, where a rule translates it', () => {
    const rules: Nat['rules'] = [{ action: 'masquerade', family: 'both', match: { outInterface: 'wan' } }];
    const box = new Box({ filtering: 'address-dependent', ports: { range: '2000-2999' } }, { rules });
    const sent = { src: ip('fd00::2'), sport: 5000, dst: ip('2001:db8:9::9'), dport: 53 };
    const { packet } = box.walk(udp(sent), 'lan', 0);
    expect(packet?.src).toBe(ip('2001:db8::2'));
    const port = packet?.kind === 'udp' ? packet.sport : 0;
    const back = { src: sent.dst, sport: 99, dst: ip('2001:db8::2'), dport: port };
    expect(box.walk(udp(back), 'wan', 0).packet?.dst).toBe(ip('fd00::2'));
    expect(box.walk(udp({ ...back, src: ip('2001:db8:9::a') }), 'wan', 0).verdict).toBe('DROP natFiltered');
  });
});

describe('a session under a destination that depends', () => {
  it('is answered by a mapping of its own when a stranger was let in by another', () => {
    const box = new Box({ mapping: 'address-and-port-dependent' });
    const at = box.out(A, S);
    expect(box.in(T, at)).toBe(A);
    const answer = box.out(A, T);
    expect(answer).not.toBe(at);
    expect(box.in(T, answer)).toBe(A);
    expect(box.in(T, at)).toBe(A);
  });
});

describe('lifetimes of UDP', () => {
  it('to well-known ports are their own', () => {
    const box = new Box({ timeouts: { udpWellKnown: '10s', udp: '2m' } });
    box.out(A, S);
    box.out('192.168.0.2:5001', '198.51.100.9:3478');
    expect(box.rows(9_999)).toHaveLength(2);
    expect(box.rows(10_000)).toHaveLength(1);
    expect(box.rows(120_000)).toEqual([]);
  });
});

describe('tables', () => {
  it('are lost in a restart: mappings, resting ports, blocks, what is held', () => {
    const box = new Box({
      filtering: 'address-dependent',
      ports: { allocation: 'block', range: '2000-2003', blockSize: 4, holdDown: '2m', parity: false },
    });
    box.out(A, S);
    box.segment('wan', T, AT);
    box.node.conntrack.flush(1);
    expect(box.rows(1)).toEqual([]);
    expect(box.out('192.168.0.3:5000', S, 1)).toMatch(/:200[0-3]$/);
  });

  it('that are copied do not change what they were copied from', () => {
    const box = new Box({
      ports: { allocation: 'block', blocks: 2, blockSize: 2, range: '2000-2007', holdDown: '1s' },
    });
    box.out(A, S);
    const before = box.fork();
    box.out('192.168.0.2:5002', S);
    box.out('192.168.0.3:5000', S);
    expect(before.conntrack.mappings.rows(0)).toHaveLength(1);
    expect(box.rows(0)).toHaveLength(3);
    const [again] = before.conntrack.copy(connectionCopier()).mappings.all(300_000);
    expect(again).toBeUndefined();
  });

  it('make no room for new sessions at the cost of live ones (CGN-11d)', () => {
    const box = new Box('full-cone');
    const { tracking } = box.node.program;
    box.node.conntrack.configure({ tracking: { ...tracking, max: 1 }, helpers: new Set() });
    box.out(A, S);
    expect(box.out('192.168.0.3:5000', S)).toBe('DROP tableFull');
    expect(box.out(A, S)).toBe(AT);
  });
});

describe('a held SYN', () => {
  const syn = tcp({ ...between(S, AT), seq: 1, flags: FLAG.syn });

  it('is answered once, however often it is sent again', () => {
    const box = new Box('restricted-cone');
    expect(box.walk(syn, 'wan', 0).verdict).toBe('hold');
    expect(box.walk(syn, 'wan', 1000).verdict).toBe('hold');
    const passage = {
      packet: syn,
      in: 'wan',
      out: undefined,
      nextHop: undefined,
      tracked: undefined,
      notrack: false,
      cut: undefined,
      arrived: undefined,
      turned: false,
      seen: undefined,
      isFlow: false,
      length: 0,
      isSound: false,
    };
    expect(release(box.node, passage).answer?.packet).toMatchObject({ type: 3, code: 3, src: ip(PUBLIC) });
    expect(release(box.node, passage).answer).toBeUndefined();
  });

  it('is not answered once a SYN from inside has met it', () => {
    const box = new Box('restricted-cone');
    box.walk(syn, 'wan', 0);
    box.segment('lan', A, S);
    const passage = {
      packet: syn,
      in: 'wan',
      out: undefined,
      nextHop: undefined,
      tracked: undefined,
      notrack: false,
      cut: undefined,
      arrived: undefined,
      turned: false,
      seen: undefined,
      isFlow: false,
      length: 0,
      isSound: false,
    };
    expect(release(box.node, passage).answer).toBeUndefined();
    expect(ends(box.segment('wan', S, AT, 'syn ack'), 'destination')).toBe(A);
  });
});
