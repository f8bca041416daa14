/** G8: what would become of this packet? The whole story, told by the engine and by Open vSwitch. */
import { type Case, needs } from '../context.ts';
import { alternate, type Timing, timed } from '../measure.ts';
import { Path } from '../ours.ts';
import { OvsStand } from '../peer/ovs.ts';
import { compareSides } from '../result.ts';

const OUTSIDE = '198.18.1.1';
const FLOWS = 64;
/** So many of ours take about as long as one of the peer's. */
const TIMES = 8;

function askOvs(ovs: OvsStand, flow: number): Promise<string> {
  const ports = `nw_src=10.0.0.2,nw_dst=198.18.1.2,udp_src=${1024 + flow},udp_dst=9`;
  return ovs.call('ofproto/trace', ['br0', `in_port=1,dl_type=0x0800,nw_proto=17,nw_ttl=64,${ports}`]);
}

interface Taken {
  readonly cpu: number;
  readonly wall: number;
}

async function repeat(ovs: OvsStand, times: number, ask: (i: number) => Promise<string>): Promise<Taken> {
  const cpu = ovs.cpuNs();
  const wall = process.hrtime.bigint();
  for (let i = 0; i < times; i++) await ask(i);
  return { cpu: ovs.cpuNs() - cpu, wall: Number(process.hrtime.bigint() - wall) };
}

/** Traces less as many commands that do nothing. */
async function net(ovs: OvsStand, times: number): Promise<Timing> {
  const traced = await repeat(ovs, times, (i) => askOvs(ovs, i % FLOWS));
  const idle = await repeat(ovs, times, () => ovs.call('version', []));
  return { cpuNs: (traced.cpu - idle.cpu) / times, wallNs: (traced.wall - idle.wall) / times };
}

async function agreeOn(ovs: OvsStand, path: Path): Promise<string> {
  const theirs = await askOvs(ovs, 0);
  const leaves = /^ {4}output:2$[\s\S]*^Datapath actions: \d+\s*$/m.test(theirs);
  if (!leaves || !theirs.includes(`Modified flow: nw_src=${OUTSIDE},tp_src=1024`)) {
    throw new Error(`Open vSwitch does not let it through:\n${theirs}`);
  }
  const told = path.trace(0);
  if (!told.includes(`→ ${OUTSIDE}:1024`) || !told.includes('out by wan to server:eth0')) {
    throw new Error(`the engine does not let it through:\n${told}`);
  }
  return `both translate to ${OUTSIDE} and let the packet out`;
}

const tracing: Case = {
  ids: ['G8'],
  title: 'traces told as text',
  async run({ amount }) {
    needs('ovsdb-server', 'ovs-vswitchd', 'ovs-vsctl', 'ovs-ofctl', 'ovsdb-tool');
    const ovs = await OvsStand.build();
    try {
      const path = new Path();
      const agreed = await agreeOn(ovs, path);
      const times = amount.quick ? 1000 : 4000;
      const tell = (): void => {
        for (let i = 0; i < times * TIMES; i++) path.trace(i % FLOWS);
      };
      const { ours, peer } = await alternate(
        { ours: () => timed(times * TIMES, tell), peer: () => net(ovs, times) },
        amount.repeats,
      );
      return [
        compareSides({
          id: 'G8',
          title: 'traces with tracking and NAT, told as text',
          per: 'trace',
          ours,
          peer,
          peerName: `Open vSwitch ${await ovs.version()} ofproto/trace, net of RPC`,
          measure: 'speed',
          must: 5,
          moonshot: 40,
          agreed,
        }),
      ];
    } finally {
      ovs.destroy();
    }
  },
};

export const TRACING: readonly Case[] = [tracing];
