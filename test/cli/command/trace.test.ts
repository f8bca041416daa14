import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { NETWORK } from './home.ts';
import { folderWith, middlebox } from './middlebox.ts';
import { TRACE } from './shapes.ts';

/** The same, with a piece of the Internet between. */
const FAR = {
  ...NETWORK,
  nodes: {
    ...NETWORK.nodes,
    isp: { kind: 'router', interfaces: { customer: '203.0.113.1/25', servers: '203.0.113.129/25' } },
    gw: { ...NETWORK.nodes.gw, interfaces: { lan: '192.168.0.1/24', wan: '203.0.113.5/25' }, gateway: '203.0.113.1' },
    web: { ...NETWORK.nodes.web, interfaces: { eth0: '203.0.113.180/25' }, gateway: '203.0.113.129' },
  },
  links: [
    ['laptop', 'gw:lan'],
    ['gw:wan', 'isp:customer'],
    ['isp:servers', 'web'],
  ],
  publicInternet: ['isp'],
};

const FILE = {
  networks: { home: NETWORK },
  scenarios: [
    {
      name: 'plain',
      network: FAR,
      steps: [{ ftp: { from: 'laptop', to: 'web', mode: 'active' } }, { ping: { from: 'laptop', to: 'web' } }],
    },
    {
      name: 'helped',
      network: 'home',
      change: { op: 'add', path: '/nodes/gw/nat/helpers', value: ['ftp'] },
      steps: [{ name: 'a file', ftp: { from: 'laptop', to: 'web', mode: 'active' }, expect: 'transferred' }],
    },
    {
      name: 'shut, then moved',
      network: 'home',
      steps: [
        {
          change: {
            op: 'add',
            path: '/nodes/gw/firewall/forward/rules/0',
            value: { match: { protocol: 'udp' }, action: 'drop', name: 'put here by the change' },
          },
        },
        { send: { from: 'laptop', to: 'web', protocol: 'udp', port: 53 } },
        { connect: { from: 'laptop', to: 'web', port: 25 }, expect: 'connected' },
        { change: { op: 'replace', path: '/nodes/gw/firewall/forward/rules/3/action', value: 'drop' } },
        { send: { from: 'laptop', to: 'web', protocol: 'tcp', port: 80 } },
      ],
    },
  ],
};
const text = JSON.stringify(FILE, null, 2);
const cwd = folderWith({
  'scenarios.json': text,
  'inline.json': { scenarios: [{ name: 'x', network: NETWORK, steps: [] }] },
});

/** The line on which the n-th occurrence of a text stands. */
function lineOf(part: string, n = 1): number {
  const lines = text.split('\n').flatMap((line, i) => (line.includes(part) ? [i + 1] : []));
  return lines[n - 1] ?? 0;
}

const trace = (...argv: string[]) => middlebox(['trace', ...argv], { cwd });
const fromLaptop = (...argv: string[]) => trace('--from', 'laptop', '--to', 'web', ...argv);

interface Packet {
  readonly kind: 'packet';
  readonly packet: number;
  readonly cause?: number;
  readonly by: string;
  readonly summary: string;
  readonly hops: readonly {
    readonly node: string;
    readonly in?: string;
    readonly out?: string;
    readonly to?: string;
    readonly stages: readonly Readonly<Record<string, string>>[];
  }[];
  readonly fate: Readonly<Record<string, string>>;
}
interface Document {
  readonly version: number;
  readonly network?: string;
  readonly scenario?: string;
  readonly before?: readonly unknown[];
  readonly steps: readonly {
    readonly title: string;
    readonly where?: string;
    readonly status: string;
    readonly result: Readonly<Record<string, unknown>>;
    readonly events: readonly (Packet | { readonly kind: 'note' | 'expectation' | 'change'; readonly says: string })[];
  }[];
}

const validate = new Ajv2020({ allErrors: true }).compile(TRACE);
const json = (...argv: string[]): Document => {
  const document: unknown = JSON.parse(trace(...argv, '--reporter', 'json').out);
  validate(document);
  expect(validate.errors).toBeNull();
  return document as Document;
};
const packetsOf = (document: Document, step = 0): Packet[] =>
  (document.steps[step]?.events ?? []).filter((event): event is Packet => event.kind === 'packet');

