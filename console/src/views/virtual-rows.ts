import { useSignal } from '@preact/signals';
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualizerOptions,
} from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** A row that is in view: its index, and its distance from the top of the body in px. */
export interface VirtualRow {
  readonly index: number;
  readonly top: number;
}

/** Heights in px: all rows are equally high; the head sticks to the top inside the scrolling element. */
export interface RowSizes {
  readonly rowHeight: number;
  readonly headHeight: number;
}

/**
 * Returns the rows in view, the height of all of them, and a function that brings a row into view. New rows come
 * in at the top; unless the reader is there, what is being read stays where it is.
 */
export function useVirtualRows(
  element: RefObject<HTMLElement | null>,
  rows: readonly { readonly id: string }[],
  { rowHeight, headHeight }: RowSizes,
): { items: readonly VirtualRow[]; total: number; scrollTo(index: number): void } {
  const tick = useSignal(0);
  tick.value; // a scroll draws this component again
  const options: VirtualizerOptions<HTMLElement, HTMLElement> = {
    count: rows.length,
    getScrollElement: () => element.current,
    estimateSize: () => rowHeight,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    overscan: 8,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    initialRect: { width: 0, height: 600 },
    onChange: () => {
      tick.value = tick.peek() + 1;
    },
  };
  const held = useRef<Virtualizer<HTMLElement, HTMLElement>>(undefined);
  held.current ??= new Virtualizer(options);
  const virtualizer = held.current;
  virtualizer.setOptions(options);

  useLayoutEffect(() => virtualizer._didMount(), []);
  useLayoutEffect(() => virtualizer._willUpdate());
  useStableReading(element, rows, rowHeight);

  return {
    items: virtualizer
      .getVirtualItems()
      .filter((item) => item.index < rows.length)
      .map((item) => ({ index: item.index, top: item.start - headHeight })),
    total: virtualizer.getTotalSize(),
    scrollTo: (index) => virtualizer.scrollToIndex(index),
  };
}

/** Keeps the first row in view where it is when rows come in above it. */
function useStableReading(
  element: RefObject<HTMLElement | null>,
  rows: readonly { readonly id: string }[],
  rowHeight: number,
): void {
  const before = useRef(rows);
  useLayoutEffect(() => {
    const scroller = element.current;
    const previous = before.current;
    before.current = rows;
    if (!scroller || previous === rows || scroller.scrollTop < rowHeight) return;
    const first = Math.floor(scroller.scrollTop / rowHeight);
    const anchor = previous[first]?.id;
    if (anchor === undefined || rows[first]?.id === anchor) return;
    const moved = rows.findIndex((row) => row.id === anchor);
    if (moved >= 0) scroller.scrollTop += (moved - first) * rowHeight;
  }, [rows]);
}
