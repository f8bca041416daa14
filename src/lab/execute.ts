/** Programs of the machine, run to their end. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Design } from '../sim/design/design.ts';
import { parseService } from '../sim/design/service.ts';
import type { Command } from '../sim/export/lab-script.ts';
import { startChild } from './stand/children.ts';

export interface Output {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A command that failed though the lab needs it. */
export class LabError extends Error {
  override readonly name = 'LabError';
}

/** Where system programs are, also for users whose PATH has no sbin. */
const PLACES: readonly string[] = [
  ...new Set([...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/sbin', '/bin']),
];

/** The path of a program; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  return (name.startsWith('/') ? [name] : PLACES.map((place) => join(place, name))).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The interpreter of the system rather than one of a version manager, which starts more slowly. */
export function findPython(): string | undefined {
  return findProgram('/usr/bin/python3') ?? findProgram('python3');
}

/** What is missing on this machine to run a lab of the design: nothing when the list is empty. */
export function missing(design: Design): string[] {
  const services = Object.values(design.nodes).flatMap((node) => (node.services ?? []).map(parseService));
  const ftp = services.some((service) => service?.app === 'ftp') ? ['vsftpd'] : [];
  return [
    ...missingRights(),
    ...['ip', 'nft', 'conntrack', 'sysctl', ...ftp]
      .filter((name) => findProgram(name) === undefined)
      .map((name) => `the program ${name}`),
    ...(findPython() === undefined ? ['the program python3'] : []),
  ];
}

/** Bits of the capability set: to make namespaces, set up networks, and craft packets. */
const CAPABILITIES = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21 } as const;

function missingRights(): string[] {
  if (process.platform !== 'linux') return ['a Linux kernel'];
  if (process.getuid?.() !== 0) return ['root'];
  const [, digits = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const held = BigInt(`0x${digits}`);
  return Object.entries(CAPABILITIES).flatMap(([name, bit]) => (((held >> BigInt(bit)) & 1n) === 1n ? [] : [name]));
}

/** Runs a command to its end, whatever its exit code. */
export function execute({ argv, input = '' }: Command): Promise<Output> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = startChild(findProgram(program) ?? program, args);
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, out, err }));
    child.stdin.on('error', () => {
      // a program that does not read its input to the end says why by its exit code
    });
    child.stdin.end(input);
  });
}

/** Runs a command that must succeed; an optional one that fails returns what is missing instead. */
export async function perform(command: Command): Promise<string | undefined> {
  const { code, err } = await execute(command);
  if (code === 0) return undefined;
  const said = err.trim().split('\n')[0] ?? '';
  if (command.optional !== undefined) return `${command.optional}: ${said}`;
  throw new LabError(`${command.argv.join(' ')}: ${said}`);
}
