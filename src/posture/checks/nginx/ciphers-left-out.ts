import { type Diagnostic, diagnose, type Fix, type Severity } from '../../../diagnostic/diagnostic.ts';
import { readCipherList } from '../../../product/openssl-ciphers.ts';
import type { NginxSetting } from '../../controls/nginx.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { replaceText } from '../yaml-edit.ts';
import { isTemplate, settingsOf } from './settings.ts';

/** Cipher lists that leave out what servers and clients need. */
export const ciphersLeftOut: Check = {
  code: 'PKT1108',
  title: 'Cipher list that leaves out too much',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `\`ssl-ciphers\` is a list in OpenSSL's notation for TLS 1.2. When all of it needs an RSA certificate, a site with an ECDSA
certificate (the usual kind today) cannot speak TLS 1.2 at all. Without a CHACHA20 suite, small devices without AES in
hardware spend several times the work.

The list does not govern TLS 1.3: its suites are always the same three and are good. OpenSSL passes over words that it
does not know, so a typing error silently shortens the list.

Leave the key out (the controller's default list is good), or add the missing suites.`,
  example: {
    bad: 'ssl-ciphers: "ECDHE-RSA-AES128-GCM-SHA256"',
    good: 'ssl-ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"',
  },
  run(declared) {
    return settingsOf(declared).flatMap(({ settings }) =>
      settings.flatMap((setting) =>
        setting.name === 'ssl-ciphers' && !isTemplate(setting.value)
          ? (finding(setting, declared) ?? [])
          : [],
      ),
    );
  },
};

interface Lack {
  readonly what: string;
  readonly add: readonly string[];
  readonly severity: Severity;
}

function finding({ value, span }: NginxSetting, { manifests }: Declared): Diagnostic | undefined {
  const { offered, unknown } = readCipherList(value);
  const ofThirteen = unknown.filter((word) => word.startsWith('TLS_'));
  if (offered.length === 0) {
    if (value.trim() === '') return undefined;
    return diagnose(ciphersLeftOut, {
      severity: 'error',
      message: 'no word of the list is a suite that a server with a certificate can offer for TLS 1.2',
      span,
      help: 'leave the key out: the default list is good',
    });
  }
  const lacks: Lack[] = [];
  if (!offered.some(({ certificate }) => certificate === 'ECDSA')) {
    const add = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'];
    lacks.push({ what: 'with an ECDSA certificate TLS 1.2 fails', add, severity: 'warning' });
  }
  if (!offered.some(({ certificate }) => certificate === 'RSA')) {
    const add = ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384'];
    lacks.push({ what: 'with an RSA certificate TLS 1.2 fails', add, severity: 'note' });
  }
  if (!offered.some(({ name }) => name.includes('CHACHA20'))) {
    const add = ['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'];
    lacks.push({ what: 'devices without AES in hardware get no CHACHA20', add, severity: 'note' });
  }
  const typos = unknown.filter((word) => !word.startsWith('TLS_'));
  if (typos.length > 0) {
    const what = `OpenSSL passes over ${typos
      .slice(0, 3)
      .map((word) => `\`${word}\``)
      .join(', ')}`;
    lacks.push({ what, add: [], severity: 'warning' });
  }
  if (ofThirteen.length > 0) {
    lacks.push({ what: `\`${ofThirteen[0]}\` is of TLS 1.3`, add: [], severity: 'note' });
  }
  const [first] = lacks;
  if (first === undefined) return undefined;
  const add = lacks.flatMap((lack) => lack.add);
  const severity = lacks.some((lack) => lack.severity === 'warning') ? 'warning' : 'note';
  const more = add.length > 0 && `${value}:${add.join(':')}`;
  const edit = more ? replaceText(manifests.sources, span, value, more) : undefined;
  const fix: Fix | undefined = edit && { title: 'add the missing suites', safe: false, edits: [edit] };
  return diagnose(ciphersLeftOut, {
    severity,
    message: `${lacks.map(({ what }) => what).join(', ')}; the list does not govern TLS 1.3`,
    span,
    help:
      add.length === 0
        ? 'write names that `openssl ciphers` lists for TLS 1.2, or leave the key out: the default list is good'
        : `leave the key out (the default list has them), or add \`${add.join(':')}\``,
    ...(fix && { fix }),
  });
}
