/** Packets that fared alike: retransmissions mostly. */
import type { FateView, HopView, PacketView, StageView } from './view.ts';

/** The ways told so far, each with the packet that went it first. */
export class Ways {
  #first: PacketView | undefined;
  /** By what the packet looked like, once there is more than one. */
  #told: Map<string, PacketView[]> | undefined;

  /** The number of the packet that went the very same way before; undefined: none, and from now on it is this one. */
  before(view: PacketView): number | undefined {
    if (this.#first === undefined) {
      this.#first = view;
      return undefined;
    }
    this.#told ??= new Map([[this.#first.summary, [this.#first]]]);
    const alike = this.#told.get(view.summary);
    if (alike === undefined) {
      this.#told.set(view.summary, [view]);
      return undefined;
    }
    const first = alike.find((other) => isSameWay(view, other));
    if (first === undefined) alike.push(view);
    return first?.packet;
  }
}

/** Whether two packets of one summary differ in nothing but number, cause and time. */
function isSameWay(a: PacketView, b: PacketView): boolean {
  return a.by === b.by && a.origin === b.origin && areSame(a.hops, b.hops, isSameHop) && isSameFate(a.fate, b.fate);
}

function areSame<T>(a: readonly T[], b: readonly T[], isSame: (a: T, b: T) => boolean): boolean {
  return a.length === b.length && a.every((each, i) => isSame(each, b[i] as T));
}

function isSameHop(a: HopView, b: HopView): boolean {
  return (
    a.node === b.node && a.in === b.in && a.out === b.out && a.to === b.to && areSame(a.stages, b.stages, isSameStage)
  );
}

function isSameStage(a: StageView, b: StageView): boolean {
  if (a.stage !== b.stage || a.says !== b.says || a.place !== b.place || a.where !== b.where) return false;
  return a.before === b.before && a.after === b.after;
}

function isSameFate(a: FateView, b: FateView): boolean {
  if (a.kind !== b.kind || a.node !== b.node || a.to !== b.to || a.reason !== b.reason || a.detail !== b.detail)
    return false;
  if (a.place !== b.place || a.where !== b.where || a.remedy !== b.remedy) return false;
  return areSame(a.into ?? [], b.into ?? [], Object.is);
}
