/** The verb `punch`: two peers and a rendezvous at the same time, and what their reports say together. */
import { type Ip, showIp } from '../sim/addr/ip.ts';
import type { Millis } from '../sim/base/time.ts';
import type { App, Finding } from '../sim/host/app/app.ts';
import type { PeerConfig } from '../sim/host/app/punch/peer.ts';
import { rendezvous } from '../sim/host/app/punch/rendezvous.ts';
import { tcpPeer } from '../sim/host/app/punch/tcp.ts';
import { udpPeer } from '../sim/host/app/punch/udp.ts';
import type { World } from '../sim/world/world.ts';
import type { Ran } from './program.ts';
import type { Step } from './schema.ts';
import { targetOf } from './target.ts';

type Arguments = Extract<Step, { punch: unknown }>['punch'];

/** No attempt takes longer. */
const LONGEST: Millis = 60_000;
const PORT = 3475;
/** What stopped the packets of the last tries tells why an attempt failed; the first ones only come too early. */
const LAST: Millis = 2000;

/** Runs all three programs until both peers know. */
export function punch(world: World, step: Arguments): Ran {
  const [first = '', second = ''] = step.peers;
  const apps = [peerOf(world, step, first, second), peerOf(world, step, second, first)];
  const stuck = apps.find((app) => typeof app === 'string');
  if (typeof stuck === 'string') return failed(undefined, stuck);
  const { port = PORT, protocol = 'udp', via } = step;
  const meeting = world.launch(via, rendezvous({ protocol, port }));
  const programs = step.peers.map((node, i) => {
    const app = apps[i];
    return typeof app === 'object' ? world.launch(node, app) : '';
  });
  const done = (): boolean => programs.every((program) => world.finding(program) !== undefined);
  world.runUntil(world.now + LONGEST, done);
  const taken = world.finding(meeting) !== undefined;
  world.stop(via, meeting);
  if (taken) return failed(programs[0], `${protocol} port ${port} of ${via} is taken, where the rendezvous should be`);
  const reports = programs.map((program, i) => readReport(step.peers[i] ?? '', world.finding(program)));
  return { program: programs[0], finding: judge(reports, via), since: world.now - LAST };
}

function failed(program: string | undefined, reason: string): Ran {
  const says = `There was no attempt: ${reason}.`;
  return { program, finding: { outcome: 'failed', more: { flows: 'none', reason }, says } };
}

/** The program of one peer; or why it cannot run. */
function peerOf(world: World, step: Arguments, name: string, peer: string): App<unknown> | string {
  const { local: direct = true, port = PORT, protocol = 'udp', via } = step;
  const target = targetOf(world, name, via);
  const ip: Ip | undefined = target.kind === 'address' ? target.ip : undefined;
  if (ip === undefined) return `${via} has no address`;
  const local = world.program(name).sourceFor(ip);
  if (local === undefined) return `${name} has no route to ${showIp(ip)}`;
  const id = world.draw(name, 0, 0xffff_ffff);
  const config: PeerConfig = { name, peer, rendezvous: { ip, port }, local, id, direct };
  return protocol === 'udp' ? udpPeer(config) : tcpPeer({ ...config, port: world.draw(name, 32_768, 60_999) });
}

interface Shown {
  readonly address: string;
  readonly port: number;
}

interface Report {
  readonly node: string;
  readonly seenAs?: Shown;
  readonly heard: readonly Shown[];
  readonly uses?: Shown;
  readonly introduced: boolean;
}

function readReport(node: string, finding: Finding | undefined): Report {
  return { heard: [], introduced: false, ...finding?.more, node };
}

function judge(reports: readonly Report[], via: string): Finding {
  const direct = reports.every(({ uses }) => uses !== undefined);
  const hearing = reports.filter(({ heard }) => heard.length > 0);
  const flows = hearing.length === 2 ? 'both' : hearing.length === 1 ? 'one-way' : 'none';
  const peers = reports.map(({ introduced: _, ...shown }) => shown);
  const base = { peers, flows, needs: direct ? 'nothing' : 'relay' };
  if (direct) return { outcome: 'direct', more: base, says: sayDirect(reports) };
  const reason = reasonFor(reports, flows, via);
  return { outcome: 'failed', more: { ...base, reason }, says: `No direct way was found: ${reason}.` };
}

function sayDirect(reports: readonly Report[]): string {
  const [one, two] = reports.map(({ node, uses }) => `${node} sends to ${uses === undefined ? '' : show(uses)}`);
  return `The peers reach each other without a relay: ${one}, ${two}.`;
}

function show({ address, port }: Shown): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function reasonFor(reports: readonly Report[], flows: 'both' | 'one-way' | 'none', via: string): string {
  const lost = reports.find(({ seenAs }) => seenAs === undefined);
  if (lost !== undefined) return `${lost.node} does not reach the rendezvous on ${via}`;
  if (reports.some(({ introduced }) => !introduced)) return `${via} did not hear of both peers`;
  if (flows === 'both') return 'packets pass both ways, but answers come from other endpoints than requests went to';
  const moved = reports.find(({ heard, seenAs }, i) => {
    const told = reports[1 - i]?.seenAs;
    return seenAs !== undefined && told !== undefined && heard.some((each) => show(each) !== show(told));
  });
  const deaf = reports.find(({ heard }) => heard.length === 0)?.node ?? '';
  if (flows === 'none') return 'neither hears the other: what both send is stopped';
  const speaker = reports.find(({ node }) => node !== deaf)?.node ?? '';
  const port =
    moved === undefined ? '' : `; the NAT of ${deaf} gave it another endpoint towards ${speaker} than towards ${via}`;
  return `${deaf} does not hear ${speaker}, although ${speaker} hears ${deaf}${port}`;
}
