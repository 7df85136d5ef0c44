/**
 * Returns whether an image's tag names a release of Falco before `release` (`major.minor`); undefined when the tag names
 * no release, e.g. `latest`.
 */
export function isFalcoBefore(tag: string | undefined, release: string): boolean | undefined {
  const [, major, minor] = /^v?(\d{1,4})\.(\d{1,4})(?:[.-]|$)/.exec(tag ?? '') ?? [];
  if (major === undefined || minor === undefined) return undefined;
  const [wantedMajor, wantedMinor] = release.split('.').map(Number);
  if (Number(major) !== wantedMajor) return Number(major) < (wantedMajor ?? 0);
  return Number(minor) < (wantedMinor ?? 0);
}
