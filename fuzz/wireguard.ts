/**
 * Throws configurations that are half grammar and half noise at the WireGuard parser: node fuzz/wireguard.ts
 * [--seconds N] [--seed S]. Prints the cases run; exits 1 with the failing text on a crash, a slow case, a place outside
 * the text, or a problem that shows a key.
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { parseWireguard } from '../src/wireguard/config.ts';
import {
  duplicates,
  links,
  overlappingPeers,
  ownAddressesAtPeers,
  peerRoutes,
} from '../src/wireguard/topology.ts';
import { limited } from './support/limited.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
const seconds = Number(values.seconds ?? 5);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);

const secret = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=';
const names =
  'PrivateKey ListenPort FwMark Address DNS MTU Table SaveConfig PreUp PostUp PublicKey PresharedKey'
    .concat(' AllowedIPs Endpoint PersistentKeepalive __proto__ toString')
    .split(' ');
const contents = [
  ...[
    secret,
    secret.slice(1),
    `${secret}x`,
    '<private-key>',
    '51820',
    '70000',
    '-1',
    '0x1',
    'off',
    'true',
    '',
  ],
  ...[
    '10.0.0.1/24',
    '10.0.0.1/24, fd00::1/64',
    ',,',
    '0.0.0.0/0,::/0',
    '[::1]:1',
    'a:1',
    ':',
    '999999999999',
  ],
  ...['iptables -A FORWARD -i %i -j ACCEPT', '\u0000', '💥', '\ud800', '='.repeat(30)],
];
const line = fc.oneof(
  fc.constantFrom('[Interface]', '[Peer]', '[peer] # x', '[Other]', '#', '', '[', secret),
  fc
    .tuple(fc.constantFrom(...names), fc.constantFrom(' = ', '=', ' ', '=\t'), fc.constantFrom(...contents))
    .map((parts) => parts.join('')),
  fc.string({ maxLength: 20 }),
);
const config = fc.array(line, { maxLength: 40 }).map((lines) => lines.join('\n'));

const limitMs = 1000;
const until = performance.now() + seconds * 1000;
let cases = 0;
for (let round = 0; performance.now() < until; round++) {
  for (const text of fc.sample(config, { seed: seed + round, numRuns: 300 })) {
    cases++;
    try {
      limited(limitMs, () => run(text));
      if (cases % 100 === 0) limited(limitMs, () => run(`${text}\n`.repeat(200)));
    } catch (error) {
      console.error(`seed ${seed + round}: ${JSON.stringify(text)}\n${(error as Error).stack}`);
      process.exit(1);
    }
  }
}
console.log(`${cases} cases, seed ${seed}`);

function run(text: string): void {
  const parsed = parseWireguard(text);
  for (const { at, message, help = '' } of parsed.problems) {
    if (at.start < 0 || at.start > at.end || at.end > text.length)
      throw new Error('a place outside the text');
    if (`${message}${help}`.includes(secret.slice(2, 12))) throw new Error('a problem shows a key');
  }
  const keys = [parsed.interface?.privateKey, ...parsed.peers.map(({ presharedKey }) => presharedKey)];
  if (JSON.stringify(keys).includes(secret.slice(2, 12))) throw new Error('the model shows a key');
  peerRoutes(parsed);
  overlappingPeers(parsed);
  ownAddressesAtPeers(parsed);
  const ends = [
    { name: 'a', config: parsed },
    { name: 'b', config: parsed },
  ];
  duplicates(ends);
  links(ends);
}
