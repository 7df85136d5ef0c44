import { expect, test } from 'vitest';
import { formatPrefix } from '../net/prefix.ts';
import { parseWireguard } from './config.ts';
import { isPlaceholder } from './key.ts';

const privateKey = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=';
const publicKey = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';

const config = `# hub
[Interface]
PrivateKey = ${privateKey} # secret
Address = 10.8.0.1/24, fd00:8::1/64
Address=10.9.0.1
ListenPort = 51820
dns = 10.8.0.53, corp.example
MTU = 1420
Table = off
FwMark = 0xca6c
SaveConfig = false
PostUp = iptables -A FORWARD -i %i -j ACCEPT; sysctl -w net.ipv4.ip_forward=1

[peer]
PublicKey = ${publicKey}
PresharedKey = /UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak=
AllowedIPs = 10.8.0.2/32, fd00:8::2
AllowedIPs = 192.0.2.0/24
Endpoint = [2001:db8::1]:51820
PersistentKeepalive = 25
`;

test('everything that wg and wg-quick know', () => {
  const { interface: own, peers, problems } = parseWireguard(config);
  expect(problems).toEqual([]);
  expect(own).toMatchObject({
    listenPort: { value: 51820 },
    dns: [{ value: '10.8.0.53' }, { value: 'corp.example' }],
    mtu: { value: 1420 },
    table: { value: 'off' },
    fwMark: { value: 0xca6c },
    saveConfig: { value: false },
    hooks: [
      { phase: 'PostUp', command: 'iptables -A FORWARD -i %i -j ACCEPT; sysctl -w net.ipv4.ip_forward=1' },
    ],
  });
  expect(own?.addresses.map(({ value }) => value.length)).toEqual([24, 64, 32]);
  expect(peers).toHaveLength(1);
  expect(peers[0]?.allowedIps.map(({ value }) => formatPrefix(value))).toEqual([
    '10.8.0.2/32',
    'fd00:8::2/128',
    '192.0.2.0/24',
  ]);
  expect(peers[0]).toMatchObject({
    endpoint: { value: { host: '2001:db8::1', port: 51820 } },
    persistentKeepalive: { value: 25 },
  });
  const at = own?.hooks[0]?.at;
  expect(config.slice(at?.start, at?.end)).toBe(own?.hooks[0]?.command);
});

test('what is wrong is told with its place', () => {
  const text = `PublicKey = x
[Interface]
PrivateKey = <private-key>
ListenPort = 70000
Adress = 10.0.0.1
Address = 10.0.0.300
AllowedIPs = 10.0.0.0/8
just words
[Peer]
PublicKey = short
Endpoint = example.com
AllowedIPs = 10.0.0.1/24, nonsense
PersistentKeepalive = often
[Other]
Key = 1
[Peer]
AllowedIPs =
Endpoint =
`;
  const { problems } = parseWireguard(text);
  expect(problems.map(({ at, message }) => [text.slice(at.start, at.end), message])).toEqual([
    ['PublicKey', 'this line stands before the first section'],
    ['<private-key>', 'PrivateKey is a placeholder'],
    ['70000', 'ListenPort is not a port from 0 to 65535'],
    ['Adress', 'unknown key in [Interface]'],
    ['10.0.0.300', 'Address is no address'],
    ['AllowedIPs', 'AllowedIPs belongs to [Peer], not to [Interface]'],
    ['just words', 'this line is neither a section nor `Key = value`'],
    ['short', 'PublicKey is no key: 44 characters of base64 are expected'],
    ['example.com', 'Endpoint is no host and port'],
    ['10.0.0.1/24', 'AllowedIPs has bits set behind its length, which WireGuard drops'],
    ['nonsense', 'AllowedIPs holds what is no prefix'],
    ['often', 'PersistentKeepalive is not seconds or off'],
    ['[Other]', 'an unknown section'],
    ['Endpoint', 'Endpoint has no value'],
    ['[Peer]', 'the peer has no PublicKey'],
  ]);
});

test('what becomes of a problem is told', () => {
  const kinds = (text: string) => parseWireguard(text).problems.map(({ kind, setting }) => [kind, setting]);
  expect(kinds('[Interface]\nPrivateKey = <key>\n[Peer]\nPublicKey = short')).toEqual([
    ['placeholder', 'PrivateKey'],
    ['refused', 'PublicKey'],
  ]);
  expect(kinds('[Interface]')).toEqual([['no key', 'PrivateKey']]);
  expect(kinds(config.replace('192.0.2.0/24', '192.0.2.1/24'))).toEqual([['accepted', 'AllowedIPs']]);
});

test('no key is ever shown', () => {
  const broken = config.replace(privateKey, privateKey.slice(0, -2)).replace('AllowedIPs', 'AllowdIPs');
  const { problems } = parseWireguard(broken);
  expect(problems).toHaveLength(2);
  expect(JSON.stringify(problems)).not.toContain(privateKey.slice(0, 8));
  expect(JSON.stringify(parseWireguard(config))).not.toContain(privateKey.slice(0, 8));
});

test('a text without an interface is told', () => {
  expect(parseWireguard('').problems.map(({ message }) => message)).toEqual(['no [Interface] section']);
  expect(parseWireguard('[Interface]').problems.map(({ message }) => message)).toEqual([
    'the interface has no PrivateKey',
  ]);
});

test('placeholders', () => {
  expect(['<private-key>', 'YOUR_PRIVATE_KEY', '$KEY', 'changeme'].every(isPlaceholder)).toBe(true);
  expect([publicKey, 'abc='].some(isPlaceholder)).toBe(false);
});
