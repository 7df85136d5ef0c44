import { once } from 'node:events';
import { createServer } from 'node:net';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAddress, ipv4, parseAddress } from '../../net/address.ts';
import { readDnsAnswer, readDnsQuestion, readDnsQuestionSegment, readDnsSegment } from './dns.ts';
import { readHttpHost } from './http.ts';
import { LookedUpNames } from './looked-up-names.ts';
import { readClientHello } from './tls.ts';

const text = (written: string) => Uint8Array.from(written, (letter) => letter.charCodeAt(0));
const host = (written: string) => readHttpHost(text(written), 0, written.length);

test('the host of a request is found, whatever its case, port and blanks', () => {
  expect(host('GET /x HTTP/1.1\r\nAccept: */*\r\nHOST:\t Example.COM:8080 \r\n\r\n')).toBe('example.com');
  expect(host('CONNECT a.example:443 HTTP/1.1\nHost: a.example:443\n\n')).toBe('a.example');
  expect(host('POST / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n')).toBe('[2001:db8::1]');
});

test('what is no request, has no host, or one that is not printable has none', () => {
  for (const written of [
    'HTTP/1.1 200 OK\r\nHost: a.example\r\n\r\n',
    'get / HTTP/1.1\r\nHost: a.example\r\n\r\n',
    'GET / HTTP/1.0\r\n\r\nHost: a.example\r\n',
    'GET / HTTP/1.1\r\nHost: a.exa',
    'GET / HTTP/1.1\r\nHost: a\u0001b.example\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: :80\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: ${'a'.repeat(300)}\r\n\r\n`,
    `GET / HTTP/1.1\r\nX: ${'a'.repeat(5000)}\r\nHost: a.example\r\n\r\n`,
    'GET',
    '',
  ])
    expect(host(written)).toBeUndefined();
});

/** First bytes that a TLS client of Node sends. */
async function clientHello(options: object): Promise<Uint8Array> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const socket = connect({ host: '127.0.0.1', port, ...options });
  socket.on('error', () => {});
  const [peer] = await once(server, 'connection');
  const [bytes] = await once(peer, 'data');
  socket.destroy();
  peer.destroy();
  server.close();
  return new Uint8Array(bytes);
}

test('a real ClientHello tells server name and first protocol, and how long it is', async () => {
  const bytes = await clientHello({ servername: 'www.Example.com', ALPNProtocols: ['h2', 'http/1.1'] });
  const whole = { serverName: 'www.example.com', alpn: 'h2', length: bytes.length };
  expect(readClientHello(bytes, 0, bytes.length)).toEqual(whole);
  const shifted = new Uint8Array([1, 2, 3, ...bytes, 9]);
  expect(readClientHello(shifted, 3, shifted.length - 1)).toEqual(whole);
  const plain = await clientHello({ maxVersion: 'TLSv1.2' });
  expect(readClientHello(plain, 0, plain.length)).toEqual({ length: plain.length });
  for (let end = 0; end < bytes.length; end++) {
    const part = readClientHello(bytes, 0, end);
    expect(end < 6 ? part === undefined : part?.length === bytes.length).toBe(true);
    expect([undefined, 'www.example.com']).toContain(part?.serverName);
  }
});

const name = (written: string) => [
  ...written.split('.').flatMap((label) => [label.length, ...text(label)]),
  0,
];
interface Record {
  readonly owner: readonly number[];
  readonly type: number;
  readonly data: readonly number[];
  readonly ttl?: number;
}
function response(question: readonly number[], records: readonly Record[], flags = 0x8180): Uint8Array {
  return Uint8Array.from([
    ...[0, 1, flags >> 8, flags & 255, 0, 1, 0, records.length, 0, 0, 0, 0, ...question, 0, 1, 0, 1],
    ...records.flatMap(({ owner, type, data, ttl = 60 }) => [
      ...owner,
      ...[0, type, 0, 1, 0, 0, ttl >> 8, ttl & 255, data.length >> 8, data.length & 255],
      ...data,
    ]),
  ]);
}
const pointer = [0xc0, 12];
const read = (bytes: Uint8Array) => readDnsAnswer(bytes, 0, bytes.length);

test('an answer gives the addresses of the name asked for, along aliases, with the shortest time', () => {
  const answer = read(
    response(name('www.example.com'), [
      { owner: pointer, type: 5, data: name('cdn.example.net'), ttl: 30 },
      { owner: name('CDN.example.net'), type: 1, data: [192, 0, 2, 1] },
      { owner: name('other.example.net'), type: 1, data: [192, 0, 2, 2] },
      { owner: pointer, type: 28, data: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] },
      { owner: pointer, type: 16, data: [1, 65], ttl: 1 },
    ]),
  )!;
  expect({ ...answer, addresses: answer.addresses.map(formatAddress) }).toEqual({
    name: 'www.example.com',
    addresses: ['192.0.2.1', '2001:db8::1'],
    ttl: 30,
  });
});

test('over TCP the length stands before the answer, and what is behind it is not read', () => {
  const message = response(name('a.example'), [{ owner: pointer, type: 1, data: [192, 0, 2, 1] }]);
  const segment = (length: number, ...more: number[]) => {
    const bytes = Uint8Array.from([length >> 8, length, ...message, ...more]);
    return readDnsSegment(bytes, 0, bytes.length);
  };
  const { length } = message;
  expect(segment(length)?.name).toBe('a.example');
  expect(segment(length, 0, 12, 1)?.addresses).toHaveLength(1);
  // The rest would come in the next segment: what there is counts.
  expect(segment(length + 100)?.addresses).toHaveLength(1);
  expect(segment(length - 1)).toBeUndefined();
  expect(segment(11)).toBeUndefined();
  for (const bytes of [[], [0], [0, 0], [0xff, 0xff]])
    expect(readDnsSegment(Uint8Array.from(bytes), 0, bytes.length)).toBeUndefined();
});

