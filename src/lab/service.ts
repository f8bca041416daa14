/** The services of a node as its agent is asked to start them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { showIp } from '../sim/addr/ip.ts';
import type { Design } from '../sim/design/design.ts';
import { parseService } from '../sim/design/service.ts';
import { execute, findProgram, LabError } from './execute.ts';

/** What the file servers of a lab have, and can. */
export interface FtpStock {
  /** Where they keep what they need; it goes with the lab. */
  readonly folder: string;
  /** Sizes in bytes of the files that steps will ask for. */
  readonly files: readonly number[];
  /** Path of a certificate with its key, for TLS. */
  readonly certificate: string | undefined;
}

/** The services of a node by what is written, each as a request to the agent; those without one cannot be had here. */
export function servicesOf(
  design: Design,
  node: string,
  stock: FtpStock,
): ReadonlyMap<string, Readonly<Record<string, unknown>> | undefined> {
  const specs = design.nodes[node]?.services ?? [];
  return new Map(specs.map((spec) => [JSON.stringify(spec), requestFor(spec, node, stock)]));
}

type Spec = Parameters<typeof parseService>[0];

function requestFor(spec: Spec, node: string, stock: FtpStock): Readonly<Record<string, unknown>> | undefined {
  const service = parseService(spec);
  if (service === undefined || service.app === 'stun') return undefined;
  if (service.app === 'dhcp' || service.app === 'pcp') return undefined;
  const { app, port, address } = service;
  const common = { app, port, ...(address === undefined ? {} : { address: showIp(address) }) };
  switch (service.app) {
    case 'echo':
      return { ...common, protocol: service.protocol };
    case 'http':
      return { ...common, pages: { '/': `This is ${node}.\n`, ...service.pages } };
    case 'dns': {
      const records = Object.entries(service.records).map(([name, ips]) => [name, ips.map(showIp)]);
      const ttl = Math.round(service.ttl / 1000);
      return { ...common, records: Object.fromEntries(records), forward: service.forward.map(showIp), ttl };
    }
    case 'ftp': {
      const { passivePorts, strictPort, announce } = service;
      return {
        ...common,
        strictPort,
        ...(passivePorts === undefined ? {} : { passivePorts: [passivePorts.from, passivePorts.to] }),
        ...(announce === undefined ? {} : { announce: showIp(announce) }),
        folder: stock.folder,
        files: stock.files,
        ...(stock.certificate === undefined ? {} : { certificate: stock.certificate }),
      };
    }
  }
}

/** Makes a self-signed certificate and its key, both in one file of the folder; returns its path. */
export async function makeCertificate(folder: string): Promise<string> {
  if (findProgram('openssl') === undefined) throw new LabError('an encrypted step needs the program openssl');
  const key = join(folder, 'key.pem');
  const certificate = join(folder, 'certificate.pem');
  const both = join(folder, 'both.pem');
  const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=lab'];
  const { code, err } = await execute({ argv: ['openssl', 'req', ...kind, '-keyout', key, '-out', certificate] });
  if (code !== 0) throw new LabError(`openssl: ${err.trim()}`);
  writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'), { mode: 0o600 });
  return both;
}
