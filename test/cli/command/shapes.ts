/** JSON Schemas of the documents that the command line prints. Nothing may be in them that is not documented. */
const shape = (properties: object, optional: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});
const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const list = (items: object) => ({ type: 'array', items });
const one = (...values: string[]) => ({ enum: values });

const STAGE = shape({ stage: text, says: text, place: text, where: text, before: text, after: text }, [
  'place',
  'where',
  'before',
  'after',
]);
const HOP = shape({ node: text, time: text, in: text, out: text, to: text, stages: list(STAGE) }, ['in', 'out', 'to']);
const FATE = shape(
  {
    kind: one('delivered', 'dropped', 'lost', 'fragmented', 'reassembled', 'pending'),
    node: text,
    reason: text,
    place: text,
    where: text,
    detail: text,
    to: text,
    into: list(count),
    remedy: text,
  },
  ['reason', 'place', 'where', 'detail', 'to', 'into', 'remedy'],
);
const packet = {
  packet: count,
  origin: text,
  by: text,
  cause: count,
  time: text,
  summary: text,
  hops: list(HOP),
  fate: FATE,
};
const RESULT = {
  type: 'object',
  required: ['elapsed', 'explanation'],
  properties: { outcome: text, elapsed: text, explanation: text },
};
const STEP = shape(
  {
    verb: text,
    name: text,
    status: one('passed', 'failed', 'ran'),
    result: RESULT,
    expected: {},
    message: text,
    trace: list(shape(packet, ['cause'])),
  },
  ['name', 'expected', 'message', 'trace'],
);

/** `run --reporter json` */
export const REPORT = shape({
  version: { const: 1 },
  summary: shape({ scenarios: count, passed: count, failed: count, steps: count }),
  scenarios: list(
    shape({ name: text, status: one('passed', 'failed', 'error'), message: text, steps: list(STEP) }, ['message']),
  ),
});

const EVENT = {
  oneOf: [
    shape({ kind: { const: 'packet' }, ...packet }, ['cause']),
    shape({ kind: one('note', 'expectation', 'change'), time: text, node: text, says: text }, ['node']),
  ],
};

/** `trace --reporter json` */
export const TRACE = shape(
  {
    version: { const: 1 },
    network: text,
    scenario: text,
    before: list(EVENT),
    message: text,
    steps: list(
      shape(
        {
          title: text,
          verb: text,
          status: one('passed', 'failed', 'ran'),
          where: text,
          result: RESULT,
          message: text,
          events: list(EVENT),
        },
        ['where', 'message'],
      ),
    ),
  },
  ['network', 'scenario', 'before', 'message'],
);
