/** Generators of packets of both families and every kind, with right checksums; corners come up often. */
import fc from 'fast-check';
import type { Family } from '../sim/addr/ip.ts';
import { error, ICMP_ERROR, type IcmpErrorName } from '../sim/packet/icmp-error.ts';
import {
  echo,
  FLAG,
  flagsOf,
  type Icmp,
  icmp,
  type Other,
  other,
  type Packet,
  seal,
  type Tcp,
  tcp,
  type Udp,
  udp,
} from '../sim/packet/packet.ts';
import { encodeOptions, type TcpOption } from '../sim/packet/tcp-options.ts';
import { anyFamily, anyIp, anyPort } from './addr.ts';

const uint = (bits: number) => {
  const max = 2 ** bits - 1;
  return fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1, max) },
  );
};

/** Eight, twelve or sixteen bits and so on, both ends often. */
export const anyByte = uint(8);
export const anyWord = uint(16);
/** A sequence number: wrap-around is near as often as not. */
export const anySeq = uint(32);

/** Some bytes, odd and even lengths; all-zero and all-one contents, where one's complement has its corners. */
export function anyPayload(maxLength = 40): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.uint8Array({ maxLength }) },
    { weight: 1, arbitrary: fc.nat({ max: maxLength }).map((length) => new Uint8Array(length)) },
    { weight: 1, arbitrary: fc.nat({ max: maxLength }).map((length) => new Uint8Array(length).fill(255)) },
  );
}

/** TCP flag bits: the usual combinations mostly, else any of the eight. */
export const anyFlags: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(
    FLAG.syn,
    flagsOf(['syn', 'ack']),
    FLAG.ack,
    flagsOf(['ack', 'psh']),
    flagsOf(['fin', 'ack']),
    FLAG.rst,
    flagsOf(['rst', 'ack']),
  ),
  anyByte,
);

const anyBlock = fc.record({ left: anySeq, right: anySeq });

const anyTcpOption: fc.Arbitrary<TcpOption> = fc.oneof(
  fc.record({ kind: fc.constant('mss' as const), bytes: anyWord }),
  fc.record({ kind: fc.constant('windowScale' as const), shift: fc.nat({ max: 14 }) }),
  fc.constant({ kind: 'sackPermitted' as const }),
  fc.record({ kind: fc.constant('timestamps' as const), value: anySeq, echo: anySeq }),
  fc.record({ kind: fc.constant('sack' as const), blocks: fc.array(anyBlock, { minLength: 1, maxLength: 3 }) }),
  fc.record({
    kind: fc.constant('unknown' as const),
    code: fc.constantFrom(9, 28, 253, 254),
    data: fc.uint8Array({ maxLength: 6 }),
  }),
);

const sizeOf = (option: TcpOption): number => {
  const sizes = { mss: 4, windowScale: 3, sackPermitted: 2, timestamps: 10 } as const;
  if (option.kind === 'sack') return 2 + 8 * option.blocks.length;
  return option.kind === 'unknown' ? 2 + option.data.length : sizes[option.kind];
};

/** TCP options that fit into one header. */
export const anyTcpOptions: fc.Arbitrary<TcpOption[]> = fc.array(anyTcpOption, { maxLength: 5 }).map((options) => {
  let room = 40;
  return options.filter((option) => {
    room -= sizeOf(option);
    return room >= 0;
  });
});

/** Raw option bytes as a header holds them, mostly well formed. */
export const anyOptionBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 3, arbitrary: anyTcpOptions.map(encodeOptions) },
  { weight: 1, arbitrary: fc.nat({ max: 10 }).chain((n) => fc.uint8Array({ minLength: 4 * n, maxLength: 4 * n })) },
);

const common = (wanted: Family) => ({
  src: anyIp(wanted),
  dst: anyIp(wanted),
  ttl: anyByte,
  tos: anyByte,
  ident: anyWord,
  df: fc.boolean(),
});

/** Makes a generator of one family into one of either; shrinks towards IPv4. */
const either =
  <T>(of: (wanted: Family) => fc.Arbitrary<T>) =>
  (wanted?: Family): fc.Arbitrary<T> =>
    wanted === undefined ? anyFamily.chain(of) : of(wanted);

