/** The FTP truth table as it is written down, and as it is published. */
import { ANSWERS, type Answer } from './answer.ts';
import { CASES, MODES, type Remedy, ROWS, type Sides } from './cases.ts';
import type { Recording, Table } from './run.ts';

/** JSON, a line for each case. */
export function showTable({ kernel, table }: Recording): string {
  const lines = Object.entries(table).map(([name, answers]) => [name, answers.join(' ')]);
  return `${JSON.stringify({ kernel, table: Object.fromEntries(lines) }, null, 2)}\n`;
}

/** What `showTable` wrote. */
export function readTable(text: string): Recording {
  const { kernel, table } = JSON.parse(text) as { kernel: string; table: Record<string, string> };
  const lines = Object.entries(table).map(([name, answers]) => [name, answers.split(' ') as Answer[]]);
  return { kernel, table: Object.fromEntries(lines) };
}

const COMMANDS = ['PORT', 'PASV', 'EPRT', 'EPSV'] as const;
const COLUMNS = [...COMMANDS, ...COMMANDS.map((command) => `${command}, TLS`)];
/** What a helper or an opened range is called in the table of needs. */
const LETTERS: readonly (readonly [Remedy, string])[] = [
  ['client', 'C'],
  ['server', 'S'],
  ['range', 'R'],
];
const REMEDY_WORDS: Readonly<Record<Remedy, string>> = {
  none: 'none',
  client: 'helper at the client',
  server: 'helper at the server',
  both: 'both helpers',
  range: 'range opened',
};
const MEANINGS: Readonly<Record<Answer, string>> = {
  works: 'every byte of the file came',
  '500':
    'the server refuses the command at once (`500 Illegal PORT command.`): the address in it is not the one that the server sees',
  '425':
    'the server accepts the command, and its SYN to the client is lost on the way: after its timeout it says `425`, unless the client gives up before',
  unreachable: 'the client was told a private address, and a router says that there is no way to it',
  refused:
    'the client connects to the public address, and the gateway itself answers with RST: nothing forwards that port',
  silence: 'a firewall drops the SYN of the client',
};

/** The page `docs/ftp.md`. */
export function showPage({ kernel, table }: Recording): string {
  const cells = Object.values(table).flat().length;
  return `${[
    PROBLEM,
    '## What each combination needs',
    NEEDS,
    showRows(
      ['id', ...SIDES, ...COLUMNS],
      ROWS.map((row) => [row.id, ...sidesOf(row), ...needsOf(row.id, table)]),
    ),
    LAW,
    '## Every cell',
    `${cells} transfers, by Linux ${kernel} with vsftpd and a client of its own. The simulator answers the same in every one of them; \`test/ftp-table.test.ts\` holds it to that.`,
    showRows(
      ['answer', 'meaning'],
      ANSWERS.map((answer) => [`\`${answer}\``, MEANINGS[answer]]),
    ),
    showRows(
      ['id', 'remedy', ...COLUMNS],
      CASES.map(({ id, remedy }) => [id, REMEDY_WORDS[remedy], ...(table[`${id} ${remedy}`] ?? [])]),
    ),
    CORNERS,
  ].join('\n\n')}\n`;
}

const SIDES = ['client NAT', 'server NAT', 'client firewall', 'server firewall'] as const;

function sidesOf({ clientNat, serverNat, clientFirewall, serverFirewall }: Sides): string[] {
  return [clientNat, serverNat, clientFirewall, serverFirewall].map((there) => (there ? 'yes' : '–'));
}

/** For each column what makes it work. */
function needsOf(id: string, table: Table): string[] {
  const works = (remedy: Remedy, column: number) => table[`${id} ${remedy}`]?.[column] === 'works';
  return [...MODES, ...MODES].map((_, column) => {
    if (works('none', column)) return 'works';
    const helpful = LETTERS.filter(([remedy]) => works(remedy, column)).map(([, letter]) => letter);
    return helpful.length > 0 ? helpful.join(' or ') : 'fails';
  });
}

function showRows(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const PROBLEM = `# FTP through NAT and firewalls

An FTP client keeps one connection for its commands, and needs a second one for each file. Before each file one side tells the other,
in the text of the first connection, to which address and port that second connection goes:

- **active** (\`PORT\`, or \`EPRT\` in RFC 2428): the client listens, and the server connects back to it. That connection comes in from outside, so a
  firewall at the client drops it; and behind NAT the address that the client names is a private one.
- **passive** (\`PASV\`, or \`EPSV\`): the server listens, and the client connects. A firewall at the server drops it unless the port is open; and behind NAT
  the \`227\` answer to PASV names a private address. The \`229\` answer to EPSV names only a port, so no address can be wrong.

A **helper** reads along: it replaces the address in the command by the public one, corrects the sequence numbers of everything that follows, and expects
the second connection, so that it is let in and led to the right host. It can only read what is not encrypted: after \`AUTH TLS\` it is blind.

This page is written by \`npm run ftp-table\`, which tries every combination on a real kernel, with vsftpd as the server. The client and the server each
stand behind a gateway, with a router between the two. Firewalls are stateful: they let out everything, and let in what belongs to it, and at
the server the control port. NAT is masquerading, and at the server a forwarded control port.`;

const NEEDS = `\`works\`: nothing is needed. \`C\`, \`S\`: the helper at the client, at the server. \`R\`: the passive ports of the server are opened in its firewall and forwarded by its NAT.
\`fails\`: none of these makes it work. The four digits of an id say what is there.`;

const LAW = `Three sentences say the same. Let *Ce* be "the client side has a helper, and the control connection is not encrypted", *Se* the same of the server side, and
*R* as above:

- **FTP-T1**: PORT and EPRT work exactly if there is neither NAT nor a firewall at the client, or *Ce*. The server side does not matter.
- **FTP-T2**: EPSV works exactly if there is neither NAT nor a firewall at the server, or *Se*, or *R*. The client side does not matter.
- **FTP-T3**: PASV works exactly if EPSV does, and there is no NAT at the server, or *Se*. A server that is configured to announce its public
  address (\`announce\`), or a client that ignores the address in the answer, makes PASV as good as EPSV.`;

const CORNERS = `## Corners

Each of these was tried on the kernel, and is a test of the simulator in \`test/ftp-corners.test.ts\` or \`test/sim/router/alg-ftp.test.ts\`.

| what | what Linux does |
| --- | --- |
| PORT is the very first line of the client | It passes unread and unexpected: the helper does not know yet where a line begins |
| PORT split over two segments | The first piece cannot be read, and is dropped, as often as it is sent again: the control connection stalls |
| a command that grows or shrinks | Later sequence numbers and acknowledgements are shifted by the difference, SACK blocks too; a retransmission from before it is not |
| data from another port than 20 | It is let in: only the address of the server and the port of the client are expected |
| PORT with somebody else's address | It passes unchanged, and nothing is expected: a server that could be made to attack others is not helped to |
| a second PORT before the first is used | It replaces the first expectation |
| PORT to a port below 1024 | It is rewritten and expected like any other; vsftpd refuses it |
| an expectation that nobody uses | It ends after 300 s |`;
