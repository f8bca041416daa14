/** Invariants of a file: what must hold in its networks whatever happens in them. `middlebox check` tries to break them. */
import * as z from 'zod';
import type { DeepReadonly } from '../../sim/base/readonly.ts';
import { nameSchema, oneOrMore, portSetSchema, text, WORDS } from '../../sim/design/field.ts';
import { INTENT_PROTOCOLS, readIntent } from './intent.ts';

/** Whom an invariant is about; that the names are there is for `checkInvariant` to say. */
const whoSchema = oneOrMore(
  text((value) =>
    value.trim() === '' ? '"" names nobody: write a node, an address, a prefix, "@GROUP" or "*"' : undefined,
  ),
).register(WORDS, {
  description: 'A node, an address, a prefix, an "A-B" range, an "@group", "*" for every node, or a list of these.',
  examples: ['guest', '@staff', '192.168.7.0/24', '*', ['db', '10.0.9.0/24']],
});

const flowSchema = z.strictObject({
  from: whoSchema,
  to: whoSchema,
  port: oneOrMore(portSetSchema).optional().register(WORDS, {
    description: 'The port that the target is reached on; any by default.',
  }),
  protocol: z.enum(INTENT_PROTOCOLS).optional().register(WORDS, {
    description: 'tcp where a port is given; else any in a "never", and icmp in an "always".',
  }),
});

const aboutSchema = z
  .union([
    text((value) => {
      const found = readIntent(value);
      return typeof found === 'string' ? found : undefined;
    }).register(WORDS, { description: 'In one line: "guest -> db:5432/tcp", or "guest -> db" for a ping.' }),
    flowSchema,
  ])
  .register(WORDS, { id: 'InvariantFlow', description: 'Traffic: "FROM -> TO:PORT/tcp", or an object.' });

/** What can go wrong in a network whoever means what; switched on by name. */
export const FAULTS = ['loops', 'astray', 'one-way', 'asymmetry'] as const;
export type Fault = (typeof FAULTS)[number];

const common = {
  name: z.string().min(1).optional().register(WORDS, { description: 'What people call it.' }),
  network: oneOrMore(nameSchema).optional().register(WORDS, {
    description:
      'The networks it is about. May be left out: it is then about every network of the file that has all it names.',
  }),
};

export const invariantSchema = z
  .union(
    [
      z.strictObject({ ...common, never: aboutSchema }),
      z.strictObject({ ...common, always: aboutSchema }),
      z.strictObject({
        ...common,
        no: z.enum(FAULTS).register(WORDS, {
          description:
            'loops: a packet comes twice to the same interface. astray: an answer reaches another than the one who asked. one-way: a request arrives and its answer does not. asymmetry: a node that tracks connections sees only one direction.',
        }),
      }),
    ],
    { error: 'an invariant says exactly one of "never", "always" and "no"' },
  )
  .register(WORDS, {
    id: 'Invariant',
    description: 'What must hold whatever happens; "middlebox check" tries to break it.',
  });

export type InvariantFlow = DeepReadonly<z.infer<typeof flowSchema>>;
export type InvariantSpec = DeepReadonly<z.infer<typeof invariantSchema>>;