describe('trace of a ping', () => {
  const { out } = fromLaptop();

  it('shows one block a hop, with the line of the file that decided, and the answer after it', () => {
    const id = /id (\d+)/.exec(out)?.[1];
    expect(out).toBe(`ping laptop → web

#1 192.168.0.4 > 203.0.113.80 icmp echo request id ${id} seq 1 len 56 ttl 64
   made by ping #1 on laptop at 0s
   laptop out by eth0 to gw:lan, at 0s
     route      0.0.0.0/0 via 192.168.0.1 by eth0  [gateway at scenarios.json:${lineOf('"gateway": "192.168.0.1"')}]
     egress     to 192.168.0.1 by eth0
   gw in by lan, out by wan to web:eth0, at 1ms
     track      NEW: a new connection
     route      203.0.113.0/24 on link by wan  [interfaces.wan at scenarios.json:${lineOf('"wan"')}]
     ttl        64 → 63
     forward    accept  [firewall.forward.rules[2] at scenarios.json:${lineOf('"inInterface": "lan"') - 2}]
     snat       source 192.168.0.4:${id} → 203.0.113.5:${id} (port kept)  [nat.rules[0] at scenarios.json:${lineOf('"outInterface"') - 2}]
                before  192.168.0.4 > 203.0.113.80 icmp echo request id ${id} seq 1 len 56 ttl 63
                after   203.0.113.5 > 203.0.113.80 icmp echo request id ${id} seq 1 len 56 ttl 63
     confirm    new row 1: icmp 192.168.0.4 > 203.0.113.80 id ${id}, back 203.0.113.80 > 203.0.113.5 id ${id}, expires in 30s
     egress     to 203.0.113.80 by wan
   web in by eth0, at 2ms
     route      203.0.113.80 is here
   DELIVERED on web to echo reply

#2 203.0.113.80 > 203.0.113.5 icmp echo reply id ${id} seq 1 len 56 ttl 64
   made by icmp on web at 2ms, because of #1
   web out by eth0 to gw:wan, at 2ms
     route      203.0.113.0/24 on link by eth0  [interfaces.eth0 at scenarios.json:${lineOf('"eth0": "203')}]
     egress     to 203.0.113.5 by eth0
   gw in by wan, out by lan to laptop:eth0, at 3ms
     track      ESTABLISHED: connection 1
     dnat       destination 203.0.113.5:${id} → 192.168.0.4:${id}
                before  203.0.113.80 > 203.0.113.5 icmp echo reply id ${id} seq 1 len 56 ttl 64
                after   203.0.113.80 > 192.168.0.4 icmp echo reply id ${id} seq 1 len 56 ttl 64
     route      192.168.0.0/24 on link by lan  [interfaces.lan at scenarios.json:${lineOf('"lan"')}]
     ttl        64 → 63
     forward    accept  [firewall.forward.rules[0] at scenarios.json:${lineOf('"state"') - 2}]
     egress     to 192.168.0.4 by lan
   laptop in by eth0, at 4ms
     route      192.168.0.4 is here
   DELIVERED on laptop to ping

replied
replied: web answered.
`);
  });

  it('says the same in JSON', () => {
    const document = json('--from', 'laptop', '--to', 'web');
    expect(document).toMatchObject({
      version: 1,
      network: 'home',
      steps: [{ title: 'ping laptop → web', status: 'ran' }],
    });
    expect(document).not.toHaveProperty('scenario');
    expect(document.steps[0]).not.toHaveProperty('where');
    const [request, reply] = packetsOf(document);
    expect(request).not.toHaveProperty('cause');
    expect(reply).toMatchObject({ cause: 1, fate: { kind: 'delivered', node: 'laptop', to: 'ping' } });
    for (const { summary, hops } of [request, reply] as Packet[]) {
      expect(out).toContain(summary);
      for (const stage of hops.flatMap(({ stages }) => stages)) {
        for (const [name, value] of Object.entries(stage)) expect(out, name).toContain(value);
      }
    }
    const shown = out.split('\n').filter((line) => /^ {5}[a-z]/.test(line)).length;
    expect(packetsOf(document).flatMap(({ hops }) => hops.flatMap(({ stages }) => stages))).toHaveLength(shown);
  });
});

describe('--brief', () => {
  it('gives a line for each packet, with its end', () => {
    const { out } = fromLaptop('--port', '25', '--brief');
    expect(out).toMatch(
      /^connect laptop → web:25 tcp\n#1 \S+ > 203\.0\.113\.80:25 tcp SYN .* {2}DROPPED at gw, rule: .*\n#2 .* icmp port unreachable .* {2}DELIVERED on laptop to .*\n\nrefused\n.*\n$/,
    );
  });

  it('keeps what is remarked between them', () => {
    const lines = trace('--scenario', 'helped', '--brief').out.split('\n');
    expect(lines.filter((line) => line.startsWith('   * now expects'))).toHaveLength(1);
  });
});

