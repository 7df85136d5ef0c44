import { begin, endOf, holdAgainst, isBefore, type Sender, unseen } from './tcp-window.ts';
import type { TcpHeader } from './wire-packet.ts';

/** States of a TCP connection as connection tracking knows them (nf_conntrack_tcp.h), with their timeouts in seconds. */
const timeouts = {
  none: 0,
  'syn sent': 120,
  'syn received': 60,
  established: 432_000,
  'fin wait': 120,
  'close wait': 60,
  'last ack': 30,
  'time wait': 120,
  close: 10,
  'both sent syn': 120,
};
export type TcpState = keyof typeof timeouts;
/** Seconds that a connection is kept of which only one side was heard, or whose data are not acknowledged. */
const unacknowledged = 300;

type Kind = 'syn' | 'syn+ack' | 'fin' | 'ack' | 'rst' | 'none';

/** The state after a segment, by the state before; `ignore` leaves it, what is not here is invalid. */
type Transitions = Readonly<Partial<Record<TcpState, TcpState | 'ignore'>>>;

const reset: Transitions = {
  'syn sent': 'close',
  'syn received': 'close',
  established: 'close',
  'fin wait': 'close',
  'close wait': 'close',
  'last ack': 'close',
  'time wait': 'close',
  close: 'close',
  'both sent syn': 'close',
};
const finish: Transitions = {
  'syn received': 'fin wait',
  established: 'fin wait',
  'fin wait': 'last ack',
  'close wait': 'last ack',
  'last ack': 'last ack',
  'time wait': 'time wait',
  close: 'close',
};
const ignoredWhenOpen: Transitions = {
  established: 'ignore',
  'fin wait': 'ignore',
  'close wait': 'ignore',
  'last ack': 'ignore',
};
const acknowledge: Transitions = {
  established: 'established',
  'fin wait': 'close wait',
  'close wait': 'close wait',
  'last ack': 'time wait',
  'time wait': 'time wait',
  close: 'close',
};
const original: Readonly<Record<Kind, Transitions>> = {
  syn: {
    ...ignoredWhenOpen,
    none: 'syn sent',
    'syn sent': 'syn sent',
    'syn received': 'ignore',
    'time wait': 'syn sent',
    close: 'syn sent',
    'both sent syn': 'both sent syn',
  },
  'syn+ack': { 'syn received': 'syn received', 'both sent syn': 'syn received' },
  fin: finish,
  ack: { ...acknowledge, none: 'established', 'syn received': 'established' },
  rst: reset,
  none: {},
};
const answer: Readonly<Record<Kind, Transitions>> = {
  syn: { 'syn sent': 'both sent syn', 'time wait': 'syn sent', 'both sent syn': 'both sent syn' },
  'syn+ack': {
    ...ignoredWhenOpen,
    'syn sent': 'syn received',
    'syn received': 'ignore',
    'time wait': 'ignore',
    close: 'ignore',
    'both sent syn': 'syn received',
  },
  fin: finish,
  ack: { ...acknowledge, 'syn sent': 'ignore', 'syn received': 'syn received', 'both sent syn': 'ignore' },
  rst: reset,
  none: {},
};

const closing: ReadonlySet<TcpState> = new Set(['fin wait', 'last ack', 'time wait', 'close', 'close wait']);

/** Flags that segments may have together, ECE, CWR and PSH aside. */
const possibleFlags: ReadonlySet<number> = new Set([2, 34, 18, 4, 20, 17, 49, 16, 48]);

/** Tells whether any segment may have these flags (nf_conntrack_proto_tcp.c, tcp_valid_flags). */
export function areFlagsPossible(flags: number): boolean {
  return possibleFlags.has(flags & 0b110111);
}

/**
 * What becomes of a segment: it belongs, it belongs and says nothing (`ignored`), it is none of the connection
 * (`invalid`), the connection is over with it (`removed`), or it begins a new one in its place (`reopened`).
 */
export type SegmentVerdict = 'belongs' | 'ignored' | 'invalid' | 'removed' | 'reopened';

