import { readInventory } from '../../segmentation/inventory.ts';
import { manifests } from '../../segmentation/manifests.fixture.ts';
import { type Controls, readControls } from './controls.ts';

/** Returns the controls of a YAML text (or of Markdown, by the file's name). */
export function controlsOf(text: string, name?: string): Controls {
  const { resources } = manifests(text, name);
  return readControls(resources, readInventory(resources));
}

/** Returns the text under a span. */
export function under(
  text: string,
  span: { readonly start: { readonly offset: number }; readonly end: { readonly offset: number } },
): string {
  return text.slice(span.start.offset, span.end.offset);
}

/** A Deployment `shop/web` as YAML: `container` are the fields of its container, `pod` those of its spec, both as lines. */
export function workloadYaml(container: string, pod = ''): string {
  const indented = (text: string, by: number) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `${' '.repeat(by)}${line}\n`)
      .join('');
  return `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
${indented(pod, 6)}      containers:
      - name: main
${indented(container, 8)}`;
}
