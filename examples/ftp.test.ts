/** FTP through a gateway that translates: which mode works, and what the gateway must do for it. */
import { fork } from 'middlebox';
import { describe, expect, it } from 'vitest';
import 'middlebox/vitest';
import { home } from './home.ts';

describe('FTP behind NAT', () => {
  it('works in passive mode', () => {
    expect(home).toTransferFtp({ from: 'laptop', to: 'server', mode: 'passive' });
  });

  it('does not in active mode: the server cannot reach the address in the PORT command', () => {
    expect(home).not.toTransferFtp({ from: 'laptop', to: 'server', mode: 'active' });
  });

  it('does in active mode once the gateway reads along', () => {
    const helped = fork(home, ({ nodes }) => {
      if (nodes.gw?.nat !== undefined) nodes.gw.nat.helpers = ['ftp'];
    });
    expect(helped.design).toTransferFtp({ from: 'laptop', to: 'server', mode: 'active' });
  });
});
