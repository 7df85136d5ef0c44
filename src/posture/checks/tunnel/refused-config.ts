import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { readTunnels } from '../../tunnels.ts';
import type { Check } from '../definition.ts';
import { isFilledIn, lineHint, setsKeyElsewhere } from './tunnel-text.ts';

/** How many problems of one configuration are told. */
const mostProblems = 20;

/** A WireGuard configuration that wg or wg-quick does not take as it is written. */
export const refusedConfig: Check = {
  code: 'PKT1251',
  title: 'WireGuard configuration that is refused',
  class: 'product',
  severity: 'error',
  since: '0.2.0',
  doc: `wg and wg-quick stop at the first line that they do not understand: an unknown or misplaced setting, a key that is no
key, an address or a number that is none. No part of the configuration is used then, and the tunnel does not come up. An
interface without a private key comes up, and no handshake succeeds.

Bits behind the length of a prefix are dropped with no more than a line on standard error: a warning, since the author may
have meant another network.`,
  example: {
    bad: '[Peer]\nAllowedIP = 10.200.0.1',
    good: '[Peer]\nAllowedIPs = 10.200.0.1/32',
  },
  run({ controls }) {
    return readTunnels(controls).flatMap((tunnel) => {
      const isOpen = isFilledIn(tunnel, controls);
      const problems = tunnel.config.problems.filter(({ kind, setting }) => {
        if (kind === 'no key') return !isOpen && !setsKeyElsewhere(tunnel, controls);
        if (kind === 'accepted') return setting === 'AllowedIPs';
        return kind === 'refused' && !isOpen;
      });
      return problems.slice(0, mostProblems).map(({ at, kind, message, help }) => {
        const outcome =
          kind === 'refused'
            ? ': the tunnel does not come up'
            : kind === 'no key'
              ? ': no handshake succeeds'
              : '';
        return diagnose(refusedConfig, {
          message: `${tunnel.name}: ${message}${lineHint(tunnel, at)}${outcome}`,
          ...(kind === 'accepted' && { severity: 'warning' }),
          span: tunnel.span(at),
          ...(help !== undefined && { help }),
        });
      });
    });
  },
};
