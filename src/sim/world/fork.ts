/** A world goes on in two ways. What both hold is shared, and a node is copied when it has something to do in one of them. */
import { RareMap } from '../base/rare-map.ts';
import { type CopyConnection, connectionCopier } from '../router/connection.ts';
import { type Tracked, withConnection } from '../router/tracked.ts';
import type { RunningNode } from './node.ts';
import type { Event, State } from './state.ts';

/** The same moment once more; neither state disturbs the other from now on. */
export function forkState(state: State): State {
  // ways that were found lead to nodes that both share from now on
  state.epoch += 1;
  const { design, now, links, joints, epoch, seed, programs, order, learned, recalls } = state;
  return {
    design,
    now,
    links,
    joints,
    epoch,
    wires: state.wires.fork(),
    seed,
    nodes: state.nodes.fork(),
    programs,
    order,
    learned,
    cut: new RareMap(state.cut),
    queue: copyQueue(state.queue),
    recorder: state.recorder.copy(),
    recalls,
    findings: new RareMap(state.findings),
  };
}

/** Packets that move are written to: each world has its own. */
function copyQueue(queue: State['queue']): State['queue'] {
  const copy = queue.copy();
  if (copy.moving > 0) copy.replace((event) => ('packet' in event ? { ...event } : event));
  return copy;
}

/** A node of this world's own, in the place of one that it shares; what is on its way there goes with the copy. */
export function ownNode({ queue }: State, shared: RunningNode): RunningNode {
  const copyOf = connectionCopier();
  const node = shared.copy((passage) => withOwn(passage, copyOf), copyOf);
  if (queue.moving > 0) queue.replace((event) => (event.node === node.name ? eventOf(event, copyOf) : event));
  return node;
}

function eventOf(event: Event, copyOf: CopyConnection): Event {
  return 'packet' in event ? withOwn(event, copyOf) : event;
}

/** A packet remembers the connection that tracking found for it. */
function withOwn<T extends { readonly tracked: Tracked | undefined }>(holder: T, copyOf: CopyConnection): T {
  const connection = holder.tracked?.connection;
  return holder.tracked === undefined || connection === undefined
    ? holder
    : { ...holder, tracked: withConnection(holder.tracked, copyOf(connection)) };
}
