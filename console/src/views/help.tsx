import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { filterKeys } from '../state/filter.ts';
import { helpOpen } from '../state/help.ts';
import { singleKeys } from '../state/preferences.ts';

const keys: readonly (readonly [string, string])[] = [
  ['/', 'write a filter'],
  ['p', 'pause or resume the flows'],
  ['a', 'go to the alerts'],
  ['f', 'go to the flows'],
  ['j k', 'next and previous row, as the arrow keys'],
  ['Enter', 'unfold an alert'],
  ['Esc', 'close what is open'],
  ['c', 'copy the flows as a command'],
  ['t', 'change colours'],
  ['?', 'this help'],
];

/** Keys and the filter's language. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (helpOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [helpOpen.value]);
  const close = () => {
    helpOpen.value = false;
  };
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={close}>
      <div class="section-head">
        <h2 id="help-title">Keys and help</h2>
        <button type="button" class="button quiet close" onClick={close} aria-label="Close">
          <Icon name="cross" />
        </button>
      </div>
      <div class="help-columns">
        <div>
          <h3>Keys</h3>
          <dl class="keys">
            {keys.map(([key, what]) => (
              <div key={key}>
                <dt>
                  {key.split(' ').map((one) => (
                    <kbd key={one}>{one}</kbd>
                  ))}
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
          <label class="choice">
            <input
              type="checkbox"
              checked={singleKeys.value}
              onChange={(event) => {
                singleKeys.value = event.currentTarget.checked;
              }}
            />
            Single keys act
          </label>
        </div>
        <div>
          <h3>Filter</h3>
          <p>
            The language of <code>picket flows</code>: terms joined by <code>and</code>, <code>or</code>,{' '}
            <code>not</code> and parentheses; <code>!=</code> for the contrary; a word alone is looked for in
            names.
          </p>
          <dl class="keys">
            {filterKeys.map(({ key, example, doc }) => (
              <div key={key}>
                <dt>
                  <code>{example}</code>
                </dt>
                <dd>{doc}</dd>
              </div>
            ))}
          </dl>
        </div>
      </div>
    </dialog>
  );
}
