import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ip4, ip6 } from '../../../../../src/sim/addr/ip.ts';
import {
  protocolOf,
  readCommand,
  readEprt,
  readPort,
  showEprt,
  showPort,
} from '../../../../../src/sim/host/app/ftp/command.ts';
import { isRoot, list, nameIn, nameOfSize, read } from '../../../../../src/sim/host/app/ftp/files.ts';
import { seal, unseal } from '../../../../../src/sim/host/app/ftp/record.ts';
import { readExtendedPassive, readPassive, readReplies } from '../../../../../src/sim/host/app/ftp/reply.ts';
import { fromLatin1, NOTHING, pattern } from '../../../../../src/sim/host/app/stream/bytes.ts';
import { at, bytes, ip } from '../drive.ts';

const port = fc.integer({ min: 1, max: 65_535 });

describe('commands', () => {
  it.each([
    ['USER anonymous', 'USER', 'anonymous'],
    ['noop', 'NOOP', ''],
    ['  retr  a b ', 'RETR', 'a b'],
    ['', '', ''],
    ['\xff\xf4\xff\xf2ABOR', 'ABOR', ''],
  ])('reads %j', (line, verb, argument) => {
    expect(readCommand(line)).toEqual({ verb, argument });
  });

  it('name endpoints in six numbers', () => {
    expect(readPort('192,168,1,10,156,65')).toEqual(at('192.168.1.10', 40_001));
    expect(showPort(at('192.168.1.10', 40_001))).toBe('192,168,1,10,156,65');
    expect(showPort(at('2001:db8::1', 1))).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(0xffff_ffff).map(ip4), port, (address, number) => {
        const endpoint = { ip: address, port: number };
        expect(readPort(showPort(endpoint) ?? '')).toEqual(endpoint);
        expect(readEprt(showEprt(endpoint))).toEqual(endpoint);
      }),
    );
  });

  it.each([
    '',
    '1,2,3,4,5',
    '1,2,3,4,5,6,7',
    '1,2,3,4,5,256',
    '1,2,3,4,5,x',
    '1,2,3,4,5,',
    '1,2,3,4,-5,6',
    '1,2,3,4,5,1234',
  ])('refuse %j as six numbers', (text) => {
    expect(readPort(text)).toBeUndefined();
  });

  it('name endpoints of both families', () => {
    expect(readEprt('|2|2001:db8::2|5282|')).toEqual(at('2001:db8::2', 5282));
    expect(readEprt('!1!10.0.0.1!80!')).toEqual(at('10.0.0.1', 80));
    expect([protocolOf(ip('10.0.0.1')), protocolOf(ip('::1'))]).toEqual(['1', '2']);
    fc.assert(
      fc.property(fc.bigInt(0n, (1n << 128n) - 1n).map(ip6), port, (address, number) => {
        const endpoint = { ip: address, port: number };
        expect(readEprt(showEprt(endpoint))).toEqual(endpoint);
      }),
    );
  });

  it.each([
    ['|3|10.0.0.1|80|', 'family'],
    ['|0|::1|80|', 'family'],
    ['', undefined],
    [' 1 10.0.0.1 80 ', undefined],
    ['|1|10.0.0.1|80', undefined],
    ['|1|10.0.0.1|80|x', undefined],
    ['x|1|10.0.0.1|80|', undefined],
    ['|x|10.0.0.1|80|', undefined],
    ['|1|::1|80|', undefined],
    ['|2|10.0.0.1|80|', undefined],
    ['|1|nowhere|80|', undefined],
    ['|1|10.0.0.1|0|', undefined],
    ['|1|10.0.0.1|65536|', undefined],
    ['|1|10.0.0.1|x|', undefined],
  ])('read %j as %s', (text, expected) => {
    expect(readEprt(text)).toBe(expected);
  });
});

