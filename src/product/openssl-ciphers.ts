/** A cipher suite of TLS 1.2 and before, as far as servers with a certificate offer it. */
export interface CipherSuite {
  readonly name: string;
  /** Whether a recorded connection stays secret when the server's key is lost later. */
  readonly forwardSecret: boolean;
  /** The kind of certificate that it needs. */
  readonly certificate: 'ECDSA' | 'RSA';
  /** Encrypts and authenticates in one step; the others are CBC. */
  readonly aead: boolean;
}

/** Keys are exchanged and proved by these; a suite's name begins with one, with none for RSA as both. */
const exchanges = ['ECDHE-ECDSA-', 'ECDHE-RSA-', 'DHE-RSA-', ''];
/** Ciphers that every exchange has. */
const common = [
  ...['AES256-GCM-SHA384', 'AES128-GCM-SHA256', 'AES256-CCM', 'AES256-CCM8', 'AES128-CCM', 'AES128-CCM8'],
  ...['ARIA256-GCM-SHA384', 'ARIA128-GCM-SHA256', 'AES128-SHA256', 'CAMELLIA128-SHA256'],
  ...['AES256-SHA', 'AES128-SHA'],
];
const ellipticOnly = ['AES256-SHA384', 'CAMELLIA256-SHA384', 'CHACHA20-POLY1305'];
const classicOnly = ['AES256-SHA256', 'CAMELLIA256-SHA256', 'CAMELLIA256-SHA', 'CAMELLIA128-SHA'];

const suites: readonly CipherSuite[] = exchanges.flatMap((exchange) =>
  [...common, ...(exchange.startsWith('EC') ? ellipticOnly : classicOnly), ...oddOf(exchange)]
    .filter((cipher) => !(exchange === 'ECDHE-RSA-' && cipher.includes('CCM')))
    .map((cipher) => suiteOf(exchange, cipher)),
);

function oddOf(exchange: string): string[] {
  return exchange === 'DHE-RSA-' ? ['CHACHA20-POLY1305'] : [];
}

function suiteOf(exchange: string, cipher: string): CipherSuite {
  // OpenSSL leaves RSA out of the names of these two.
  const prefix = exchange === 'ECDHE-RSA-' && cipher.startsWith('ARIA') ? 'ECDHE-' : exchange;
  return {
    name: prefix + cipher,
    forwardSecret: exchange !== '',
    certificate: exchange.includes('ECDSA') ? 'ECDSA' : 'RSA',
    aead: /GCM|CCM|POLY1305/.test(cipher),
  };
}

type Test = (suite: CipherSuite) => boolean;

const named =
  (part: RegExp): Test =>
  ({ name }) =>
    part.test(name);
const isEcdhe = named(/^ECDHE-/);
const isDhe = named(/^DHE-/);
const isKeyRsa: Test = ({ forwardSecret }) => !forwardSecret;
const isEcdsa: Test = ({ certificate }) => certificate === 'ECDSA';
const isRsa: Test = ({ certificate }) => certificate === 'RSA';
const none: Test = () => false;
/** What OpenSSL offers only when asked for. */
const isExtra = named(/CCM|ARIA|CAMELLIA/);

