/** A step in a few words, for reports. */
import { fail } from '../../sim/base/fail.ts';
import { changeItems, showChangeItem } from '../../sim/design/change.ts';
import type { Step } from '../schema.ts';

/** What a step does: `connect laptop → web:80`. Its own name, where it has one, is for the caller to put first. */
export function titleOf(step: Step): string {
  if ('connect' in step) {
    const { from, to, port, protocol = 'tcp' } = step.connect;
    return `connect ${from} → ${withPort(to, port)} ${protocol}`;
  }
  if ('send' in step) {
    const { from, to, port, protocol } = step.send;
    return `send ${from} → ${port === undefined ? to : withPort(to, port)} ${named(protocol)}`;
  }
  if ('ping' in step) return `ping ${step.ping.from} → ${step.ping.to}`;
  if ('traceroute' in step) return `traceroute ${step.traceroute.from} → ${step.traceroute.to}`;
  if ('resolve' in step) return `resolve ${step.resolve.name} from ${step.resolve.from}`;
  if ('fetch' in step) return `fetch ${step.fetch.url} from ${step.fetch.from}`;
  if ('ftp' in step) {
    const { from, to, mode, encrypted = false } = step.ftp;
    return `ftp ${from} → ${to} ${mode}${encrypted ? ', encrypted' : ''}`;
  }
  if ('stun' in step) return `stun ${step.stun.from} → ${step.stun.to}`;
  if ('map' in step) return `map ${step.map.from} ${step.map.protocol}/${step.map.port}`;
  if ('punch' in step) return `punch ${step.punch.peers.join(' ↔ ')} via ${step.punch.via}`;
  if ('wait' in step) return `wait ${step.wait}`;
  if ('change' in step) return `change ${changeItems(step.change).map(showChangeItem).join(', ')}`;
  if ('restart' in step) return `restart ${step.restart}`;
  if ('inspect' in step) return `inspect ${step.inspect}`;
  return fail('a step without a verb');
}

function withPort(to: string, port: number): string {
  return to.includes(':') ? `${to} port ${port}` : `${to}:${port}`;
}

function named(protocol: string | number): string {
  return typeof protocol === 'number' ? `protocol ${protocol}` : protocol;
}
