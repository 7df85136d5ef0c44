import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Range } from '../../../manifest/locations.ts';
import type { WireguardConfig } from '../../../wireguard/model.ts';
import type { Controls } from '../../controls/controls.ts';
import { readTunnels, type Tunnel } from '../../tunnels.ts';
import type { Check } from '../definition.ts';
import { isFilledIn, lineOf } from './tunnel-text.ts';

/** How many are named; a long list helps nobody. */
const mostNamed = 5;

/** Something that is still to be put in. */
interface Open {
  readonly at: Range;
  readonly what: string;
  /** What the other end has to be told, in the help. */
  readonly help: string;
}

/** A WireGuard configuration with placeholders in place of keys, or an example name as Endpoint. */
export const openPlaceholders: Check = {
  code: 'PKT1250',
  title: 'Placeholders in a WireGuard configuration',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `A key of the configuration is a placeholder, such as \`<private-key>\`, or an Endpoint is a name that is reserved for
examples (RFC 2606). wg reads keys of 44 characters of base64 only and refuses the whole file for one that is none; behind an
example name no peer answers. The tunnel never comes up.

Make the private key on the machine that uses it (\`wg genkey\`), give its public key (\`wg pubkey\`) to the other end, and
name the other end's real address. A file that an init container or a script fills in (\`envsubst\`, \`sed\`) is left out.`,
  example: {
    bad: '[Interface]\nPrivateKey = <private-key>\n[Peer]\nEndpoint = example.com:51820',
    good: '[Interface]\nPostUp = wg set %i private-key /etc/wireguard-key/private.key\n[Peer]\nEndpoint = 203.0.113.10:51820',
  },
  run: ({ controls }) => readTunnels(controls).flatMap((tunnel) => findingOf(tunnel, controls)),
};

function findingOf(tunnel: Tunnel, controls: Controls): Diagnostic[] {
  const { name, config, file } = tunnel;
  const keys = isFilledIn(tunnel, controls) ? [] : placeholders(config);
  const names = exampleEndpoints(config);
  const all = [...keys, ...names].toSorted((a, b) => a.at.start - b.at.start);
  const [first, ...others] = all;
  if (first === undefined) return [];
  const whole = !file.text.exact;
  const named = all
    .slice(0, mostNamed)
    .map(({ at, what }) => (whole ? `${what} (line ${lineOf(tunnel, at)})` : what));
  if (all.length > mostNamed) named.push(`${all.length - mostNamed} more`);
  const outcome =
    keys.length > 0 ? 'wg rejects the file, the tunnel never comes up' : 'no peer answers there';
  return [
    diagnose(openPlaceholders, {
      message: `placeholders in ${name}: ${named.join(', ')}; ${outcome}`,
      span: tunnel.span(first.at),
      ...(!whole && {
        related: others
          .slice(0, mostNamed)
          .map(({ at, what }) => ({ span: tunnel.span(at), message: `${what}, too` })),
      }),
      help: [...new Set(all.slice(0, mostNamed).map(({ help }) => help))].join('; '),
    }),
  ];
}

function placeholders({ problems }: WireguardConfig): Open[] {
  return problems.flatMap(({ kind, setting = 'a key', at, help = '' }) =>
    kind === 'placeholder' ? [{ at, what: setting, help: `${setting}: ${help}` }] : [],
  );
}

/** Names that stand for others in examples (RFC 2606 §2 and §3, RFC 6761): nobody's peer listens there. */
const EXAMPLE_NAME = /(?:^|\.)(?:example(?:\.(?:com|net|org))?|invalid|test)\.?$/i;

function exampleEndpoints({ peers }: WireguardConfig): Open[] {
  return peers.flatMap(({ endpoint }) => {
    if (endpoint === undefined || !EXAMPLE_NAME.test(endpoint.value.host)) return [];
    const { host, port } = endpoint.value;
    const help = `Endpoint: write the peer's own name or address, e.g. \`203.0.113.10:${port}\``;
    return [{ at: endpoint.at, what: `Endpoint ${host}`, help }];
  });
}
