/** The page that publishes the traversal matrix. */
import type { Pairing, Transport } from '../../src/whatif/traversal/matrix.ts';
import { findPairing, namesIn } from '../../src/whatif/traversal/table.ts';

/** The page `docs/traversal.md`. */
export function showPage(pairings: readonly Pairing[]): string {
  return `${[INTRODUCTION, `## UDP\n\n${table(pairings, 'udp')}`, `## TCP\n\n${table(pairings, 'tcp')}`, WHY, HOW].join('\n\n')}\n`;
}

function table(pairings: readonly Pairing[], protocol: Transport): string {
  const own = pairings.filter((each) => each.protocol === protocol);
  const names = namesIn(own);
  const head = ['', ...names.map((_, i) => String(i + 1))];
  const rows = names.map((one, i) => [
    `${i + 1} \`${one}\``,
    ...names.map((two) => findPairing(own, one, two)?.cell ?? '?'),
  ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const INTRODUCTION = `# Meeting through two NATs

Two hosts behind two NATs want to speak to each other without a relay. Both can reach a third host, which tells each how it sees the other; then both
send to that endpoint at the same time, and to every endpoint that they hear each other from. Whether that works depends on both NATs: how they map,
and whom they let in (RFC 4787). This page is written by \`npm run traversal\`, which lets the step \`punch\` try every pair of profiles in a simulated
network; \`middlebox matrix --traversal\` prints the same.

| letter | meaning |
| --- | --- |
| \`D\` | direct: each gets answers from the very endpoint that it asks |
| \`d\` | packets pass both ways, but answers come from another endpoint than requests went to; checks as of ICE (RFC 8445) fail, so that a relay is needed |
| \`1\` | a relay is needed, unless one host foresees the port that the NAT of the other will choose |
| \`2\` | a relay is needed, unless both hosts foresee such a port |

![The same as a drawing](traversal.svg)`;

const WHY = `## Why

- A NAT with **endpoint-independent mapping** shows a host at one endpoint whomever it speaks to. What the third host saw is then what the peer needs.
- Another NAT shows its host to the peer at a port that nobody has seen. The peer must be let in at the old one, or learn the new one by hearing from it.
- **Filtering** decides whether that happens. A filter for addresses opens as soon as its host has sent to the address of the peer. A filter for endpoints
  opens for one port alone, and so fails where the peer's NAT takes a new one.
- **TCP** is better off where a filter is open: what answers a connection leaves by the session that began it, whatever the mapping is otherwise
  (RFC 5382 REQ-2), so that one SYN that gets in is enough. Peers that hear each other from another endpoint than they were told have to give up the one
  they were told, since both lead to the same port. A NAT that answers the first SYN with a reset costs a second try, and no more.
- **Linux** keeps the port where it can, which amounts to endpoint-independent mapping, and lets in what answers. Its gateway drops here what comes unasked
  to itself; one that takes such packets in loses the port to them, and punching fails when the peer is the first to send.`;

const HOW = `## How it is checked

The same letters follow from the classes of RFC 4787 alone, by a small model that knows nothing of the simulator and tries all requests in all orders
(\`src/whatif/traversal/predict.ts\`). \`test/rfc/traversal.test.ts\` holds the model against the published table of all nine by nine classes, cell by cell, and
\`test/whatif/traversal/matrix.test.ts\` the simulator against the model: a punch succeeds exactly where the model says \`D\`, for profiles and for behaviours
that are made up.`;