/** Keywords of cipher lists (openssl-ciphers, "CIPHER STRINGS"), as far as they mean suites of the table. */
const keywords: Readonly<Record<string, Test>> = {
  ALL: () => true,
  HIGH: () => true,
  DEFAULT: (suite) => !isExtra(suite),
  COMPLEMENTOFDEFAULT: isExtra,
  kRSA: isKeyRsa,
  aRSA: isRsa,
  RSA: isKeyRsa,
  kECDHE: isEcdhe,
  kEECDH: isEcdhe,
  ECDHE: isEcdhe,
  EECDH: isEcdhe,
  ECDH: isEcdhe,
  kDHE: isDhe,
  kEDH: isDhe,
  DHE: isDhe,
  EDH: isDhe,
  DH: isDhe,
  aECDSA: isEcdsa,
  ECDSA: isEcdsa,
  'TLSv1.2': named(/GCM|CCM|POLY1305|SHA256$|SHA384$/),
  'TLSv1.0': (suite) => isEcdhe(suite) && named(/-SHA$/)(suite),
  TLSv1: (suite) => isEcdhe(suite) && named(/-SHA$/)(suite),
  SSLv3: (suite) => !isEcdhe(suite) && named(/-SHA$/)(suite),
  AES: named(/AES/),
  AES128: named(/AES128/),
  AES256: named(/AES256/),
  AESGCM: named(/AES\d+-GCM/),
  AESCCM: named(/CCM/),
  AESCCM8: named(/CCM8/),
  CHACHA20: named(/CHACHA20/),
  ARIA: named(/ARIA/),
  ARIAGCM: named(/ARIA/),
  ARIA128: named(/ARIA128/),
  ARIA256: named(/ARIA256/),
  CAMELLIA: named(/CAMELLIA/),
  CAMELLIA128: named(/CAMELLIA128/),
  CAMELLIA256: named(/CAMELLIA256/),
  SHA: named(/-SHA$/),
  SHA1: named(/-SHA$/),
  SHA256: (suite) => !suite.aead && named(/SHA256$/)(suite),
  SHA384: (suite) => !suite.aead && named(/SHA384$/)(suite),
  // Nothing of the table: without certificate or encryption, of other certificates, or no longer built in.
  ...Object.fromEntries(
    'aNULL eNULL NULL ADH AECDH LOW MEDIUM EXP EXPORT EXPORT40 EXPORT56 3DES DES RC2 RC4 IDEA SEED MD5 PSK kPSK aPSK kRSAPSK kDHEPSK kECDHEPSK SRP kSRP aSRP DSS aDSS DSA kDH kDHd kDHr kECDH kECDHe kECDHr aDH aECDH GOST GOST94 GOST89MAC KRB5 FZA CBC'
      .split(' ')
      .map((word) => [word, none]),
  ),
};

const byName = new Map(suites.map((suite) => [suite.name, suite]));

/** What a cipher list offers. */
export interface CipherList {
  /** In no order. */
  readonly offered: readonly CipherSuite[];
  /** Words that are no suite and no keyword: OpenSSL passes over them. */
  readonly unknown: readonly string[];
}

/**
 * Returns what a cipher list of OpenSSL offers for TLS 1.2 and before (openssl-ciphers, "CIPHER LIST FORMAT"): words
 * between `:`, `,` or spaces; `-` takes away, `!` for good, `+` moves to the end; `a+b` is what both mean.
 * The suites of TLS 1.3 are not governed by it.
 */
export function readCipherList(text: string): CipherList {
  const offered = new Set<CipherSuite>();
  const killed = new Set<CipherSuite>();
  const unknown: string[] = [];
  for (const word of text.split(/[:, \t\n]+/)) {
    if (word === '' || word.startsWith('@')) continue;
    const operator = /^[-!+]/.exec(word)?.[0] ?? '';
    const meant = meaningOf(word.slice(operator.length));
    if (meant === undefined) unknown.push(word);
    for (const suite of meant ?? []) {
      if (operator === '') {
        if (!killed.has(suite)) offered.add(suite);
      } else if (operator !== '+') {
        offered.delete(suite);
        if (operator === '!') killed.add(suite);
      }
    }
  }
  return { offered: [...offered], unknown };
}

function meaningOf(word: string): readonly CipherSuite[] | undefined {
  const one = byName.get(word);
  if (one !== undefined) return [one];
  let found = suites;
  for (const part of word.split('+')) {
    const test = Object.hasOwn(keywords, part) ? keywords[part] : undefined;
    if (test === undefined) return undefined;
    found = found.filter(test);
  }
  return found;
}