describe('what is sent', () => {
  const kinds = (...argv: string[]) =>
    packetsOf(json('--from', 'laptop', '--to', 'web', ...argv)).map(({ summary }) => summary);

  it.each<[string, readonly string[], readonly RegExp[]]>([
    [
      'a whole connection to a port',
      ['--port', '80'],
      [/tcp SYN /, /tcp SYN\+ACK /, /tcp ACK /, /tcp FIN\+ACK/, /tcp FIN\+ACK|tcp ACK/, /tcp ACK/],
    ],
    [
      'from a port of one’s own',
      ['--port', '80', '--source-port', '5555', '--packet'],
      [/192\.168\.0\.4:5555 > .*:80 tcp SYN /, /tcp SYN\+ACK/, /tcp RST/],
    ],
    ['one packet with a TTL', ['--port', '80', '--ttl', '1'], [/tcp SYN .* ttl 1$/, /time exceeded/]],
    ['one echo request with a TTL', ['--ttl', '1'], [/echo request .* ttl 1$/, /time exceeded/]],
    ['a datagram', ['--protocol', 'udp', '--port', '53', '--packet'], [/udp len 0/, /port unreachable/]],
    ['a protocol by number', ['--protocol', '50'], [/esp len 0/, /protocol unreachable/]],
  ])('is %s', (_, argv, expected) => {
    const sent = kinds(...argv);
    expect(sent).toHaveLength(expected.length);
    for (const [i, shape] of expected.entries()) expect(sent[i]).toMatch(shape);
  });

  it('exchanges a datagram and its answer where there is one', () => {
    const document = json('--from', 'laptop', '--to', 'web', '--protocol', 'udp', '--port', '7');
    expect(document.steps[0]?.result).toMatchObject({ outcome: 'refused' });
  });
});

