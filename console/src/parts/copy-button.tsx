import { useSignal } from '@preact/signals';
import { Icon } from './icon.tsx';

/** Copies `text`; says so for two seconds, or says why it could not. */
export function CopyButton({ text, label, id }: { text: string; label: string; id?: string }) {
  const said = useSignal<string | undefined>(undefined);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      said.value = 'Copied';
    } catch {
      said.value = 'The browser refused'; // no permission, or not a secure context: the text is there to select
    }
    setTimeout(() => {
      said.value = undefined;
    }, 2000);
  };
  return (
    <button type="button" class="button quiet" onClick={copy} title={text} {...(id && { id })}>
      <Icon name={said.value === 'Copied' ? 'check' : 'copy'} />
      <span aria-live="polite">{said.value ?? label}</span>
    </button>
  );
}