/** A TCP connection as connection tracking follows it. */
export class TcpConnection {
  state: TcpState = 'none';
  /** Seconds from its last segment until it is forgotten. */
  timeout = 0;
  isAssured = false;
  readonly #senders: readonly [Sender, Sender];
  #closes = false;
  #isSimultaneous = false;
  #expectsChallenge = false;
  #last: {
    kind: Kind;
    isAnswer: boolean;
    end: number;
    acknowledgement: number | undefined;
    window: number;
    scale: number | undefined;
  } = {
    kind: 'none',
    isAnswer: false,
    end: 0,
    acknowledgement: undefined,
    window: 0,
    scale: undefined,
  };

  private constructor(isLiberal: boolean) {
    this.#senders = [unseen(isLiberal), unseen(isLiberal)];
  }

  /** Returns the connection that a segment begins, not yet with the segment; undefined when it can begin none. */
  static begunBy(tcp: TcpHeader, isLoose: boolean): TcpConnection | undefined {
    const kind = kindOf(tcp);
    if (kind !== 'syn' && !(kind === 'ack' && isLoose)) return undefined;
    const connection = new TcpConnection(kind === 'ack');
    begin(connection.#senders[0], tcp);
    return connection;
  }

  /** Takes a segment in; `hasAnswered` tells whether the other side was heard before. */
  take(tcp: TcpHeader, isAnswer: boolean, hasAnswered: boolean): SegmentVerdict {
    const kind = kindOf(tcp);
    const old = this.state;
    let next = (isAnswer ? answer : original)[kind][old];
    if (next === undefined) return 'invalid';
    if (next === 'syn sent' && (old === 'time wait' || old === 'close')) {
      if (this.#closes || (this.#last.isAnswer === isAnswer && this.#last.kind === 'rst')) return 'reopened';
      next = 'ignore';
    }
    if (next === 'ignore') {
      if (!this.#answersIgnored(tcp, kind, isAnswer)) return this.#ignore(tcp, kind, isAnswer);
      next = 'syn received';
      this.state = 'syn sent';
    }
    if (next === 'time wait' && this.#isChallenge(kind, isAnswer)) return 'ignored';
    if (next === 'both sent syn') this.#isSimultaneous = true;
    if (next === 'syn received' && isAnswer && kind === 'ack' && this.#isSimultaneous) next = 'established';
    let isPlaced = false;
    if (kind === 'rst') {
      const checked = this.#reset(tcp, isAnswer, old);
      if (checked === 'invalid') return 'invalid';
      if (checked === 'kept') next = old;
      isPlaced =
        checked === 'placed' || (checked !== 'counts' && this.#answersLast(tcp, isAnswer, hasAnswered));
    }
    if (!isPlaced) {
      const placed = holdAgainst(this.#senders[isAnswer ? 1 : 0], this.#senders[isAnswer ? 0 : 1], tcp, {
        isAnswer,
        isOpening: this.state === 'syn sent' || this.state === 'syn received',
        isAsked: this.state === 'syn sent',
      });
      if (placed === 'invalid') this.#noteInvalid(kind, isAnswer);
      if (placed !== 'in') return placed;
    }
    return this.#become(next, old, tcp, kind, isAnswer, hasAnswered);
  }

  /**
   * A FIN or reset out of the window is remembered as the last segment, unless the other side has closed before
   * (nf_tcp_handle_invalid).
   */
  #noteInvalid(kind: Kind, isAnswer: boolean): void {
    if (!this.isAssured || (kind !== 'fin' && kind !== 'rst')) return;
    const last = this.#last;
    const hasOtherClosed = last.isAnswer !== isAnswer && (last.kind === 'fin' || last.kind === 'rst');
    if (!hasOtherClosed) Object.assign(last, { kind, isAnswer });
  }

  /** Is told that a rule has answered with a reset. */
  close(): void {
    this.state = 'close';
    this.timeout = timeouts.close;
  }

  #become(
    next: TcpState,
    old: TcpState,
    tcp: TcpHeader,
    kind: Kind,
    isAnswer: boolean,
    hasAnswered: boolean,
  ): SegmentVerdict {
    this.#last.kind = kind;
    this.#last.isAnswer = isAnswer;
    if (kind === 'ack') {
      this.#last.end = endOf(tcp);
      this.#last.window = tcp.window;
    }
    this.state = next;
    if (old !== next && next === 'fin wait') this.#closes = true;
    if (!hasAnswered && kind === 'rst') return 'removed';
    this.timeout = kind === 'rst' ? timeouts.close : timeouts[next];
    if (!hasAnswered && next === 'established') this.timeout = unacknowledged;
    if (hasAnswered && (old === 'syn received' || old === 'established') && next === 'established')
      this.isAssured = true;
    return 'belongs';
  }

  /** A SYN+ACK that answers a SYN which was ignored shows that a new connection has begun. */
  #answersIgnored(tcp: TcpHeader, kind: Kind, isAnswer: boolean): boolean {
    const last = this.#last;
    if (kind !== 'syn+ack' || last.kind !== 'syn' || last.isAnswer === isAnswer) return false;
    if (tcp.acknowledgement !== last.end) return false;
    Object.assign(this.#senders[last.isAnswer ? 1 : 0], unseen(), {
      end: last.end,
      limit: last.end,
      window: Math.max(1, last.window),
      scale: last.scale ?? 0,
      offersScale: last.scale !== undefined,
    });
    // Measured: who answers stays as liberal as it was.
    const answering = this.#senders[isAnswer ? 1 : 0];
    Object.assign(answering, unseen(answering.isLiberal));
    this.#expectsChallenge = false;
    return true;
  }

  #ignore(tcp: TcpHeader, kind: Kind, isAnswer: boolean): SegmentVerdict {
    const { acknowledgement, window, scale } = tcp;
    this.#last = { kind, isAnswer, end: endOf(tcp), acknowledgement, window, scale };
    if (kind === 'syn' && !isAnswer) this.#expectsChallenge = this.state === 'last ack';
    return 'ignored';
  }

  /** An ACK that answers a stray SYN does not acknowledge the last FIN (RFC 5961 §4.2). */
  #isChallenge(kind: Kind, isAnswer: boolean): boolean {
    const { kind: lastKind, isAnswer: lastWasAnswer } = this.#last;
    if (this.state !== 'last ack' || kind !== 'ack' || lastWasAnswer === isAnswer || lastKind !== 'syn')
      return false;
    const expected = this.#expectsChallenge;
    this.#expectsChallenge = false;
    return expected;
  }

  /**
   * A reset counts when its number is the one that the other side waits for (RFC 5961 §3.2); `free` where none is known,
   * `placed` where the connection is closing and its numbers may be old.
   */
  #reset(
    tcp: TcpHeader,
    isAnswer: boolean,
    state: TcpState,
  ): 'counts' | 'kept' | 'free' | 'placed' | 'invalid' {
    if (closing.has(state)) return 'placed';
    const expected = this.#senders[isAnswer ? 0 : 1].acknowledged;
    if (expected === undefined || this.#last.kind === 'syn') return 'free';
    const isOpen = state === 'established' && this.isAssured;
    if (tcp.sequence === 0 && !isOpen) return 'counts';
    if (isBefore(tcp.sequence, expected)) return 'invalid';
    if (!isOpen || tcp.sequence === expected) return 'counts';
    const { kind, isAnswer: lastWasAnswer, end } = this.#last;
    return kind === 'ack' && lastWasAnswer === isAnswer && tcp.sequence === end ? 'counts' : 'kept';
  }

  /** It resets what was let through although it did not belong, or answers a challenge (RFC 5961 §4.2). */
  #answersLast(tcp: TcpHeader, isAnswer: boolean, hasAnswered: boolean): boolean {
    const { kind, end, isAnswer: lastWasAnswer, acknowledgement } = this.#last;
    if (this.state === 'syn sent' && kind === 'ack' && lastWasAnswer && tcp.sequence === acknowledgement)
      return true;
    // Measured: a SYN is reset by the other side only.
    const isStray =
      (hasAnswered && kind === 'syn' && lastWasAnswer !== isAnswer) || (!this.isAssured && kind === 'ack');
    return isStray && tcp.acknowledgement === end;
  }
}

function kindOf({ flags }: TcpHeader): Kind {
  if (flags & 4) return 'rst';
  if (flags & 2) return flags & 16 ? 'syn+ack' : 'syn';
  if (flags & 1) return 'fin';
  return flags & 16 ? 'ack' : 'none';
}
