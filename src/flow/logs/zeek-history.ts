import { Tcp } from './values.ts';

/** Flags that a letter of `history` stands for; those of the responder are the small ones. */
const flagsOf: Readonly<Record<string, number>> = {
  s: Tcp.syn,
  h: Tcp.syn | Tcp.ack,
  a: Tcp.ack,
  // A segment with data has ACK set, but for a first one (RFC 9293 §3.10.7.4, fifth).
  d: Tcp.ack,
  f: Tcp.fin,
  r: Tcp.rst,
  i: Tcp.fin | Tcp.rst,
  q: Tcp.syn,
};
/** The flags that can be told from a history at all. */
export const historyFlags: number = Tcp.fin | Tcp.syn | Tcp.rst | Tcp.ack;

/**
 * Returns the TCP flags of both ends that the `history` of a conn.log tells (Zeek's documentation of Conn::Info): SYN, FIN, RST and ACK
 * only. Other letters, such as `c` for a bad checksum and `^` for a turned direction, tell none.
 */
export function flagsFromHistory(history: string): { readonly sent: number; readonly received: number } {
  let [sent, received] = [0, 0];
  for (const letter of history) {
    const small = letter.toLowerCase();
    const flags = flagsOf[small] ?? 0;
    if (small === letter) received |= flags;
    else sent |= flags;
  }
  return { sent, received };
}

/** Returns a history with the flags of both ends; in which order they came a flow does not keep. */
export function historyFromFlags(sent: number, received: number): string {
  const isAnswer = (received & (Tcp.syn | Tcp.ack)) === (Tcp.syn | Tcp.ack);
  const answer = isAnswer ? `h${lettersOf(received & ~(Tcp.syn | Tcp.ack))}` : lettersOf(received);
  return `${lettersOf(sent).toUpperCase()}${answer}`;
}

function lettersOf(flags: number): string {
  return [
    (flags & Tcp.syn) === 0 ? '' : 's',
    (flags & Tcp.ack) === 0 ? '' : 'a',
    (flags & Tcp.fin) === 0 ? '' : 'f',
    (flags & Tcp.rst) === 0 ? '' : 'r',
  ].join('');
}
