/** Outlines in a 16 by 16 box. Each state has a shape of its own, so that none is told by colour alone. */
const shapes = {
  'all-well': 'M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 0 0 8 1.2ZM4.8 8.3l2.2 2.2 4.3-4.7',
  attention: 'M8 1.8 15 14H1ZM8 6.2v3.6M8 11.7v.4',
  failing: 'M5.2 1.3h5.6l3.9 3.9v5.6l-3.9 3.9H5.2l-3.9-3.9V5.2ZM5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8',
  unknown:
    'M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 0 0 8 1.2ZM6 6.3c.1-1.3 1-2 2-2s2 .7 2 1.8c0 1.4-2 1.5-2 2.9M8 11.4v.4',
  octagon: 'M5.2 1.3h5.6l3.9 3.9v5.6l-3.9 3.9H5.2l-3.9-3.9V5.2Z',
  triangle: 'M8 1.8 15 14H1Z',
  diamond: 'M8 1.2 14.8 8 8 14.8 1.2 8Z',
  circle: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11Z',
  check: 'M3 8.5l3.3 3.3L13 4.8',
  cross: 'M4 4l8 8M12 4l-8 8',
  question: 'M5.5 5.8C5.6 4.2 6.7 3.3 8 3.3s2.5.9 2.5 2.3c0 1.9-2.5 2-2.5 3.9M8 12.3v.4',
  breach: 'M2 8h11M9.5 4.5 13 8l-3.5 3.5M6 3.5l2.5 9',
  chevron: 'M4 6l4 4 4-4',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.2v9.6L12.8 8Z',
  copy: 'M6 5.5h7.5V14H6ZM3 10.5V2h7.5',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.4 10.4 14 14',
  link: 'M2 8h12M10 4l4 4-4 4',
  broken: 'M2 8h3.5M10.5 8H14M6.5 4.5l3 7',
  wave: 'M1.5 8h3l2-5 3 10 2-5h3',
  sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1',
  moon: 'M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3Z',
  screen: 'M1.5 3h13v8.5h-13ZM5.5 14h5',
  arrow: 'M3 8h10M9.5 4.5 13 8l-3.5 3.5',
} as const;

export type IconName = keyof typeof shapes;

/** A small drawing that goes with a text; says nothing to a screen reader by itself. */
export function Icon({
  name,
  filled = false,
  size = 16,
}: {
  name: IconName;
  filled?: boolean;
  size?: number;
}) {
  return (
    <svg
      class={filled ? 'icon filled' : 'icon'}
      viewBox="0 0 16 16"
      width={size}
      height={size}
      aria-hidden="true"
      focusable="false"
    >
      <path d={shapes[name]} />
    </svg>
  );
}
