/** Where the figures of the profiles are published. */
export interface Source {
  readonly title: string;
  readonly address: string;
}

const rfc = (number: number, title: string): Source => ({
  title: `RFC ${number}, ${title}`,
  address: `https://www.rfc-editor.org/rfc/rfc${number}`,
});

export const SOURCES = {
  rfc3489: rfc(3489, 'STUN: Simple Traversal of UDP through NATs'),
  rfc4787: rfc(4787, 'NAT Behavioral Requirements for Unicast UDP'),
  rfc5382: rfc(5382, 'NAT Behavioral Requirements for TCP'),
  rfc5508: rfc(5508, 'NAT Behavioral Requirements for ICMP'),
  rfc6056: rfc(6056, 'Recommendations for Transport-Protocol Port Randomization'),
  rfc6092: rfc(6092, 'Recommended Simple Security Capabilities in CPE for Residential IPv6 Internet Service'),
  rfc6888: rfc(6888, 'Common Requirements for Carrier-Grade NATs'),
  rfc7422: rfc(7422, 'Deterministic Address Mapping to Reduce Logging in CGN Deployments'),
  rfc7857: rfc(7857, 'Updates to NAT Behavioral Requirements'),
  awsBasics: {
    title: 'Amazon VPC User Guide, NAT gateway basics',
    address: 'https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html',
  },
  awsComparison: {
    title: 'Amazon VPC User Guide, Compare NAT gateways and NAT instances',
    address: 'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-comparison.html',
  },
  awsTroubleshooting: {
    title: 'Amazon VPC User Guide, Troubleshoot NAT gateways',
    address: 'https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html',
  },
  azureResource: {
    title: 'Azure NAT Gateway resource',
    address: 'https://learn.microsoft.com/en-us/azure/nat-gateway/nat-gateway-resource',
  },
  gcpTune: {
    title: 'Google Cloud NAT, Tune NAT configuration',
    address: 'https://cloud.google.com/nat/docs/tune-nat-configuration',
  },
  gcpPorts: {
    title: 'Google Cloud NAT, IP addresses and ports',
    address: 'https://cloud.google.com/nat/docs/ports-and-addresses',
  },
  gcpPublic: {
    title: 'Google Cloud NAT, Public NAT',
    address: 'https://cloud.google.com/nat/docs/public-nat',
  },
  pfConf: {
    title: 'pf.conf(5), OpenBSD and FreeBSD manual pages',
    address: 'https://man.openbsd.org/pf.conf.5',
  },
  pfSource: {
    title: 'OpenBSD and FreeBSD kernel sources, pf_lb.c and pfvar.h',
    address: 'https://github.com/openbsd/src/blob/master/sys/net/pf_lb.c',
  },
  pfsense: {
    title: 'pfSense documentation, Outbound NAT',
    address: 'https://docs.netgate.com/pfsense/en/latest/nat/outbound.html',
  },
  hatonen: {
    title: 'Hätönen et al., An Experimental Study of Home Gateway Characteristics, IMC 2010',
    address: 'https://doi.org/10.1145/1879141.1879174',
  },
  ford: {
    title: 'Ford, Srisuresh and Kegel, Peer-to-Peer Communication Across Network Address Translators, USENIX 2005',
    address: 'https://www.usenix.org/legacy/event/usenix05/tech/general/full_papers/ford/ford.pdf',
  },
  guha: {
    title: 'Guha and Francis, Characterization and Measurement of TCP Traversal through NATs and Firewalls, IMC 2005',
    address: 'https://www.usenix.org/legacy/event/imc05/tech/full_papers/guha/guha.pdf',
  },
  kernel: {
    title: 'Linux 6.18, asked by experiment: see the page on fidelity',
    address: 'fidelity.md',
  },
} as const satisfies Readonly<Record<string, Source>>;
export type SourceName = keyof typeof SOURCES;
