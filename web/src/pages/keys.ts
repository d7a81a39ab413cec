/** One-key commands of the page. Whoever types text, or holds a modifier, means something else. */

export type Keys = Record<string, () => void>;

export function listenForKeys(keys: Keys, onArrow: (event: KeyboardEvent) => void): () => void {
  const take = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (target?.closest('input, select, textarea, dialog')) return;
    if (event.key.startsWith('Arrow')) {
      // A focused panel has its own use for arrows.
      if (!target?.closest('[data-own-arrows]')) onArrow(event);
      return;
    }
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  document.addEventListener('keydown', take);
  return () => document.removeEventListener('keydown', take);
}