describe('replies', () => {
  it('are of one line or several', () => {
    const lines = ['220 hi', '211-Features:', ' EPSV', '211 no end here', '2111 nor here', 'what?', '226', '150 half'];
    const { replies, open } = readReplies([], lines.slice(0, 3));
    expect(replies).toEqual([{ code: 220, lines: ['220 hi'] }]);
    expect(open).toEqual(['211-Features:', ' EPSV']);
    expect(readReplies(open, lines.slice(3)).replies.map(({ code, lines: own }) => [code, own.length])).toEqual([
      [211, 3],
      [0, 1],
      [0, 1],
      [226, 1],
      [150, 1],
    ]);
  });

  it.each([
    ['227 Entering Passive Mode (192,0,2,31,237,19).', at('192.0.2.31', 60_691)],
    ['227 Entering passive mode. 192,0,2,31,0,80', at('192.0.2.31', 80)],
    ['227 =10,0,0,1,4,0', at('10.0.0.1', 1024)],
    ['227 no numbers', undefined],
    ['227 (1,2,3,4,5,999)', undefined],
  ])('%j names %j', (line, expected) => {
    expect(readPassive({ code: 227, lines: [line] })).toEqual(expected);
  });

  it.each([
    ['229 Entering Extended Passive Mode (|||60691|)', 60_691],
    ['229 ok (!!!80!)', 80],
    ['229 ok (|||0|)', undefined],
    ['229 ok (|||65536|)', undefined],
    ['229 ok (||80|)', undefined],
    ['229 ok (|||80!)', undefined],
    ['229 ok', undefined],
  ])('%j names port %s', (line, expected) => {
    expect(readExtendedPassive({ code: 229, lines: [line] })).toBe(expected);
  });

  it('that have no lines name nothing', () => {
    expect(readPassive({ code: 227, lines: [] })).toBeUndefined();
    expect(readExtendedPassive({ code: 229, lines: [] })).toBeUndefined();
  });
});

describe('records', () => {
  it('hide every text and give it back, in any pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), fc.nat(200), (parts, cut) => {
        const whole = parts.flatMap((part) => [...seal(part)]);
        const first = unseal(Uint8Array.from(whole.slice(0, cut)));
        const second = unseal(Uint8Array.from([...(first?.rest ?? []), ...whole.slice(cut)]));
        expect([...(first?.plain ?? []), ...(second?.plain ?? [])]).toEqual(parts.flatMap((part) => [...part]));
        expect(second?.rest).toHaveLength(0);
      }),
    );
  });

  it('have nothing in them that can be read', () => {
    const text = 'PORT 192,168,1,10,156,65\r\n227 Entering Passive Mode (10,0,0,1,4,0).\r\n';
    const sealed = seal(bytes(text));
    expect([...sealed.subarray(5)].every((byte) => byte >= 0x80)).toBe(true);
    expect([...sealed.subarray(0, 3)]).toEqual([0x17, 3, 3]);
  });

  it('are cut where TLS cuts them', () => {
    const long = pattern(0x4000 + 9);
    const sealed = seal(long);
    expect(sealed).toHaveLength(long.length + 10);
    expect(unseal(sealed)?.plain).toEqual(long);
  });

  it.each([[[0x16]], [[0x17, 3, 4]], [[0x50, 0x4f]], [[0x17, 3, 3, 0x40, 1]]])('are no records: %j', (first) => {
    expect(unseal(Uint8Array.from(first))).toBeUndefined();
  });
});

describe('files', () => {
  const files = new Map([
    ['note', bytes('hi')],
    ['7.bin', bytes('own')],
  ]);

  it.each([
    ['10.bin', 10],
    ['/10.bin', 10],
    ['./10.bin', 10],
    ['0.bin', 0],
    ['note', 2],
    ['7.bin', 3],
    ['16777216.bin', 16_777_216],
    ['16777217.bin', undefined],
    ['010.bin', undefined],
    ['x.bin', undefined],
    ['pub/10.bin', undefined],
    ['..', undefined],
    ['/', undefined],
  ])('%j has %s bytes', (path, size) => {
    expect(read(files, path)?.length).toBe(size);
  });

  it('are made of the pattern, or were stored', () => {
    expect(read(files, nameOfSize(300))).toEqual(pattern(300));
    expect(fromLatin1(read(files, 'note') ?? NOTHING)).toBe('hi');
  });

  it('have names in one directory', () => {
    expect(['a', '/a', './a', 'a b'].map(nameIn)).toEqual(['a', 'a', 'a', 'a b']);
    expect(['', '/', '.', 'a/b', 'a\nb', 'a\0'].map(nameIn)).toEqual(Array(6).fill(undefined));
    expect(['/', '.', '..', '', '/./..'].map(isRoot)).toEqual(Array(5).fill(true));
    expect(isRoot('pub')).toBe(false);
  });

  it('are listed by name, or with their size', () => {
    expect(fromLatin1(list(files, 'names'))).toBe('1024.bin\r\nnote\r\n7.bin\r\n');
    expect(fromLatin1(list(files, 'lines'))).toMatch(/^-rw-r--r-- +1 ftp +ftp +1024 Jan 01 00:00 1024.bin\r\n.* 2 Jan/);
  });
});
