/**
 * The networks of the FTP truth table: a client and a server, each behind a gateway of its own, with a piece of the
 * Internet between them. Every gateway may translate, may filter, and may have the helper.
 */
import type { Scenario, Step } from '../../src/scenarios/schema.ts';
import type { Design, Node } from '../../src/sim/design/design.ts';
import { FTP_MODES, type FtpMode } from '../../src/sim/host/app/ftp/errand.ts';

export const MODES: readonly FtpMode[] = FTP_MODES;
/** What is done about it: the helper at the client, at the server, at both, or the passive ports opened and forwarded. */
export const REMEDIES = ['none', 'client', 'server', 'both', 'range'] as const;
export type Remedy = (typeof REMEDIES)[number];

export interface Sides {
  readonly clientNat: boolean;
  readonly serverNat: boolean;
  readonly clientFirewall: boolean;
  readonly serverFirewall: boolean;
}

export interface Case extends Sides {
  /** `FTP-T` and a digit each for client NAT, server NAT, client firewall, server firewall. */
  readonly id: string;
  readonly remedy: Remedy;
}

const PASSIVE = '50000-50010';
/** The server as the client knows it. */
export const addressOf = ({ serverNat }: Sides): string => (serverNat ? '203.0.113.6' : '192.0.2.10');

export const ROWS: readonly (Sides & { readonly id: string })[] = Array.from({ length: 16 }, (_, bits) => ({
  id: `FTP-T${bits.toString(2).padStart(4, '0')}`,
  clientNat: (bits & 8) !== 0,
  serverNat: (bits & 4) !== 0,
  clientFirewall: (bits & 2) !== 0,
  serverFirewall: (bits & 1) !== 0,
}));

export const CASES: readonly Case[] = ROWS.flatMap((row) => REMEDIES.map((remedy) => ({ ...row, remedy })));

/** A scenario for a row and a remedy: every mode in clear, then every mode encrypted. */
export function scenarioOf(each: Case): Scenario {
  const ftp = (mode: FtpMode, encrypted: boolean): Step => ({
    ftp: { from: 'client', to: addressOf(each), mode, ...(encrypted ? { encrypted } : {}) },
  });
  const steps = [false, true].flatMap((encrypted) => MODES.map((mode) => ftp(mode, encrypted)));
  return { name: `${each.id} ${each.remedy}`, network: networkOf(each), steps };
}

/** The network of a row with its remedy. */
export function networkOf(each: Case): Design {
  const [client, clientGateway] = each.clientNat ? ['192.168.1.10', '192.168.1.1'] : ['198.51.100.10', '198.51.100.1'];
  const [server, serverGateway] = each.serverNat ? ['10.0.0.10', '10.0.0.1'] : ['192.0.2.10', '192.0.2.1'];
  const routes = [
    ...(each.clientNat ? [] : [{ to: '198.51.100.0/24', via: '203.0.113.2' }]),
    ...(each.serverNat ? [] : [{ to: '192.0.2.0/24', via: '203.0.113.6' }]),
  ];
  const ends = { a: '203.0.113.1/30', b: '203.0.113.5/30' };
  const services = [{ app: 'ftp' as const, passivePorts: PASSIVE }];
  return {
    nodes: {
      client: { kind: 'host', interfaces: { eth0: `${client}/24` }, gateway: clientGateway },
      near: {
        kind: 'gateway',
        interfaces: { in: `${clientGateway}/24`, out: '203.0.113.2/30' },
        gateway: '203.0.113.1',
        ...clientSide(each),
      },
      internet: { kind: 'router', interfaces: ends, ...(routes.length > 0 ? { routes } : {}) },
      far: {
        kind: 'gateway',
        interfaces: { in: `${serverGateway}/24`, out: '203.0.113.6/30' },
        gateway: '203.0.113.5',
        ...serverSide(each, server),
      },
      server: { kind: 'host', interfaces: { eth0: `${server}/24` }, gateway: serverGateway, services },
    },
    links: [
      ['client', 'near:in'],
      ['near:out', 'internet:a'],
      ['internet:b', 'far:out'],
      ['far:in', 'server'],
    ],
  };
}

type Rules = NonNullable<NonNullable<NonNullable<Node['firewall']>['forward']>['rules']>;
type NatRules = NonNullable<NonNullable<Node['nat']>['rules']>;

const MASQUERADE: NatRules = [{ match: { outInterface: 'out' }, action: 'masquerade' }];
/** What every stateful firewall begins with: answers and what belongs to a connection, then everything outward. */
const OUTWARD: Rules = [
  { match: { state: ['established', 'related'] }, action: 'accept' },
  { match: { inInterface: 'in' }, action: 'accept' },
];

function clientSide({ clientNat, clientFirewall, remedy }: Case): Partial<Node> {
  const helped = remedy === 'client' || remedy === 'both';
  return {
    ...(clientFirewall ? { firewall: { forward: { policy: 'drop', rules: OUTWARD } } } : {}),
    ...natOf(clientNat ? MASQUERADE : [], helped),
  };
}

function serverSide({ serverNat, serverFirewall, remedy }: Case, server: string): Partial<Node> {
  const helped = remedy === 'server' || remedy === 'both';
  const ports = [21, ...(remedy === 'range' ? [PASSIVE] : [])];
  const toPorts = { inInterface: 'out', protocol: 'tcp', destinationPort: ports } as const;
  const forward = { policy: 'drop', rules: [...OUTWARD, { match: toPorts, action: 'accept' }] } as const;
  const rules: NatRules = [{ match: toPorts, action: 'dnat', to: server }, ...MASQUERADE];
  return { ...(serverFirewall ? { firewall: { forward } } : {}), ...natOf(serverNat ? rules : [], helped) };
}

function natOf(rules: NatRules, helped: boolean): Partial<Node> {
  if (rules.length === 0 && !helped) return {};
  return { nat: { ...(rules.length > 0 ? { rules } : {}), ...(helped ? { helpers: ['ftp'] } : {}) } };
}
