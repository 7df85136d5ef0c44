/** What the test assumes and what it may get wrong. */
export interface WalkOptions {
  /** Probability that a first contact of a benign source succeeds. */
  readonly benignSuccess: number;
  /** The same for a scanner. */
  readonly scannerSuccess: number;
  /** Probability with which a scanner is to be detected. */
  readonly detection: number;
  /** Probability with which a benign source may be taken for a scanner. */
  readonly falseAlarm: number;
}

/** Steps and threshold of the test, in natural logarithms of the likelihood ratio. */
export interface Walk {
  readonly success: number;
  readonly failure: number;
  readonly threshold: number;
}

/**
 * Returns the steps of the sequential hypothesis test "scanner or benign" (threshold random walk: Jung, Paxson, Berger,
 * Balakrishnan, "Fast Portscan Detection Using Sequential Hypothesis Testing", IEEE S&P 2004, eqs. 1 to 6).
 */
export function walkOf({ benignSuccess, scannerSuccess, detection, falseAlarm }: WalkOptions): Walk {
  return {
    success: Math.log(scannerSuccess / benignSuccess),
    failure: Math.log((1 - scannerSuccess) / (1 - benignSuccess)),
    threshold: Math.log(detection / falseAlarm),
  };
}
