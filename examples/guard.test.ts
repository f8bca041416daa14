/** A guard for a network that people edit: what must hold, and that a change does what it is meant to and no more. */
import { always, fork, never, no } from 'middlebox';
import { expect, it } from 'vitest';
import 'middlebox/vitest';
import { home } from './home.ts';

const INVARIANTS = [
  never('server -> camera:80/tcp', 'nobody outside sees the camera'),
  always('laptop -> server:80/tcp', 'the laptop surfs'),
  no('one-way'),
];

it('what must hold does, whatever the traffic', () => {
  expect(home).toHold(INVARIANTS, { runs: 20 });
});

it('a port forward would open the camera, and the guard says so', () => {
  const opened = fork(home, ({ nodes }) => {
    const { gw } = nodes;
    gw?.nat?.rules?.push({
      match: { inInterface: 'wan', protocol: 'tcp', destinationPort: 8080 },
      action: 'dnat',
      to: '192.168.0.66:80',
    });
    gw?.firewall?.forward?.rules?.push({ match: { destination: '192.168.0.66' }, action: 'accept' });
  });
  expect(opened.design).not.toHold(INVARIANTS, { runs: 20 });
  expect(opened.design).toAllow('server -> gw:wan:8080/tcp');
});

it('a rule against FTP changes FTP, and nothing else', () => {
  const strict = fork(home, ({ nodes }) => {
    nodes.gw?.firewall?.forward?.rules?.unshift({
      match: { inInterface: 'lan', protocol: 'tcp', destinationPort: 21 },
      action: 'reject',
    });
  });
  expect(home).toDiffOnlyIn(strict.design, 'laptop -> server:21/tcp', 'camera -> server:21/tcp');
  expect(strict.design).toDeny('laptop -> server:21/tcp');
});