describe('a packet that is stopped', () => {
  it('ends with one fate, its reason, its place and what would help', () => {
    const { out } = fromLaptop('--port', '25');
    const place = `[firewall.forward.rules[1] at scenarios.json:${lineOf('"no mail"') - 1}]`;
    expect(out).toContain(`     forward    reject with icmp-port-unreachable "no mail"  ${place}`);
    expect(out).toContain(`   DROPPED at gw, rule: firewall.forward.rules[1] "no mail" says reject  ${place}`);
    expect(out).toMatch(/^ {3}what would help: A rule before firewall\.forward\.rules\[1\]/m);
    expect(out).toMatch(
      /^#2 192\.168\.0\.1 > 192\.168\.0\.4 icmp port unreachable .*\n {3}made by icmp on gw at 1ms, because of #1$/m,
    );
    expect(out.match(/^ {3}(DELIVERED|DROPPED|LOST)/gm)).toEqual(['   DROPPED', '   DELIVERED']);
  });

  it('is not told again in full when it is sent again', () => {
    const { out } = trace('--from', 'web', '--to', 'laptop', '--port', '80', '--seed', '3');
    expect(out).toMatch(/no route to 192\.168\.0\.4/);
    const again = trace('--from', 'web', '--to', '203.0.113.9', '--port', '80').out;
    expect(again).toMatch(/LOST at web, noNeighbour: nobody on gw:wan - web answers for 203\.0\.113\.9/);
    expect(again).toMatch(/^ {3}made by connect #1 on web at 1s; all the way as #1: lost$/m);
  });
});

describe('trace of a scenario', () => {
  it('shows how active FTP dies at a NAT: the private address in PORT, the SYN that has no way', () => {
    const { out } = trace('--scenario', 'plain', '--step', '1');
    expect(out.startsWith('ftp laptop → web active  (scenarios.json:')).toBe(true);
    expect(out).toMatch(/^#\d+ 192\.168\.0\.4:\d+ > 203\.0\.113\.180:21 tcp .* "PORT 192,168,0,4,\d+,\d+"$/m);
    expect(out).toMatch(/after {3}203\.0\.113\.5:\d+ > 203\.0\.113\.180:21 tcp .* "PORT 192,168,0,4,\d+,\d+"$/m);
    expect(out).toMatch(
      /^#\d+ 203\.0\.113\.180:20 > 192\.168\.0\.4:\d+ tcp SYN .*\n {3}made by ftp tcp\/21 on web at /m,
    );
    expect(out).toMatch(
      new RegExp(
        String.raw`DROPPED at isp, publicInternet: .*\[publicInternet at scenarios\.json:${lineOf('"publicInternet"')}\]`,
      ),
    );
    expect(out).toContain('\ndata-failed\n');
    expect(out).not.toContain('echo request');
  });

  it('shows what a helper does: the payload rewritten, the connection expected, the SYN let in', () => {
    const { out } = trace('--scenario', 'helped');
    expect(out).toContain('before the first step\n   * add /nodes/gw/nat/helpers, at 0s\n');
    expect(out).toMatch(/confirm {4}ftp helper: .*PORT 192,168,0,4,\d+,\d+ → PORT 203,0,113,5,\d+,\d+/);
    expect(out).toMatch(/^ {3}\* now expects connection 203\.0\.113\.80 > 203\.0\.113\.5:\d+ on gw, at /m);
    expect(out).toMatch(/track {6}RELATED: /);
    expect(out).toContain('\ntransferred\n');
  });

  it('says the same in JSON', () => {
    const document = json('--scenario', 'helped');
    expect(document).toMatchObject({
      version: 1,
      scenario: 'helped',
      network: 'home',
      before: [{ kind: 'change', says: 'add /nodes/gw/nat/helpers' }],
      steps: [{ title: 'a file', status: 'passed', where: expect.stringMatching(/^scenarios\.json:\d+:\d+$/) }],
    });
    expect(document.steps[0]?.events.map(({ kind }) => kind)).toContain('expectation');
  });

  it('shows all steps, or the one that is asked for', () => {
    expect(json('--scenario', 'plain').steps.map(({ title }) => title)).toEqual([
      'ftp laptop → web active',
      'ping laptop → web',
    ]);
    expect(json('--scenario', 'plain', '--step', '2').steps.map(({ title }) => title)).toEqual(['ping laptop → web']);
  });

  it('succeeds whatever became of the step, and says what was expected', () => {
    const { code, out } = trace('--scenario', 'shut, then moved', '--step', '3');
    expect(code).toBe(0);
    expect(out).toContain('outcome: expected "connected", got "refused"');
  });

  it('points at the line a rule was written on, also where a change moved it or put it there', () => {
    const stopped = (step: number) => packetsOf(json('--scenario', 'shut, then moved'), step - 1)[0]?.fate;
    expect(stopped(2)).toMatchObject({
      place: 'firewall.forward.rules[0]',
      where: `scenarios.json:${lineOf('"value": {')}`,
    });
    expect(stopped(3)).toMatchObject({
      place: 'firewall.forward.rules[2]',
      where: `scenarios.json:${lineOf('"no mail"') - 1}`,
    });
    expect(stopped(5)).toMatchObject({
      place: 'firewall.forward.rules[3]',
      where: `scenarios.json:${lineOf('"op": "replace"') - 1}`,
    });
  });
});

describe('what the user names', () => {
  it.each<[readonly string[], string]>([
    [['--from', 'lapto', '--to', 'web'], '--from: there is no node "lapto" (did you mean "laptop"?)'],
    [['--from', 'laptop', '--to', 'wbe'], '--to: there is no node "wbe" (did you mean "web"?)'],
    [['--from', 'laptop', '--to', 'gw:wna'], '--to: gw has no interface "wna" (did you mean "wan"?)'],
    [['--from', 'laptop', '--to', '192.168.0.300'], '--to: "192.168.0.300" is not an IPv4 address'],
    [['--network', 'hoem', '--from', 'laptop', '--to', 'web'], 'there is no network "hoem" (did you mean "home"?)'],
    [['--network', 'office', '--from', 'laptop', '--to', 'web'], 'there is no network "office"; there is "home"'],
    [['--scenario', 'plian'], 'there is no scenario "plian" (did you mean "plain"?)'],
    [['--scenario', 'plain', '--step', '3'], '"plain" has 2 steps, so none is 3'],
    [
      ['--scenario', 'plain', '--source-port', '3'],
      "--scenario traces that scenario's own steps; --source-port does not go with it",
    ],
    [['--from', 'laptop'], 'name who sends and to whom: --from NODE --to NODE, or --scenario NAME'],
    [
      ['inline.json', '--from', 'laptop', '--to', 'web'],
      'inline.json has no "networks": trace a scenario with --scenario',
    ],
  ])('%j', (argv, message) => {
    const { code, err } = trace(...argv);
    expect(err).toContain(`error: ${message}`);
    expect(code).toBe(2);
  });

  it('says everything that is wrong at once', () => {
    const { err } = trace('--from', 'lapto', '--to', 'wbe', '--packet', '--protocol', 'gre', '--port', '1');
    expect(err.split('\n')).toEqual([
      'error: --from: there is no node "lapto" (did you mean "laptop"?)',
      'error: --to: there is no node "wbe" (did you mean "web"?)',
      'error: --port: gre has no ports',
      '',
    ]);
  });
});
