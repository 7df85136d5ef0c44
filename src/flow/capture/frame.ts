/** A frame as it was captured. One object is filled again and again; whoever keeps something of it copies it. */
export class Frame {
  /** The bytes from `start` to `end`, in a buffer that is used again for the next frame. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Seconds since the epoch, and nanoseconds of the second. */
  seconds = 0;
  nanoseconds = 0;
  /** Bytes on the wire, of which `end - start` were captured. */
  wireLength = 0;
  /** LINKTYPE number (the registry of tcpdump.org). */
  linkType = 0;
  /** Interface within the capture, counted from 0 over all its sections; live the index that the kernel has for it. */
  interface = 0;
}

/** Takes frames. */
export type FrameSink = (frame: Frame) => void;
