/** The public list: each name once, by hand. What is not here may change without notice. */

// Files: designs and scenarios read, checked and described.

export { defineNetwork, defineScenario } from './scenarios/define.ts';
export { InputError, type Located, type Position, showIssue, showLocated } from './scenarios/issue.ts';
export { jsonSchemaOfFile } from './scenarios/json-schema.ts';
export { type Loaded, load, tryLoad } from './scenarios/load.ts';
export { positionOf, type Source } from './scenarios/locate.ts';

// Runs: whole scenarios, or steps one by one.

export { compare, type Difference, showDifferences } from './scenarios/compare.ts';
export { perform, simulate } from './scenarios/perform.ts';
export type { Result } from './scenarios/result.ts';
export { type RunOptions, runScenario, type ScenarioReport, type StepReport } from './scenarios/run.ts';
export type { Change, Expect, Network, Scenario, ScenarioFile, Step, Verb } from './scenarios/schema.ts';
export { OUTCOMES } from './scenarios/schema.ts';
export type { RecordLevel } from './sim/world/recorder.ts';
export type { ConnectionRow, Tables } from './sim/world/tables.ts';
export { type Sent, World, type WorldOptions } from './sim/world/world.ts';

// What networks are meant to do, and whether they do.

export {
  type Intent,
  parseIntent,
  readIntent,
  showIntent,
  type Tried,
  tryIntent,
} from './scenarios/invariant/intent.ts';
export type { Fault, InvariantFlow, InvariantSpec } from './scenarios/invariant/schema.ts';
export { always, type Demand, type Invariant, invariantOf, never, no } from './whatif/check/demand.ts';
export type { Breach, Law, Sight } from './whatif/check/law.ts';
export { type Checked, type CheckOptions, checkNetwork, type Violation } from './whatif/check/network.ts';

// Silence: who forgets a session when.

export { type Idle, type IdleQuestion, idle, type Phase } from './whatif/idle/idle.ts';
export type { Spoken } from './whatif/idle/session.ts';
export type { Judged, Measured, Sides, Word } from './whatif/idle/silence.ts';
export type { Memory, Setting } from './whatif/idle/states.ts';
export { idleToJson, showIdle } from './whatif/report/idle.ts';

// Reports.

export { REPORTER_NAMES, type ReporterName } from './scenarios/report/names.ts';
export { type Summary, summarise, type Telling, type Told, tell } from './scenarios/report/told.ts';
export { type Reporter, reporterFor } from './scenarios/report.ts';

// Designs, and edits of them.

export { applyOperations, type Fork, fork, type Operation, replay } from './sim/design/change.ts';
export { check } from './sim/design/check.ts';
export type { Design, Node } from './sim/design/design.ts';
export type { Nat, NatRule } from './sim/design/nat.ts';
export type { Firewall, Match, Rule } from './sim/design/rule.ts';
export type { ServiceSpec } from './sim/design/service.ts';

// What-if: every flow of a network, before and after a change.

export { type Analysis, type AnalysisOptions, analyse } from './whatif/analysis.ts';
export type { Cause } from './whatif/cause.ts';
export {
  DIFFERENCE_KINDS,
  type Difference as FlowDifference,
  type DifferenceKind,
  differencesOf,
} from './whatif/diff.ts';
export type { Decision, Leg, Path, Rewrite } from './whatif/evidence.ts';
export { type Flow, type FlowOptions, flowsOf, showFlow } from './whatif/flows.ts';
export { type Outside, withInternet } from './whatif/internet.ts';
export { type Blocked, type Cell, matrixOf } from './whatif/matrix.ts';
export { type Probe, probe } from './whatif/probe.ts';

// Designs as graphs.

export { componentsOf, cutLinks, cutNodes } from './sim/design/graph/cuts.ts';
export { nextHops, shortestWays, type Way, type Ways } from './sim/design/graph/ways.ts';
export { type Edge, toGraph, type Vertex } from './sim/design/graph.ts';
export type { Link, LinkEnd } from './sim/design/topology.ts';

// Programs for a node of a world that is driven by hand.

export type { App, AppCommand, AppEvent, Finding } from './sim/host/app/app.ts';
export { connectClient } from './sim/host/app/connect.ts';
export { fetchClient } from './sim/host/app/fetch.ts';
export { ftpClient } from './sim/host/app/ftp-client.ts';
export { pingClient } from './sim/host/app/ping.ts';
export { resolveClient } from './sim/host/app/resolve.ts';
export { sendClient } from './sim/host/app/send.ts';
export { tracerouteClient } from './sim/host/app/traceroute.ts';

// Traces: what happened, and why.

export { LINUX, type Order, type StageName } from './sim/program/order.ts';
export { explain, type Item, itemsOf, packetsOf, type Remark } from './sim/trace/explain.ts';
export { DROP_REASONS, type DropReason, type Fate, LOSS_REASONS, type LossReason } from './sim/trace/fate.ts';
export { finalForm, type Journey, journeysOf } from './sim/trace/journey.ts';
export type { FlowRow, Trace, TraceEvent, Why } from './sim/trace/trace.ts';
export { type Locate, type PacketView, viewOf } from './sim/trace/view.ts';

// Addresses, packets, time.

export type { Endpoint } from './sim/addr/endpoint.ts';
export { family, type Ip, parseIp, showIp } from './sim/addr/ip.ts';
export { type Prefix, parsePrefix, showPrefix } from './sim/addr/prefix.ts';
export { isPublic } from './sim/addr/special.ts';
export { InternalError, type Issue } from './sim/base/fail.ts';
export { type Millis, parseDuration, showDuration } from './sim/base/time.ts';
export { echo, FLAG, icmp, other, type Packet, PROTOCOL, seal, tcp, udp } from './sim/packet/packet.ts';
export { withDestination, withSource, withTtl } from './sim/packet/rewrite.ts';
export { showPacket } from './sim/packet/show.ts';
export { type DecodeError, decode, encode, isDecodeError } from './sim/packet/wire/frame.ts';
