import { describe, expect, it } from 'vitest';
import { NETWORK } from './home.ts';
import { folderWith, middlebox } from './middlebox.ts';

const GW = { ...NETWORK.nodes.gw, tracking: { timeouts: { udp: '20s' } } };
const FILE = { networks: { home: { ...NETWORK, nodes: { ...NETWORK.nodes, gw: GW } } } };
const cwd = folderWith({
  'scenarios.json': JSON.stringify(FILE, null, 1),
  'shorter.json': '[{ "op": "add", "path": "/nodes/gw/tracking/timeouts/icmp",\n   "value": "7s" }]',
});

const idle = (...options: string[]) => middlebox(['trace', '--idle', ...options], { cwd });
const fromLaptop = (...options: string[]) => idle('--from', 'laptop', '--to', 'web', ...options);

describe('trace --idle', () => {
  it('tells of each protocol what is forgotten first, by which line, and the keepalive', () => {
    const { code, out, err } = fromLaptop('--port', '80');
    expect([code, err]).toEqual([0, '']);
    expect(out.match(/^\S+, .*?:/gm)).toEqual([
      'tcp, established:',
      'udp, answered once:',
      'udp, stream:',
      'icmp, answered:',
    ]);
    expect(out).toMatch(/gw +translation 192\.168\.0\.4:\d+ → 203\.0\.113\.5:\d+ +20s +udp \(scenarios\.json:\d+\)/);
    expect(out).toMatch(/Keepalive: every 4d23h59m59s999ms at the longest \(tried/);
  });

  it('asks ICMP alone where there is no port, after a change if there is one', () => {
    const { out } = fromLaptop('--change', 'shorter.json', '--reporter', 'json');
    const [session, ...more] = JSON.parse(out);
    expect(more).toEqual([]);
    expect(session).toMatchObject({
      protocol: 'icmp',
      firstLoss: { node: 'gw', lifetime: '7s', at: 'shorter.json:2' },
      keepalive: { longest: '6s999ms', kept: true },
    });
  });

  it.each([
    [['--ttl', '3'], '--idle watches whole sessions; --ttl does not go with it'],
    [['--scenario', 'x'], '--idle watches whole sessions; --scenario does not go with it'],
    [['--protocol', 'udp'], 'udp needs a port to connect to: --port N'],
    [['--protocol', 'gre'], '--protocol: sessions of gre are not watched: write tcp, udp, icmp'],
    [['--to', 'wep'], '--to: there is no node "wep" (did you mean "web"?)'],
    [['--to', 'example.org'], '--to: "example.org" is no node and no address'],
  ])('refuses %j', (options, message) => {
    const { code, err } = fromLaptop(...options);
    expect([code, err]).toEqual([2, `error: ${message}\n`]);
  });

  it('needs both ends', () => {
    expect(idle('--from', 'laptop').err).toBe('error: name who speaks with whom: --from NODE --to NODE\n');
  });
});
