/** The matchers: what passes, what fails, and what a failing one tells. */
import { describe, expect, it } from 'vitest';
import { perform, simulate } from '../src/scenarios/perform.ts';
import { fork } from '../src/sim/design/change.ts';
import type { Design } from '../src/sim/design/design.ts';
import '../src/vitest.ts';
import { never } from '../src/whatif/check/demand.ts';

const HOME: Design = {
  nodes: {
    laptop: { kind: 'host', interfaces: { eth0: '192.168.0.4/24' }, gateway: '192.168.0.1' },
    gw: {
      kind: 'gateway',
      interfaces: { lan: '192.168.0.1/24', wan: '203.0.113.5/24' },
      firewall: {
        forward: {
          rules: [
            { match: { protocol: 'tcp', destinationPort: 25 }, action: 'drop' },
            { match: { state: 'new', inInterface: 'wan' }, action: 'drop' },
          ],
        },
      },
      nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }] },
    },
    web: {
      kind: 'host',
      interfaces: { eth0: '203.0.113.80/24' },
      services: ['http', 'tcp/25', 'ftp', { app: 'echo', protocol: 'udp', port: 7 }],
    },
  },
  links: [
    ['laptop', 'gw:lan'],
    ['gw:wan', 'web'],
  ],
};

/** What a matcher that fails tells. */
function told(assertion: () => void): string {
  try {
    assertion();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error('it passed');
}

const http = { from: 'laptop', to: 'web', port: 80 };
const mail = { ...http, port: 25 };

describe('matchers on networks', () => {
  it('toConnect', () => {
    expect(HOME).toConnect(http);
    expect(simulate(HOME)).toConnect({ ...http, port: 7, protocol: 'udp' });
    expect(HOME).not.toConnect(mail);
    const message = told(() => expect(HOME).toConnect(mail));
    expect(message).toContain('expected laptop to connect to web:25/tcp\n\ntimeout: ');
    expect(message).toContain('DROPPED at gw, rule: firewall.forward.rules[0] says drop');
    expect(told(() => expect(HOME).not.toConnect(http))).toContain(
      'expected laptop not to connect to web:80/tcp\n\nconnected',
    );
  });

  it('toPing and toTransferFtp', () => {
    expect(HOME).toPing({ from: 'laptop', to: 'web' });
    expect(HOME).toTransferFtp({ from: 'laptop', to: 'web' });
    const message = told(() => expect(HOME).toTransferFtp({ from: 'laptop', to: 'web', mode: 'active' }));
    expect(message).toContain('expected laptop to transfer a file with web (active)\n\ndata-failed: ');
    expect(told(() => expect(HOME).toPing({ from: 'web', to: '192.168.0.4' }))).toContain('to answer a ping of web');
  });

  it('toAllow and toDeny', () => {
    expect(HOME).toAllow('laptop -> web:80/tcp');
    expect(HOME).toAllow('laptop -> web:7/udp');
    expect(HOME).toDeny('laptop -> web:25/tcp');
    expect(told(() => expect(HOME).toAllow('laptop -> web:25/tcp'))).toContain('firewall.forward.rules[0] says drop');
    expect(told(() => expect(HOME).toDeny('laptop -> web'))).toContain(
      'expected laptop -> web to be denied\n\nreplied',
    );
    expect(told(() => expect(HOME).toAllow('laptop web'))).toContain('"laptop web" is no intent');
    expect(told(() => expect(HOME).toAllow('lap -> web'))).toContain('there is no node "lap"');
  });

  it('a world goes on, a design does not', () => {
    const world = simulate(HOME);
    expect(world).toConnect(http);
    expect(world.inspect('gw').connections).not.toEqual([]);
    expect(() => expect(5).toConnect(http)).toThrow('expected a network (a design) or a world');
  });
});

describe('matchers on steps', () => {
  const done = perform(simulate(HOME), { connect: http });
  const lost = perform(simulate(HOME), { connect: mail });

  it('toBeBlockedBy', () => {
    expect(lost).toBeBlockedBy('firewall.forward.rules[0]', 'gw');
    expect(lost.result).toBeBlockedBy('firewall.forward.rules[0]');
    expect(lost).not.toBeBlockedBy('firewall.forward.rules[0]', 'web');
    const message = told(() => expect(lost).toBeBlockedBy('routes', 'gw'));
    expect(message).toContain('expected routes on gw to block it, and it was firewall.forward.rules[0] on gw');
    expect(message).toContain('#1 192.168.0.4');
    expect(told(() => expect(done).toBeBlockedBy('routes'))).toContain('nothing blocked it');
  });

  it('toBeSeenAs', () => {
    expect(done).toBeSeenAs('203.0.113.5');
    expect(done).not.toBeSeenAs({ address: '203.0.113.5', port: 1 });
    expect(told(() => expect(done).toBeSeenAs('192.168.0.4'))).toMatch(
      /to be seen as "192\.168\.0\.4", and it was \{"address":"203\.0\.113\.5"/,
    );
    expect(() => expect(HOME).toBeSeenAs('203.0.113.5')).toThrow('expected a step that was carried out');
  });
});

describe('matchers on designs', () => {
  const open = fork(HOME, ({ nodes }) => {
    nodes.gw?.firewall?.forward?.rules?.shift();
  }).design;

  it('toDiffOnlyIn', () => {
    expect(HOME).toDiffOnlyIn(HOME);
    expect(HOME).toDiffOnlyIn(open, '* -> web:25/tcp');
    expect(HOME).not.toDiffOnlyIn(open);
    expect(told(() => expect(HOME).toDiffOnlyIn(open))).toContain('gained: laptop → web 203.0.113.80:25 tcp');
    expect(told(() => expect(HOME).toDiffOnlyIn(open, '* -> web', 'laptop -> gw'))).toContain(
      'the same as before: laptop -> gw',
    );
    expect(told(() => expect(HOME).not.toDiffOnlyIn(HOME))).toContain('none');
  });

  it('toHold', () => {
    const noMail = never('laptop -> web:25/tcp');
    expect(HOME).toHold([noMail], { runs: 5 });
    const message = told(() => expect(open).toHold([noMail], { runs: 5 }));
    expect(message).toContain('never laptop -> web:25/tcp: tcp from laptop arrives at web port 25');
    expect(JSON.parse(message.slice(message.indexOf('{'))).scenarios).toHaveLength(1);
    expect(told(() => expect(HOME).not.toHold([noMail], { runs: 1 }))).toContain('expected something to break');
  });
});
