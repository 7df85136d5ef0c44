import { statSync } from 'node:fs';
import type { LogObservation } from '../../event/service-log/log-observation.ts';
import { maxServiceLine, ServiceLogReader } from '../../event/service-log/read-service-log.ts';
import { LineSplitter } from '../../flow/logs/line-splitter.ts';
import { utcOfLocal } from '../../sensor/service-logs/local-time.ts';
import type { FileBytes } from './file-bytes.ts';
import { type FlowInputCounts, positive } from './input-counts.ts';

/** Reads a log of services, and hands on what its lines tell, in their order. Throws FailedError where its bytes cannot be had. */
export async function readServiceLog(
  file: FileBytes,
  sink: (seen: LogObservation) => void,
): Promise<FlowInputCounts> {
  // A year that is not written is found going back from when the file was last written.
  const reference = file.file === undefined ? Date.now() : statSync(file.file.path).mtimeMs;
  const reader = new ServiceLogReader();
  let [flows, blank, tooLong] = [0, 0, 0];
  const splitter = new LineSplitter(
    {
      line(text) {
        if (text.trim() === '') {
          blank++;
          return;
        }
        const seen = reader.line(text, { reference, utcOf: utcOfLocal });
        if (seen === undefined) return;
        if (seen.outcome === 'refused') flows++;
        sink(seen);
      },
      tooLong: () => {
        tooLong++;
      },
    },
    maxServiceLine,
  );
  for await (const chunk of file.chunks()) splitter.take(chunk);
  splitter.end();
  const { lines, observations, skipped, dropped } = reader.counts;
  return {
    name: file.name,
    format: 'service-log',
    records: lines + blank + tooLong,
    flows,
    observations,
    toldTwice: 0,
    skipped: positive([...skipped, ['empty', blank]]),
    dropped: positive([...dropped, ['too long', tooLong]]),
    problems: [],
  };
}
