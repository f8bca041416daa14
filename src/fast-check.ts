/** Generators for property tests of networks. They favour corners, make valid things only, and shrink to small ones. */

export {
  anyFamily,
  anyHostPrefix,
  anyIp,
  anyIp4,
  anyIp6,
  anyIpIn,
  anyIpRange,
  anyIpSet,
  anyMac,
  anyPort,
  anyPrefix,
  anySubnetOf,
} from './arbitraries/addr.ts';
export { anyChange, anyEdit, anyEvent, type EventKind } from './arbitraries/change.ts';
export { anyDesign, type DesignOptions } from './arbitraries/design.ts';
export {
  anyEcho,
  anyFlags,
  anyFragment,
  anyIcmp,
  anyIcmpError,
  anyOther,
  anyPacket,
  anyPayload,
  anyTcp,
  anyTcpOptions,
  anyUdp,
} from './arbitraries/packet.ts';
export type { Place } from './arbitraries/place.ts';
export { anyMatch, anyNat, anyRule } from './arbitraries/rule.ts';
export { anyPacketIn, anyScenario, type ScenarioOptions, type Sent } from './arbitraries/scenario.ts';
export { anyStep, anyTraffic, type StepOptions, type TrafficOptions } from './arbitraries/step.ts';
