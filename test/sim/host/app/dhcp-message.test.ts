import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ip4 } from '../../../../src/sim/addr/ip.ts';
import { DHCP_TYPES, type DhcpMessage, decodeDhcp, encodeDhcp } from '../../../../src/sim/host/app/dhcp-message.ts';

const address = fc.nat(0xffff_ffff).map(ip4);
const addresses = fc.array(address, { minLength: 1, maxLength: 70 });
const text = fc.string({ maxLength: 300, unit: fc.nat(255).map((code) => String.fromCharCode(code)) });
const uint32 = fc.nat(0xffff_ffff);
const message: fc.Arbitrary<DhcpMessage> = fc.record(
  {
    type: fc.constantFrom(...DHCP_TYPES),
    xid: uint32,
    secs: fc.nat(0xffff),
    broadcast: fc.boolean(),
    ciaddr: address,
    yiaddr: address,
    giaddr: address,
    mac: fc.nat(2 ** 48 - 1),
    mask: address,
    routers: addresses,
    resolvers: addresses,
    hostname: text,
    requested: address,
    lease: uint32,
    renewal: uint32,
    rebinding: uint32,
    server: address,
    wanted: fc.array(fc.nat(255), { maxLength: 20 }),
    text,
  },
  { requiredKeys: ['type', 'xid', 'secs', 'broadcast', 'ciaddr', 'yiaddr', 'giaddr', 'mac'] },
);

const plain: DhcpMessage = {
  type: 'discover',
  xid: 0x1234_5678,
  secs: 3,
  broadcast: true,
  ciaddr: ip4(0),
  yiaddr: ip4(0),
  giaddr: ip4(0),
  mac: 0x02_00_00_00_00_01,
};

/** The message with other bytes where its options are. */
function withOptions(...options: number[]): Uint8Array {
  const bytes = encodeDhcp(plain);
  bytes.fill(0, 240);
  bytes.set(options, 240);
  return bytes;
}

describe('DHCP messages', () => {
  it('read back as they were written', () => {
    fc.assert(
      fc.property(message, (written) => {
        expect(decodeDhcp(encodeDhcp(written))).toEqual(written);
      }),
    );
  });

  it('are laid out as RFC 2131 has it, and 300 bytes long at least', () => {
    const hex = Buffer.from(encodeDhcp(plain)).toString('hex');
    expect(hex.slice(0, 68)).toBe('01010600123456780003800000000000000000000000000000000000020000000001');
    expect(hex.slice(472, 488)).toBe('63825363350101ff');
    expect(hex).toHaveLength(600);
    expect(hex.slice(488)).toMatch(/^0+$/);
    expect(encodeDhcp({ ...plain, type: 'offer' })[0]).toBe(2);
  });

  it('may hide options in the fields of file and server name', () => {
    const bytes = withOptions(53, 1, 1, 52, 1, 3, 255);
    bytes.set([12, 2, 104, 105, 255], 108);
    bytes.set([51, 4, 0, 0, 0, 9], 44);
    expect(decodeDhcp(bytes)).toMatchObject({ hostname: 'hi', lease: 9 });
    bytes[108 + 1] = 200;
    expect(decodeDhcp(bytes)).toBeUndefined();
  });

  it('may have padding, unknown options, and no end', () => {
    expect(decodeDhcp(withOptions(0, 0, 200, 1, 7, 53, 1, 3))).toMatchObject({ type: 'request' });
    const full = encodeDhcp({ ...plain, text: 'x'.repeat(400) });
    expect(decodeDhcp(full.subarray(0, full.length - 1))).toMatchObject({ type: 'discover' });
  });

  it.each([
    ['too short', encodeDhcp(plain).subarray(0, 239)],
    ['an answer by its first byte alone', encodeDhcp(plain).with(0, 2)],
    ['not over Ethernet', encodeDhcp(plain).with(1, 6)],
    ['of another address length', encodeDhcp(plain).with(2, 16)],
    ['BOOTP', encodeDhcp(plain).with(236, 0)],
    ['without a type', withOptions(12, 1, 65, 255)],
    ['of an unknown type', withOptions(53, 1, 9, 255)],
    ['of type 0', withOptions(53, 1, 0, 255)],
    ['with an empty type', withOptions(53, 0, 255)],
    ['with half an address', withOptions(53, 1, 1, 50, 2, 1, 1, 255)],
    ['with no routers', withOptions(53, 1, 1, 3, 0, 255)],
    ['with half a router', withOptions(53, 1, 1, 3, 6, 1, 1, 1, 1, 1, 1, 255)],
    ['with a short time', withOptions(53, 1, 1, 51, 1, 1, 255)],
    ['with an option cut short', encodeDhcp({ ...plain, text: 'x'.repeat(90) }).subarray(0, 300)],
    ['with an option without its length', withOptions(53, 1, 1).with(299, 12)],
  ])('that are %s are none', (_, bytes) => {
    expect(decodeDhcp(bytes)).toBeUndefined();
  });

  it('never throw, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (options) => {
        const bytes = new Uint8Array(240 + options.length);
        bytes.set(encodeDhcp(plain).subarray(0, 240));
        bytes.set(options, 240);
        const found = decodeDhcp(bytes);
        if (found !== undefined) expect(decodeDhcp(encodeDhcp(found))).toEqual(found);
      }),
      { numRuns: 300 },
    );
  });
});