export const anyUdp: (wanted?: Family) => fc.Arbitrary<Udp> = either((wanted) => {
  const init = { ...common(wanted), sport: anyPort, dport: anyPort, payload: anyPayload() };
  return fc.tuple(fc.record(init), fc.nat({ max: 9 })).map(([fields, chance]) => {
    const packet = udp(fields);
    return chance === 0 && wanted === 4 ? { ...packet, checksum: 0 } : packet;
  });
});

export const anyTcp: (wanted?: Family) => fc.Arbitrary<Tcp> = either((wanted) =>
  fc
    .record({
      ...common(wanted),
      sport: anyPort,
      dport: anyPort,
      seq: anySeq,
      ack: anySeq,
      flags: anyFlags,
      window: anyWord,
      urgent: fc.oneof(fc.constant(0), anyWord),
      options: anyOptionBytes,
      payload: anyPayload(),
    })
    .map(tcp),
);

export const anyEcho: (wanted?: Family) => fc.Arbitrary<Icmp> = either((wanted) =>
  fc.record({ ...common(wanted), id: anyWord, seq: anyWord, reply: fc.boolean(), payload: anyPayload() }).map(echo),
);

/** Any query or answer with an identifier: echo, and in IPv4 timestamp, information, address mask. */
export const anyQuery: (wanted?: Family) => fc.Arbitrary<Icmp> = either((wanted) => {
  const types = wanted === 4 ? [8, 0, 13, 14, 15, 16, 17, 18] : [128, 129];
  const init = { ...common(wanted), type: fc.constantFrom(...types), rest: anySeq, payload: anyPayload() };
  return fc.record(init).map(icmp);
});

/** A protocol without a model here, whole. */
export const anyOther: (wanted?: Family) => fc.Arbitrary<Other> = either((wanted) => {
  const protocol = fc.constantFrom(47, 50, 132, 2, 255);
  return fc.record({ ...common(wanted), protocol, payload: anyPayload() }).map(other);
});

/** A fragment of any protocol. */
export const anyFragment: (wanted?: Family) => fc.Arbitrary<Other> = either((wanted) => {
  const protocol = fc.constantFrom(6, 17, 1, 58, 50);
  const place = fc.tuple(fc.nat({ max: 8000 }), fc.boolean());
  return fc
    .tuple(
      fc.record({ ...common(wanted), ident: wanted === 4 ? anyWord : anySeq, protocol, payload: anyPayload() }),
      place,
    )
    .map(([fields, [unit, more]]) => {
      const lone = wanted === 4 && unit === 0;
      return other({ ...fields, fragment: { offset: unit * 8, more: more || lone } });
    });
});

/** A packet that no error would be about if its source were odd: transport, query or other protocol, unfragmented. */
export const anyWhole: (wanted?: Family) => fc.Arbitrary<Packet> = either((wanted) =>
  fc.oneof<fc.Arbitrary<Packet>[]>(anyUdp(wanted), anyTcp(wanted), anyQuery(wanted), anyOther(wanted)),
);

const ERROR_NAMES = Object.keys(ICMP_ERROR[4]) as IcmpErrorName[];

/** An ICMP error about a packet that is no error itself, cut as far as to `least` bytes of its quote. */
export function anyIcmpError(wanted?: Family, about = anyWhole, least = 0): fc.Arbitrary<Icmp> {
  return either((one) =>
    fc
      .tuple(about(one), anyIp(one), fc.constantFrom(...ERROR_NAMES), anyWord, fc.nat({ max: 120 }))
      .map(([packet, src, name, mtu, cut]) => {
        const whole = error({ about: packet, src, ...ICMP_ERROR[one][name], mtu });
        return seal({ ...whole, payload: whole.payload.slice(0, Math.max(least, whole.payload.length - cut)) });
      }),
  )(wanted);
}

/** Any ICMP message: query, error, or one of neither kind. */
export const anyIcmp: (wanted?: Family) => fc.Arbitrary<Icmp> = either((wanted) => {
  const strange = fc
    .record({ ...common(wanted), type: anyByte, code: anyByte, rest: anySeq, payload: anyPayload() })
    .map(icmp);
  return fc.oneof(anyEcho(wanted), anyQuery(wanted), anyIcmpError(wanted), strange);
});

/** Any packet at all. */
export const anyPacket: (wanted?: Family) => fc.Arbitrary<Packet> = either((wanted) =>
  fc.oneof<fc.Arbitrary<Packet>[]>(
    anyUdp(wanted),
    anyTcp(wanted),
    anyIcmp(wanted),
    anyOther(wanted),
    anyFragment(wanted),
  ),
);
