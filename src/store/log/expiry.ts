import { rmSync } from 'node:fs';
import type { Resolution } from './roll-up.ts';
import { fileOfSegment, fileOfSums, type Segment, type SegmentList, type SumFile } from './segment-list.ts';

/** Deletes whole segments, from the oldest on, up to the first with a flow that is not older than `cutoff`. Returns how many flows. */
export function deleteSegmentsBefore(list: SegmentList, cutoff: number): number {
  let deleted = 0;
  for (const segment of list.segments()) {
    if (segment.maxAt >= cutoff) break;
    deleted += deleteSegment(list, segment);
  }
  return deleted;
}

/** Deletes the oldest segment. Returns how many flows it held; 0 when there is none. */
export function deleteOldestSegment(list: SegmentList): number {
  const [oldest] = list.segments();
  return oldest === undefined ? 0 : deleteSegment(list, oldest);
}

/** Deletes whole files of sums whose buckets all begin before `cutoff`. */
export function deleteSumsBefore(list: SegmentList, resolution: Resolution, cutoff: number): void {
  for (const file of list.sums(resolution)) {
    if (file.maxAt >= cutoff) break;
    deleteSum(list, resolution, file);
  }
}

/** Deletes the oldest files of sums until all take at most `most` bytes. */
export function limitSums(list: SegmentList, resolution: Resolution, most: number): void {
  const files = list.sums(resolution);
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  for (const file of files) {
    if (bytes <= most) break;
    deleteSum(list, resolution, file);
    bytes -= file.bytes;
  }
}

function deleteSum(list: SegmentList, resolution: Resolution, file: SumFile): void {
  list.dropSum(resolution, file);
  rmSync(list.path(fileOfSums(resolution, file.id)), { force: true });
}

function deleteSegment(list: SegmentList, segment: Segment): number {
  list.dropSegment(segment);
  rmSync(list.path(fileOfSegment(segment.id)), { force: true });
  return segment.rows;
}
