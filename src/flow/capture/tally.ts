import { Frame, type FrameSink } from './frame.ts';

/** Why a record of a capture became no frame. After the first five nothing more is read: where the next record begins is not known. */
export const captureDrops = [
  'not-a-capture',
  'version',
  'length',
  'trailer',
  'cut-off',
  'content',
  'interface',
  'too-many-interfaces',
] as const;
export type CaptureDrop = (typeof captureDrops)[number];

/** What was wrong with a capture, and at which of its bytes. */
export interface CaptureProblem {
  readonly reason: CaptureDrop | 'options';
  /** Where the record begins, in bytes from the beginning of the capture as it is when unpacked. */
  readonly offset: number;
  readonly message: string;
}

/** An interface that frames of a capture come from. */
export interface CaptureInterface {
  /** As the capture says it; bounded to 128 characters. Absent where it does not say. */
  readonly name?: string;
  /** LINKTYPE number. */
  readonly linkType: number;
  /** Most bytes that were captured of a frame; 0 for all. */
  readonly snapLength: number;
  /** Section of the capture, counted from 0. */
  readonly section: number;
  /** Packets that the capturing machine says it lost here. */
  readonly lost: number;
}

/** What a reader of a capture has seen. `records` = `frames` + `described` + `skipped` + the sum of `dropped`. */
export interface CaptureCounters {
  /** Bytes that were read, and those behind the place where reading had to end. */
  readonly bytes: number;
  readonly unreadBytes: number;
  /** Records and blocks that began, the file's header among them. */
  readonly records: number;
  readonly frames: number;
  /** Bytes of all frames as captured, and as they were on the wire. */
  readonly capturedBytes: number;
  readonly wireBytes: number;
  /** Headers, descriptions of interfaces and their statistics. */
  readonly described: number;
  /** Blocks of other kinds. */
  readonly skipped: number;
  readonly dropped: Readonly<Record<CaptureDrop, number>>;
  /** Options of blocks that do not fit into them; the block itself counts. */
  readonly damagedOptions: number;
  /** Frames with more bytes captured than there were on the wire; they count as long as captured. */
  readonly longerThanWire: number;
}

/** Readers of both formats count here, and find here the frame that they fill. */
export class Tally implements CaptureCounters {
  readonly frame = new Frame();
  readonly sink: FrameSink;
  readonly interfaces: CaptureInterface[] = [];
  bytes = 0;
  unreadBytes = 0;
  records = 0;
  frames = 0;
  capturedBytes = 0;
  wireBytes = 0;
  described = 0;
  skipped = 0;
  damagedOptions = 0;
  longerThanWire = 0;
  readonly dropped: Record<CaptureDrop, number> = Object.fromEntries(
    captureDrops.map((reason) => [reason, 0]),
  ) as Record<CaptureDrop, number>;
  firstProblem: CaptureProblem | undefined;
  /** Set when the rest cannot be read. */
  hasEnded = false;

  constructor(sink: FrameSink) {
    this.sink = sink;
  }

  /** Counts a record that is given up. */
  drop(reason: CaptureDrop, offset: number, message: string): void {
    this.records++;
    this.dropped[reason]++;
    this.firstProblem ??= { reason, offset, message };
  }

  /** Counts a record behind which nothing can be read. */
  end(reason: CaptureDrop, offset: number, message: string): void {
    this.drop(reason, offset, message);
    this.hasEnded = true;
  }

  /** Counts what is no frame and is understood. */
  describe(): void {
    this.records++;
    this.described++;
  }

  /** Counts what is no frame and not understood. */
  skip(): void {
    this.records++;
    this.skipped++;
  }

  damaged(offset: number): void {
    this.damagedOptions++;
    this.firstProblem ??= { reason: 'options', offset, message: 'the options of a block do not fit into it' };
  }
}

/** Reads one format. */
export interface FormatReader {
  /** How many bytes from the first one not taken are needed to go on, once `read` came back. */
  readonly need: number;
  /** Where the block begins that is being passed over; -1 when there is none. */
  readonly passing: number;
  /**
   * Takes what is whole of the bytes from `at` to `end`, the first byte of which stands at `base + at` in the capture. Returns the
   * place of the first byte that was not taken.
   */
  read(bytes: Uint8Array, at: number, end: number, base: number): number;
}