test('the question of queries and responses is read, with names of any bytes', () => {
  const ask = (bytes: Uint8Array) => readDnsQuestion(bytes, 0, bytes.length);
  const plain = response(name('WWW.Example.com'), [], 0x0100);
  const { length } = plain;
  expect(ask(plain)).toEqual({ isResponse: false, name: 'www.example.com', type: 1, code: 0, bytes: length });
  expect(ask(response(name('a.example'), [], 0x8183))).toMatchObject({ isResponse: true, code: 3 });
  expect(ask(response([3, 0, 0x2e, 0xff, 1, 0x5c, 0], []))?.name).toBe('\\000\\046\\255.\\092');
  const answered = response(name('a.example'), [{ owner: pointer, type: 16, data: [1, 65] }]);
  expect(ask(answered)).toMatchObject({ name: 'a.example', bytes: answered.length });
  // Another kind of message, class CHAOS, the root, cut off, a loop.
  expect(ask(response(name('a.example'), [], 0x2800))).toBeUndefined();
  expect(ask(Uint8Array.from([...plain.slice(0, -1), 3]))).toBeUndefined();
  expect(ask(response([0], []))).toBeUndefined();
  for (let end = 0; end < length; end++) expect(readDnsQuestion(plain, 0, end)).toBeUndefined();
  expect(ask(response([0xc0, 12], []))).toBeUndefined();
  const segment = Uint8Array.from([0, length + 9, ...plain]);
  expect(readDnsQuestionSegment(segment, 0, segment.length)).toMatchObject({
    name: 'www.example.com',
    bytes: length + 9,
  });
  expect(readDnsQuestionSegment(segment, 0, 1)).toBeUndefined();
});

test('queries, errors, loops and names that are not printable give nothing', () => {
  const a = { owner: pointer, type: 1, data: [192, 0, 2, 1] };
  const question = name('a.example');
  expect(read(response(question, [a]))?.name).toBe('a.example');
  expect(read(response(question, [a], 0x0100))).toBeUndefined();
  expect(read(response(question, [a], 0x8183))).toBeUndefined();
  expect(read(response(question, []))).toBeUndefined();
  expect(read(response([1, 7, 0], [a]))).toBeUndefined();
  expect(read(response([0xc0, 12], [a]))).toBeUndefined();
  expect(read(response([0xc0, 40], [a]))).toBeUndefined();
  expect(read(response([0], [a]))).toBeUndefined();
  expect(read(response([64, ...text('x'.repeat(64)), 0], [a]))).toBeUndefined();
  expect(read(response(name(Array(64).fill('abcd').join('.')), [a]))).toBeUndefined();
});

test('decoders read nothing outside their place and never throw', () => {
  const seeds = [
    response(name('www.example.com'), [{ owner: pointer, type: 1, data: [192, 0, 2, 1] }]),
    text('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'),
    Uint8Array.from([22, 3, 1, 0, 80, 1, 0, 0, 76, 3, 3, ...Array(32).fill(7), 0, 0, 2, 19, 1, 1, 0, 0, 33]),
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.nat(255))),
      fc.nat(),
      (seed, edits, cut) => {
        const bytes = seed.slice(0, cut % (seed.length + 1));
        for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value;
        const embedded = new Uint8Array([...Array(5).fill(0xc0), ...bytes, ...Array(40).fill(3)]);
        for (const decode of [
          readDnsAnswer,
          readDnsSegment,
          readDnsQuestion,
          readDnsQuestionSegment,
          readHttpHost,
          readClientHello,
        ])
          expect(decode(embedded, 5, 5 + bytes.length)).toEqual(decode(bytes, 0, bytes.length));
      },
    ),
  );
});

test('names looked up are found by client and address until their time is over; the oldest go first', () => {
  const names = new LookedUpNames(2, 0);
  const lanes = (written: string) => {
    const { a, b, c, d } = parseAddress(written)!;
    return Uint32Array.of(a, b, c, d);
  };
  const [x, y] = [lanes('192.0.2.1'), lanes('192.0.2.2')];
  const [one, two, three] = [ipv4(1), ipv4(2), ipv4(3)];
  names.add(x, one, 'one', 0, 100);
  names.add(x, two, 'two', 0, 100);
  expect(names.find(x, 4, Uint32Array.of(0, 0, 0, 1), 99)).toBe('one');
  expect(names.find(x, 4, Uint32Array.of(0, 0, 0, 1), 100)).toBeUndefined();
  expect(names.find(y, 4, Uint32Array.of(0, 0, 0, 1), 0)).toBeUndefined();
  expect(names.find(x, 6, Uint32Array.of(0, 0, 0, 1), 0)).toBeUndefined();
  names.add(x, one, 'uno', 50, 200);
  names.add(x, three, 'three', 60, 200);
  expect(names.find(x, 4, Uint32Array.of(0, 0, 0, 2), 60)).toBeUndefined();
  expect(names.find(x, 4, Uint32Array.of(0, 0, 0, 1), 60)).toBe('uno');
  expect([names.size, names.evicted]).toEqual([2, 1]);
  const [client, address] = [lanes('2001:db8::1'), parseAddress('2001:db8::9')!];
  names.add(client, address, 'six', 60, 200);
  expect(names.find(client, 6, lanes('2001:db8::9'), 61)).toBe('six');
});
